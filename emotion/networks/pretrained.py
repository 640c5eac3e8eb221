"""A trained network to go on from, on other data and for other classes: `fer.py --init-from`."""

from collections.abc import Iterator
from pathlib import Path

import keras

from emotion.errors import InputError
from emotion.geometry import FACE_SIDE
from emotion.labels import canonical
from emotion.model_file.h5 import load_predictor
from emotion.model_file.stored import read_card, sha256


def origin_of(path: Path, labels: tuple[str, ...]) -> dict:
    """Where a network for `labels` comes from that goes on from the one in `path`: for its card."""
    card = read_card(path) or {}
    own = tuple(card.get("labels", ()))
    return {
        "file": path.name,
        "sha256": sha256(path),
        "network": card.get("network"),
        "labels": list(own),
        "head": "kept" if tuple(map(canonical, own)) == labels else "replaced",
        "data": card.get("data"),
    }


def load_pretrained(path: Path, labels: tuple[str, ...]) -> keras.Model:
    """The network in `path` with outputs for `labels`: with a fresh head, where its own are others or in another order.

    InputError where it takes faces of another size than those that are trained on.
    """
    model = load_predictor(path)
    if model.input_shape[1:] != (FACE_SIDE, FACE_SIDE, 1):
        size = "x".join(map(str, model.input_shape[1:]))
        raise InputError(f"--init-from {path}: takes faces of {size}, and training is on {FACE_SIDE}x{FACE_SIDE}x1")
    return model if origin_of(path, labels)["head"] == "kept" else replace_head(model, len(labels))


def replace_head(model: keras.Model, classes: int) -> keras.Model:
    """`model` with `classes` outputs: the last layer with weights is made anew, all others keep theirs."""
    head = head_of(model)
    size = "units" if hasattr(head, "units") else "filters"

    def clone(layer):
        config = layer.get_config()
        return layer.__class__.from_config(config | {size: classes} if layer is head else config)

    new = keras.models.clone_model(model, clone_function=clone, recursive=True)
    for old, fresh in zip(plain_layers(model), plain_layers(new), strict=True):
        if old is not head:
            fresh.set_weights(old.get_weights())
    return new


def head_of(model: keras.Model) -> keras.layers.Layer:
    """The last layer that has weights: from there on to the softmax all networks here are linear."""
    return [layer for layer in plain_layers(model) if layer.weights][-1]


def plain_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of `model` in their order, those of the models inside it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from plain_layers(layer)
        else:
            yield layer
