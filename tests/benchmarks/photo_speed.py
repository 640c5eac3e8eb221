#!/usr/bin/env python3
"""What a photo costs, and a face: side by side with what it costs without the light runtime, in one run.

python tests/benchmarks/photo_speed.py

One photo is the whole process of `img_predict.py` on the sample, beside `python -c "import tensorflow"`, in turns. A face
is one call of the classifier, divided by its faces, beside `model.predict` and a compiled call of the same .h5 in Keras.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402

from emotion.backend.keras_setup import start_keras  # noqa: E402
from emotion.faces.classifier import load_classifier  # noqa: E402
from emotion.model_file.h5 import load_model  # noqa: E402

MODEL = REPOSITORY / "models" / "fer.h5"
PHOTO = REPOSITORY / "data" / "samples" / "astronaut.jpg"


def main() -> None:
    print(f"{os.cpu_count()} cores; medians\n")
    with tempfile.TemporaryDirectory() as folder:
        photo = [REPOSITORY / "img_predict.py", PHOTO, "-o", folder, "--quiet"]
        waits = [(seconds(photo), seconds(["-c", "import tensorflow"])) for _ in range(5)]
    ours, theirs = (statistics.median(column) for column in zip(*waits, strict=True))
    print(
        f"one photo, whole process   {ours:5.2f} s\nimport tensorflow alone    {theirs:5.2f} s   {ours / theirs:.2f}\n"
    )

    light = load_classifier([MODEL]).classify
    start_keras("cpu")
    model = load_model(MODEL)
    model.compile()
    print(f"{'faces a call':>12} {'light runtime':>14} {'model.predict':>14} {'compiled call':>14}   ms a face")
    for count in (1, 6, 16):
        faces = np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)
        pixels = faces[..., None].astype(np.float32)
        calls = (lambda: light(faces), lambda: model.predict(pixels, verbose=0), lambda: model.predict_on_batch(pixels))  # noqa: B023
        print(f"{count:12}" + "".join(f"{milliseconds(call) / count:15.2f}" for call in calls))


def seconds(arguments: list) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *map(str, arguments)], check=True, capture_output=True)
    return time.perf_counter() - started


def milliseconds(call: Callable, repeats: int = 40) -> float:
    times = []
    for _ in range(repeats + 3):  # the first calls allocate and compile
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[3:])


if __name__ == "__main__":
    main()
