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
    own = labels_of(card)
    return {
        "file": path.name,
        "sha256": sha256(path),
        "network": card.get("network"),
        "labels": card.get("labels", []),
        "outputs_kept": [label for label in labels if label in own],
        "outputs_new": [label for label in labels if label not in own],
        "data": card.get("data"),
    }


def labels_of(card: dict | None) -> tuple[str, ...]:
    """What the outputs of a network mean, in our words; () where nobody says."""
    return tuple(map(canonical, (card or {}).get("labels", ())))


def load_pretrained(path: Path, labels: tuple[str, ...]) -> keras.Model:
    """The network in `path` with outputs for `labels`: its own where it has them, fresh ones for the others.

    InputError where it takes faces of another size than those that are trained on.
    """
    model, own = load_predictor(path), labels_of(read_card(path))
    if model.input_shape[1:] != (FACE_SIDE, FACE_SIDE, 1):
        size = "x".join(map(str, model.input_shape[1:]))
        raise InputError(f"--init-from {path}: takes faces of {size}, and training is on {FACE_SIDE}x{FACE_SIDE}x1")
    if own and len(own) != model.output_shape[-1]:
        raise InputError(f"{path}: its card has {len(own)} names for the {model.output_shape[-1]} outputs")
    return replace_head(model, own, labels)


def replace_head(model: keras.Model, own: tuple[str, ...], labels: tuple[str, ...]) -> keras.Model:
    """`model`, whose outputs are `own`, with outputs for `labels`: all weights are kept but those of outputs it lacks."""
    head = head_of(model)
    size = "units" if hasattr(head, "units") else "filters"

    def clone(layer):
        config = layer.get_config()
        if config.get("activation") == "log_sigmoid":  # what ended in sigmoids goes on as a softmax of its logits
            config["activation"] = "linear"
        return layer.__class__.from_config(config | {size: len(labels)} if layer is head else config)

    new = keras.models.clone_model(model, clone_function=clone, recursive=True)
    kept = [place for place, label in enumerate(labels) if label in own]
    places = [own.index(labels[place]) for place in kept]
    for old, fresh in zip(plain_layers(model), plain_layers(new), strict=True):
        weights = old.get_weights()
        if old is head:  # its kernel and its bias have an output in each column
            weights, theirs = fresh.get_weights(), weights
            for array, known in zip(weights, theirs, strict=True):
                array[..., kept] = known[..., places]
        fresh.set_weights(weights)
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
