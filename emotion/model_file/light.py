"""The network without TensorFlow: a .tflite file made of the .h5, run by LiteRT on the CPU.

A photo should not wait five seconds for `import tensorflow`. A light file is a TFLite model with a zip at its end,
where TFLite's own tools look for metadata too: the member `card.json` names the .h5 it was made from by its SHA-256,
and repeats that file's card, so that a prediction needs no other file.

What a light file says of itself anybody can write, and the runtime crashes on a damaged graph. It is believed where this
project made it: in the user's cache, with a checksum of the graph, and beside the shipped model, by the SHA-256 below.
One that came along with a downloaded .h5 is not looked at.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from emotion.backend.keras_setup import silenced
from emotion.errors import InputError
from emotion.files import atomic_file, cache_folder, writing
from emotion.model_file.h5 import make_predictor
from emotion.model_file.safety import LONGEST_TEXT, check_card, parse_json
from emotion.model_file.scaling import checked_outputs
from emotion.model_file.stored import check_file, open_model, sha256
from emotion.shipped import MODEL, REPOSITORY

logger = logging.getLogger(__name__)

# Of models/fer.tflite; a test holds it. A folder from elsewhere that is copied over models/ must not bring its own.
SHIPPED = "0f3ce0dd0621aeaddebcf853f765c2a17bcaab701b889bedcbf5417dc5f0e4bd"
VERSION = 3  # of what is in a light file: with another, it is made again
THREADS = 4  # a face is too little work for more


def find_light(path: Path, scaling: str | None = None) -> Path:
    """The light file of the .h5 or .keras in `path`, whose pixels are as `scaling` says: the one in the cache, or a new one."""
    check_file(path)
    fingerprint = sha256(path)
    cached, shipped = cached_light(fingerprint, scaling), path.with_suffix(".tflite")
    ours = path.resolve() == MODEL.resolve() and scaling is None
    if ours and is_of(fingerprint, shipped) and sha256(shipped) == SHIPPED:
        return shipped
    if is_of(fingerprint, cached) and is_whole(cached):
        return cached
    if not find_spec("tensorflow"):
        raise InputError(f"{path}: TensorFlow makes its light copy, once; pip install -r requirements.txt")
    open_model(path)  # what is wrong with it should show before the wait
    logger.info(f"{path}: making its light copy for the CPU, once")
    return write_light(path, scaling=scaling)


def is_of(fingerprint: str, light: Path) -> bool:
    """Whether `light` says that it was made of the model with this SHA-256."""
    about = read_light_card(light)
    return about is not None and about["sha256"] == fingerprint


def is_whole(light: Path) -> bool:
    """Whether the graph in `light` is, byte for byte, the one that was written."""
    checksum = (read_light_card(light) or {}).get("graph")
    return isinstance(checksum, dict) and graph_checksum(light.read_bytes()[: checksum.get("bytes", 0)]) == checksum


def graph_checksum(graph: bytes) -> dict[str, Any]:
    return {"bytes": len(graph), "sha256": hashlib.sha256(graph).hexdigest()}


def cached_light(fingerprint: str, scaling: str | None) -> Path:
    """Where the light file of the model with this SHA-256 is kept."""
    return cache_folder() / f"{fingerprint[:32]}-{VERSION}{'-' * bool(scaling)}{scaling or ''}.tflite"


def read_light_card(light: Path) -> dict[str, Any] | None:
    """What `light` says of itself: the `sha256` and the `card` of its .h5, and how pixels and outputs are meant.

    None where there is no whole light file.
    """
    try:
        with zipfile.ZipFile(light) as file:
            if file.getinfo("card.json").file_size > LONGEST_TEXT:
                return None
            about = parse_json(file.read("card.json"))
            check_card(about["card"], light)
            return about if isinstance(about["sha256"], str) else None
    except Exception:  # what a damaged file makes of zipfile has no end
        return None


def write_light(path: Path, light: Path | None = None, scaling: str | None = None) -> Path:
    """Make the light file of the .h5 in `path`, in the cache and, where it is named, as `light`; returns its path.

    TensorFlow does it in a process of its own, so that its memory, log output and GPU use stay out of this one; the
    caller may run Keras on JAX.
    """
    cached = cached_light(sha256(path), scaling)
    settings = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    child = subprocess.run(
        [sys.executable, "-m", "emotion.model_file.light", str(path.resolve()), str(cached.resolve()), scaling or ""],
        cwd=REPOSITORY, env=os.environ | settings, capture_output=True, text=True,
    )  # fmt: skip
    if child.returncode == -signal.SIGINT:  # Ctrl-C reaches the child as well; the caller may be ignoring it
        raise KeyboardInterrupt
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise InputError(lines[-1] if child.returncode == 2 else f"{path}: no light copy could be made: {lines[-1]}")
    if light:
        with atomic_file(light) as unfinished:
            shutil.copyfile(cached, unfinished)
    return light or cached


def convert(path: Path, light: Path, scaling: str | None = None) -> None:
    """The work of `write_light`; needs TensorFlow."""
    stored = open_model(path)
    model, how = make_predictor(stored, scaling)
    import keras
    import tensorflow as tf

    # A batch of one: a face costs the same in a larger batch, and a fixed shape spares every other count its set-up.
    face = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    fixed = keras.Model(face, model(face))
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints the signature of what it saved
        graph = tf.lite.TFLiteConverter.from_keras_model(fixed).convert()
    about = {"sha256": stored.sha256, "card": stored.card, "graph": graph_checksum(graph), **asdict(how)}
    with writing(light):
        light.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(light) as unfinished:
        unfinished.write_bytes(graph)
        with zipfile.ZipFile(unfinished, "a") as file:
            file.writestr("card.json", json.dumps(about))


class LightModel:
    """A light file at work on the CPU."""

    def __init__(self, light: Path):
        from ai_edge_litert.interpreter import Interpreter  # only who predicts needs it

        self.path = light
        with silenced():  # it prints which delegate it runs on
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
        return checked_outputs(probabilities, self.path)


if __name__ == "__main__":
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
