"""Networks that others saved as .tflite or .onnx, whose input is one face.

A damaged graph can end the process in native code, so each file is first tried in a process of its own.
"""

import contextlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.files import cache_folder
from emotion.model_file.light import LightModel, read_light_card
from emotion.model_file.scaling import BY_ITSELF, GUESS, SCALINGS, Preparation, as_wanted, checked_outputs, probe_faces
from emotion.model_file.sizes import SIDE
from emotion.model_file.stored import check_file, sha256
from emotion.shipped import REPOSITORY

logger = logging.getLogger(__name__)

LONGEST_TRIAL = 120  # seconds
MEMORY = 3 << 29  # bytes that a trial may take, besides those of a few copies of the file


class OtherModel:
    """A .tflite or .onnx from raw pixels to probabilities."""

    def __init__(self, path: Path, how: Preparation = BY_ITSELF):
        self.path = path
        self.engine: LightModel | OnnxModel = LightModel(path) if path.suffix.lower() == ".tflite" else OnnxModel(path)
        self.how = how
        self.face_shape: tuple[int, ...] = self.engine.face_shape
        self.classes: int = self.engine.classes

    def predict(self, faces: np.ndarray) -> np.ndarray:
        """Raw pixels, float32 (N, *face_shape) -> probabilities, float32 (N, classes)."""
        scale, offset = SCALINGS[self.how.scaling]
        found = checked_outputs(self.engine.predict((faces * scale + offset).astype(np.float32)), self.path)
        if self.how.output == "logits":
            found = np.exp(found - found.max(axis=1, keepdims=True))
        if self.how.output != "probabilities":
            found /= np.maximum(found.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return found


class OnnxModel:
    """An .onnx at work on the CPU, by OpenCV."""

    def __init__(self, path: Path):
        shape = input_shape(path)
        self.channels_first = shape[1] in (1, 3)
        self.face_shape: tuple[int, ...] = (shape[2], shape[3], shape[1]) if self.channels_first else tuple(shape[1:])
        self.network = cv2.dnn.readNetFromONNX(str(path))
        self.classes: int = self.predict(np.zeros((1, *self.face_shape), np.float32)).shape[1]

    def predict(self, faces: np.ndarray) -> np.ndarray:
        outputs = []
        for face in faces:
            self.network.setInput(face.transpose(2, 0, 1)[None] if self.channels_first else face[None])
            outputs.append(self.network.forward().reshape(-1))
        return np.array(outputs, np.float32).reshape(len(faces), -1)


def load_other(path: Path, scaling: str | None) -> tuple[OtherModel, dict]:
    """(the model in `path`, its card and how its pixels and outputs are meant). InputError where it will not do."""
    check_file(path)
    try_apart(path)
    card = (read_light_card(path) or {}).get("card") if path.suffix.lower() == ".tflite" else None
    how = BY_ITSELF if card else as_wanted(scaling) if scaling else GUESS
    how = replace(how, output=meaning(OtherModel(path, how)))
    return OtherModel(path, how), {"card": card} | asdict(how)


def meaning(model: OtherModel) -> str:
    """Whether what `model` gives, on textures like faces, are probabilities, logits, or scores of one class each."""
    found = model.predict(probe_faces(model.face_shape, 8))
    if found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-2:
        return "probabilities"
    return "scores" if found.min() >= 0 and found.max() <= 1 else "logits"


def try_apart(path: Path) -> None:
    """InputError where `path` cannot be run; found out in another process, once for each file."""
    known = cache_folder() / f"{sha256(path)[:32]}.tried"
    if known.is_file():
        return
    command = [sys.executable, "-m", "emotion.model_file.other_formats", str(path.resolve())]
    try:
        child = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=LONGEST_TRIAL)
    except subprocess.TimeoutExpired:
        raise InputError(f"{path}: cannot be run: two faces take it longer than {LONGEST_TRIAL} s") from None
    if child.returncode:
        lines = [line for line in child.stderr.strip().splitlines() if line.startswith("refused: ")]
        why = lines[-1].removeprefix("refused: ") if lines else "its graph is damaged, or of a kind that is not known"
        raise InputError(f"{path}: cannot be run: {why}")
    with contextlib.suppress(OSError):  # without a cache it is tried each time
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()


def input_shape(path: Path) -> tuple[int, ...]:
    """(N, channels, H, W) or (N, H, W, channels), as the one input of an .onnx says. ValueError where there is no face.

    Out of the file itself, since OpenCV does not say: ModelProto.graph is field 7; of the graph, 5 are its constants
    (8 is a name in them, 13 where their data lie outside) and 11 its inputs.
    """
    graph = b"".join(value for field, value in fields(path.read_bytes()) if field == 7)
    parts = list(fields(graph))
    constants = [dict(fields(value)) for field, value in parts if field == 5]
    if any(13 in constant for constant in constants):
        raise ValueError("its weights lie in another file")
    names = {constant.get(8) for constant in constants}
    inputs = [value for field, value in parts if field == 11 and dict(fields(value)).get(1) not in names]
    if len(inputs) != 1:
        raise ValueError(f"it has {len(inputs)} inputs, expected one face")
    tensor = dict(fields(dict(fields(dict(fields(inputs[0]))[2]))[1]))  # its type, and of that the tensor's
    sides = [dict(fields(dim)).get(1, 1) for field, dim in fields(tensor[2]) if field == 1]
    if len(sides) != 4 or not {sides[1], sides[3]} & {1, 3} or max(sides) > SIDE:
        raise ValueError(f"expected one face in, got {sides}")
    return tuple(sides)


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The (number, value) pairs of a message in Protocol Buffers; what is no bytes is an int."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place, value, shift = place + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while place < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            yield number, varint()
        elif kind in (1, 2, 5):
            length = varint() if kind == 2 else 8 if kind == 1 else 4
            yield number, data[place : place + length]
            place += length
        else:
            raise ValueError("no Protocol Buffers")


def bound_memory(path: Path) -> None:
    """Have the system refuse this process more memory than a network for faces needs: a graph of 300 bytes can ask for
    any amount. Windows knows no such limit.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        limit = MEMORY + 4 * path.stat().st_size
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    bound_memory(Path(sys.argv[1]))
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        model = OtherModel(Path(sys.argv[1]))
        if len(model.face_shape) != 3 or model.face_shape[2] not in (1, 3) or max(model.face_shape) > SIDE:
            raise ValueError(f"expected one face (1, H, W, 1 or 3) in, got {model.face_shape}")
        if not 2 <= model.classes <= 1000:
            raise ValueError(f"it has {model.classes} outputs, which are no classes")
        model.predict(probe_faces(model.face_shape, 2))
    except Exception as error:
        print(f"refused: {' '.join(str(error).split())[:150]}", file=sys.stderr)
        sys.exit(2)
