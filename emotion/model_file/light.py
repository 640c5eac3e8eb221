"""The network without TensorFlow: a .tflite file beside the .h5, run by LiteRT on the CPU.

A photo should not wait five seconds for `import tensorflow`. The light file is a TFLite model with a zip at its end,
where TFLite's own tools look for metadata too: the member `card.json` names the .h5 it was made from by its SHA-256,
and repeats that file's card, so that a prediction needs no other file.
"""

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.files import REPOSITORY, atomic_file
from emotion.model_file.h5 import load_predictor, sha256
from emotion.model_file.keras_setup import silenced
from emotion.model_file.safety import checked_config, read_card

logger = logging.getLogger(__name__)

THREADS = 4  # a face is too little work for more


def find_light(path: Path) -> Path:
    """The light file of the .h5 in `path`: the one beside it, or the user's own copy, or a new one."""
    if not path.is_file():
        raise InputError(f"{path}: no such model file; train one with fer.py, or name another with --model")
    fingerprint = sha256(path)
    beside, cached = path.with_suffix(".tflite"), cache_folder() / f"{path.stem}-{fingerprint[:16]}.tflite"
    for light in (beside, cached):
        if (read_light_card(light) or {}).get("sha256") == fingerprint:
            return light
    checked_config(path)  # what is wrong with it should show before the wait
    logger.info(f"{path}: making its light copy for the CPU, once")
    free = not beside.exists() or read_light_card(beside)  # else it is somebody's own .tflite
    return write_light(path, beside if free and os.access(path.parent, os.W_OK) else cached)


def cache_folder() -> Path:
    """Where light files go when the folder of the models is read-only."""
    import platformdirs  # seldom needed

    return platformdirs.user_cache_path("facial-emotion-recognition")


def read_light_card(light: Path) -> dict | None:
    """What `light` says of itself: the `sha256` and the `card` of its .h5; None where there is no whole light file."""
    try:
        with zipfile.ZipFile(light) as file:
            return json.loads(file.read("card.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return None


def write_light(path: Path, light: Path | None = None) -> Path:
    """Make the light file of the .h5 in `path`, beside it or as `light`; returns its path.

    TensorFlow does it in a process of its own: neither its memory, its talk nor its GPU is wanted here, and the caller
    may run Keras on JAX.
    """
    light = light or path.with_suffix(".tflite")
    settings = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    child = subprocess.run(
        [sys.executable, "-m", "emotion.model_file.light", str(path.resolve()), str(light.resolve())],
        cwd=REPOSITORY, env=os.environ | settings, capture_output=True, text=True,
    )  # fmt: skip
    if child.returncode == -signal.SIGINT:  # Ctrl-C reaches the child as well; the caller may be ignoring it
        raise KeyboardInterrupt
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise InputError(lines[-1] if child.returncode == 2 else f"{path}: no light copy could be made: {lines[-1]}")
    return light


def convert(path: Path, light: Path) -> None:
    """The work of `write_light`; needs TensorFlow."""
    model = load_predictor(path)
    import keras
    import tensorflow as tf

    # A batch of one: a face costs the same in a larger batch, and a fixed shape spares every other count its set-up.
    face = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    fixed = keras.Model(face, model(face))
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints the signature of what it saved
        graph = tf.lite.TFLiteConverter.from_keras_model(fixed).convert()
    about = {"sha256": sha256(path), "card": read_card(path)}
    with atomic_file(light) as unfinished:
        light.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(graph)
        with zipfile.ZipFile(unfinished, "a") as file:
            file.writestr("card.json", json.dumps(about))


class LightModel:
    """A light file at work on the CPU."""

    def __init__(self, light: Path):
        from ai_edge_litert.interpreter import Interpreter  # only who predicts needs it

        with silenced():  # it tells which delegate it runs on
            self.interpreter = Interpreter(str(light), num_threads=min(THREADS, os.cpu_count() or 1))
            self.interpreter.allocate_tensors()
        self.input, self.output = self.interpreter.get_input_details()[0], self.interpreter.get_output_details()[0]
        self.face_shape = tuple(map(int, self.input["shape"][1:]))
        self.classes = int(self.output["shape"][-1])

    def predict(self, faces: np.ndarray) -> np.ndarray:
        """Raw pixels, float32 (N, *face_shape) -> probabilities, float32 (N, classes)."""
        probabilities = np.empty((len(faces), self.classes), np.float32)
        for face, row in zip(faces, probabilities, strict=True):
            self.interpreter.set_tensor(self.input["index"], face[None])
            self.interpreter.invoke()
            row[:] = self.interpreter.get_tensor(self.output["index"])[0]
        return probabilities


if __name__ == "__main__":
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
