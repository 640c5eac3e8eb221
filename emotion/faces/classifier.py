"""Faces to probabilities: through the light runtime on the CPU, or through Keras on a GPU."""

import logging
import threading
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.model_file.light import LightModel, find_light, read_light_card

logger = logging.getLogger(__name__)

BATCH_SIZE = 64  # faces: more are done in turns, since somebody's network may want each as 224 x 224 x 3


class EmotionClassifier:
    """One network or several; of several, the mean of their probabilities."""

    def __init__(self, models: list, labels: tuple[str, ...], about: dict | None = None):
        """`models` have a `face_shape` and a `predict`, as LightModel does; `about` names them in the records."""
        self.models = models
        self.labels = labels
        self.about = about or {}
        self.lock = threading.Lock()  # a LiteRT interpreter serves one thread at a time

    def classify(self, faces: np.ndarray) -> np.ndarray:
        """Grey faces, uint8 (N, 48, 48) -> probabilities, float32 (N, C), C as `labels`; N may be 0."""
        if not len(faces):
            return np.empty((0, len(self.labels)), np.float32)
        with self.lock:
            parts = [self.classify_some(faces[i : i + BATCH_SIZE]) for i in range(0, len(faces), BATCH_SIZE)]
        return np.concatenate(parts)

    def classify_some(self, faces: np.ndarray) -> np.ndarray:
        return np.mean([model.predict(to_network_input(faces, model.face_shape)) for model in self.models], axis=0)


def to_network_input(faces: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Grey faces, uint8 (N, h, w), as float32 (N, H, W, channels)."""
    height, width, channels = shape
    if faces.shape[1:] != (height, width):
        faces = np.stack([cv2.resize(face, (width, height), interpolation=cv2.INTER_LINEAR) for face in faces])
    return np.repeat(faces[..., None], channels, axis=-1).astype(np.float32)


def load_classifier(
    paths: list[Path],
    device: str = "auto",
    labels: tuple[str, ...] | None = None,
) -> EmotionClassifier:
    """The classifier of the .h5 files in `paths`.

    `device` is auto, cpu or gpu. `labels` name the outputs of models that do not name them themselves.
    """
    loaded = [load_one(Path(path), device, labels) for path in paths]
    first = loaded[0][1]
    for path, (_, names) in zip(paths, loaded, strict=True):
        if names != first:
            raise InputError(f"{path}: its labels ({','.join(names)}) are not those of {paths[0]}; leave one out")
    about = {"files": [Path(path).name for path in paths]}
    return EmotionClassifier([model for model, _ in loaded], first, about)


def load_one(path: Path, device: str, labels: tuple[str, ...] | None):
    """The model in `path` and its labels: its own, or `labels` where it has none."""
    if device == "gpu":
        model, card = load_on_gpu(path)
    else:
        light = find_light(path)
        model, card = LightModel(light), read_light_card(light)["card"]
    own = tuple((card or {}).get("labels", ()))
    names = own or labels
    if not names:
        raise InputError(f"{path}: does not say what its {model.classes} outputs mean; name them with --labels a,b,c")
    if len(names) != model.classes:
        raise InputError(f"--labels: {len(names)} names for the {model.classes} outputs of {path}")
    if own and labels:
        logger.info(f"{path}: says itself what its outputs mean; --labels is not for it")
    if card is None:
        side = f"{model.face_shape[0]}x{model.face_shape[1]}"
        logger.info(
            f"{path}: without a card; its faces are grey {side}, scaled to 0-1 unless a layer of its own scales them"
        )
    return model, names


def load_on_gpu(path: Path):
    """The model in `path` on the GPU by Keras, and its card."""
    from emotion.model_file.keras_model import KerasModel
    from emotion.model_file.safety import read_card

    return KerasModel(path), read_card(path)
