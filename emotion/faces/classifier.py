"""Faces to probabilities: through the light runtime on the CPU, or through Keras on a GPU."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.labels import canonical
from emotion.model_file.architecture import files_of
from emotion.model_file.light import LightModel, find_light, read_light_card
from emotion.model_file.scaling import BY_ITSELF

logger = logging.getLogger(__name__)

UNKNOWN = {"card": None} | asdict(BY_ITSELF)  # of light files that were made before they said so
MADE_PROBABILITIES = {  # what outputs are that are none, and what is done with them, for a person
    "logits": "logits; a softmax makes them probabilities",
    "scores": "a score for each class by itself (sigmoid); divided by their sum they count as probabilities",
}
SUFFIXES = (".tflite", ".onnx")  # of networks that no Keras is needed for
BATCH_SIZE = 64  # faces: more are done in turns, since somebody's network may want each as 224 x 224 x 3


class Model(Protocol):
    """A loaded network: LightModel, KerasModel."""

    face_shape: tuple[int, int, int]
    classes: int

    def predict(self, faces: np.ndarray) -> np.ndarray:
        """Raw pixels, float32 (N, *face_shape) -> probabilities, float32 (N, classes)."""


class EmotionClassifier:
    """One network or several; of several, the mean of their probabilities.

    With `mirror`, each face is asked about as it is and as its mirror image, which are one person's one emotion, and
    the mean counts (test-time averaging).
    """

    def __init__(
        self,
        models: Sequence[Model],
        labels: tuple[str, ...],
        about: dict | None = None,
        *,
        mirror: bool = False,
        orders: Sequence[Sequence[int]] | None = None,
        files: Sequence[Path] = (),
    ):
        """`about` names the models in the records. `orders`: for each of `models`, which output each of `labels` is.

        `files`: what was read for them.
        """
        self.models = models
        self.labels = labels
        self.about = about or {}
        self.mirror = mirror
        self.orders = orders or [range(len(labels))] * len(models)
        self.files = list(files)
        self.lock = threading.Lock()  # a LiteRT interpreter serves one thread at a time

    def classify(self, faces: np.ndarray) -> np.ndarray:
        """Grey faces, uint8 (N, 48, 48) -> probabilities, float32 (N, C), C as `labels`; N may be 0."""
        if not len(faces):
            return np.empty((0, len(self.labels)), np.float32)
        with self.lock:
            parts = [self.classify_some(faces[i : i + BATCH_SIZE]) for i in range(0, len(faces), BATCH_SIZE)]
        return np.concatenate(parts)

    def classify_some(self, faces: np.ndarray) -> np.ndarray:
        """As `classify`, of at most BATCH_SIZE faces."""
        views = [faces, faces[:, :, ::-1]] if self.mirror else [faces]
        return mean_answer(
            [
                model.predict(to_network_input(view, model.face_shape))[:, list(order)]
                for model, order in zip(self.models, self.orders, strict=True)
                for view in views
            ]
        )

    def in_order(self, labels: tuple[str, ...]) -> "EmotionClassifier":
        """The same networks, their probabilities in the order of `labels`, which are these labels or synonyms of them."""
        places = places_of(labels, self.labels)
        orders = [[order[place] for place in places] for order in self.orders]
        return EmotionClassifier(self.models, labels, self.about, mirror=self.mirror, orders=orders, files=self.files)


def mean_answer(answers: Sequence[np.ndarray]) -> np.ndarray:
    """An ensemble's probabilities (N, C): the mean of its members'."""
    return np.mean(answers, axis=0)


def places_of(labels: tuple[str, ...], among: tuple[str, ...]) -> list[int]:
    """Where each of `labels` is `among` others: itself, or else a synonym."""
    names = list(map(canonical, among))
    return [among.index(label) if label in among else names.index(canonical(label)) for label in labels]


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
    mirror: bool = False,
    scaling: str | None = None,
) -> EmotionClassifier:
    """The classifier of the model files in `paths`, which answer in the same labels, in whatever order.

    `device` is auto, cpu or gpu. `labels` name the outputs, and `scaling` (a key of model_file.scaling.SCALINGS) is how
    they want their pixels, of models that do not say so themselves. `mirror`: as in EmotionClassifier; it takes twice
    the time.
    """
    loaded = [load_one(Path(path), device, labels, scaling) for path in paths]
    first = loaded[0][1]
    for path, (_, names) in zip(paths, loaded, strict=True):
        if sorted(map(canonical, names)) != sorted(map(canonical, first)):
            raise InputError(f"{path}: its labels ({','.join(names)}) are not those of {paths[0]}; leave one out")
    about: dict = {"files": [Path(path).name for path in paths]} | ({"mirror": True} if mirror else {})
    orders = [places_of(first, names) for _, names in loaded]
    files = [file for path in paths for file in files_of(Path(path))]
    return EmotionClassifier([model for model, _ in loaded], first, about, mirror=mirror, orders=orders, files=files)


def load_one(
    path: Path, device: str, labels: tuple[str, ...] | None, scaling: str | None
) -> tuple[Any, tuple[str, ...]]:
    """The model in `path` and its labels: its own, or `labels` where it has none."""
    model, about = load_on_gpu(path, scaling) if device == "gpu" else load_on_cpu(path, scaling)
    own = tuple((about["card"] or {}).get("labels", ()))
    names = own or labels
    if not names:
        raise InputError(f"{path}: does not say what its {model.classes} outputs mean; name them with --labels a,b,c")
    if len(names) != model.classes:
        whose = f"{path}: its card has" if own else "--labels:"
        raise InputError(f"{whose} {len(names)} names for the {model.classes} outputs of {path}")
    if own and labels:
        logger.info(f"{path}: says itself what its outputs mean; --labels is not for it")
    if about["card"] is None:
        pixels = "0-255" if about["scaling"] == "0-255" else f"scaled to {about['scaling']}"
        side = f"{model.face_shape[0]}x{model.face_shape[1]}"
        logger.info(f"{path}: without a card; its faces are grey {side}, pixels {pixels} ({about['source']})")
    if about["output"] in MADE_PROBABILITIES:
        logger.info(f"{path}: its outputs are {MADE_PROBABILITIES[about['output']]}")
    return model, names


def load_on_cpu(path: Path, scaling: str | None) -> tuple[Any, dict[str, Any]]:
    """The model in `path` on the CPU, and what is known of it: its card, its scaling, its output."""
    if path.suffix.lower() in SUFFIXES:
        from emotion.model_file.other_formats import load_other

        return load_other(path, scaling)
    light = find_light(path, scaling)
    return LightModel(light), UNKNOWN | (read_light_card(light) or {})


def load_on_gpu(path: Path, scaling: str | None) -> tuple[Any, dict[str, Any]]:
    """The model in `path` on the GPU by Keras, and the same."""
    from emotion.model_file.keras_model import KerasModel

    model = KerasModel(path, scaling)
    return model, asdict(model.how) | {"card": model.stored.card}
