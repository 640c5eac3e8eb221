"""How somebody else's network wants its pixels: by a layer of its own, by a table of known ones, or by measurement."""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.model_file.stored import StoredModel

logger = logging.getLogger(__name__)

# A pixel from 0 to 255 is multiplied and shifted so. `standardize`: by FER2013's mean, 129.5, and deviation, 65.
SCALINGS = {
    "0-1": (1 / 255, 0.0), "-1-1": (1 / 127.5, -1.0), "0-255": (1.0, 0.0), "standardize": (1 / 65, -129.5 / 65),
}  # fmt: skip

# Networks that are copied from repository to repository, by what `architecture_key` makes of their layers: whose they
# are, and how these prepare their pixels.
KNOWN = {
    "ac447df5d18fc3f7": ("oarriaga's mini_XCEPTION", "-1-1"),
    "76420ad0c6b5f88d": ("neha01/Realtime-Emotion-Detection", "standardize"),
    "3ec7e68fa86062e6": ("serengil/tensorflow-101", "0-1"),
    "d389996ca3b1a903": ("priya-dwivedi/face_and_emotion_detection", "0-1"),
    "3e7412d4b10e4bf0": ("vicksam/fer-model", "0-1"),
}
SCALING_LAYERS = ("Rescaling", "Normalization")
AT_ONCE = 4  # faces
CLEAR = 1.5  # how many times better the best must fit than the second


@dataclass(frozen=True)
class Preparation:
    """What is done to a network's pixels, and made of its outputs."""

    scaling: str  # a key of SCALINGS
    source: str  # how that is known, for a person
    output: str = "probabilities"  # or logits, or scores (one sigmoid a class), which became probabilities


BY_ITSELF = Preparation("0-255", "a layer of its own scales them")
GUESS = Preparation("0-1", "a guess, as most do; see --scaling")


def as_wanted(scaling: str) -> Preparation:
    """What the user says, by --scaling."""
    return Preparation(scaling, "as --scaling says")


def find_scaling(stored: StoredModel, model, wanted: str | None) -> Preparation:
    """How the Keras `model` of the file `stored` wants its pixels; `wanted` is what the user says."""
    if stored.card is not None or any(kind in SCALING_LAYERS for kind in kinds(stored.config)):
        if wanted not in (None, "0-255"):
            raise InputError(f"--scaling {wanted}: {stored.path} scales its pixels itself; leave it out")
        return BY_ITSELF
    if wanted:
        return as_wanted(wanted)
    if known := KNOWN.get(architecture_key(stored.config)):
        return Preparation(known[1], f"as {known[0]} does")
    distances = measure(model)
    if distances:
        best, second = sorted(distances, key=lambda scaling: distances[scaling])[:2]
        if distances[best] * CLEAR < distances[second]:
            return Preparation(best, "by measurement: so its first normalization finds what it learnt")
    return GUESS


def measure(model) -> dict[str, float]:
    """How far each scaling is from what the first batch normalization of `model` saw in training; {} where it has none.

    It remembers the mean and variance of each channel: the divergence of those of textures like faces, in nats, the
    median over the channels.
    """
    import keras

    norm = next((layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)), None)
    if norm is None:
        return {}
    before = keras.Model(model.inputs[0], norm.input)
    mean, variance = (np.array(weight, float) for weight in (norm.moving_mean, norm.moving_variance))
    faces = probe_faces(model.input_shape[1:], 64)
    distances = {}
    for name, (scale, offset) in SCALINGS.items():
        found = answers(before, faces * scale + offset)
        found = found.reshape(-1, len(mean)).astype(float)
        m, v = found.mean(axis=0), found.var(axis=0) + 1e-9
        known = variance + 1e-9
        divergence = ((m - mean) ** 2 + v) / known - 1 - np.log(v / known)
        distances[name] = float(np.median(divergence) / 2)
    return distances


def answers(model, faces: np.ndarray) -> np.ndarray:
    """What the Keras `model` makes of `faces`, a few at a time: a layer may hand on 67 MB for each."""
    import keras

    # Called, not `predict`: that would compile the network for one look at it.
    firsts = range(0, len(faces), AT_ONCE)
    return np.concatenate(
        [keras.ops.convert_to_numpy(model(faces[first : first + AT_ONCE], training=False)) for first in firsts]
    )


def probe_faces(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Textures as smooth and as contrasty as FER2013's faces, float32 (N, H, W, channels), 0-255; always the same."""
    height, width, channels = shape
    rng = np.random.default_rng(0)
    across, down = np.fft.fftfreq(48)[None, :], np.fft.fftfreq(48)[:, None]
    falling = 1 / np.maximum(np.hypot(across, down), 1 / 48) ** 1.3
    fields = np.fft.ifft2(np.fft.fft2(rng.standard_normal((count, 48, 48))) * falling).real
    fields = (fields - fields.mean(axis=(1, 2), keepdims=True)) / fields.std(axis=(1, 2), keepdims=True)
    means, deviations = rng.normal(129.5, 35, (count, 1, 1)), np.maximum(rng.normal(54, 12, (count, 1, 1)), 10)
    faces = np.clip(means + deviations * fields, 0, 255).astype(np.float32)
    if (height, width) != (48, 48):
        faces = np.stack([cv2.resize(face, (width, height)) for face in faces])
    return np.repeat(faces[..., None], channels, axis=-1)


def kinds(config) -> list[str]:
    """The class of every layer in a configuration, in their order, those of models inside it too."""
    return [layer["class_name"] for layer in plain_layers(config)]


def plain_layers(config: dict) -> list[dict]:
    found: list[dict] = []
    for layer in config["config"]["layers"]:
        found += plain_layers(layer) if "layers" in layer["config"] else [layer]
    return found


def architecture_key(config: dict) -> str:
    """The same for the same layers in the same order, whatever they are called and whatever they learnt."""
    words = ("filters", "units", "kernel_size", "pool_size", "strides", "batch_shape", "batch_input_shape")
    layers = [
        [layer["class_name"], *(layer["config"].get(word) for word in words)]
        for layer in plain_layers(config)
        if layer["class_name"] not in ("Dropout", "InputLayer")
    ]
    return hashlib.sha256(json.dumps(layers).encode()).hexdigest()[:16]


def checked_outputs(outputs: np.ndarray, path: Path) -> np.ndarray:
    """`outputs`, of the network in `path`. InputError where there is a NaN or an infinity among them."""
    if not np.isfinite(outputs).all():
        raise InputError(f"{path}: refused: its outputs are no numbers")
    return outputs
