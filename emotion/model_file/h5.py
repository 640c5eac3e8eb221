"""The model file: a whole-model Keras .h5 that carries its card, written whole and read with care.

The card is a dict that JSON can hold: the labels, the protocol, the figures. It is the HDF5 attribute `card`.
"""

import contextlib
import hashlib
import json
import logging
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.files import atomic_files, check_disk_space
from emotion.model_file.safety import checked_config, open_h5, read_card, read_config


def save_model(model, path: Path, card: dict) -> None:
    """Write the Keras `model` with its `card` to `path`, and the card beside it as .json. Both whole, or neither."""
    import h5py

    path = Path(path)
    text = json.dumps(card, indent=2, ensure_ascii=False)
    with atomic_files(path, path.with_suffix(".json")) as (unfinished, unfinished_card):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_disk_space(unfinished, bytes_of(model.variables))
        with quiet_keras():
            model.save(unfinished, include_optimizer=False)
        with h5py.File(unfinished, "r+") as file:
            file.attrs["card"] = text
        unfinished_card.write_text(text + "\n", encoding="utf-8")


def load_model(path: Path):
    """The Keras model in `path`, not compiled, once its configuration is known to name plain layers only.

    Weights without a configuration are read into the architecture that lies beside them as .json. A network that takes
    pictures of any size takes those of 48 x 48.
    """
    path = Path(path)
    config = checked_config(path)
    import keras  # after the checks

    try:
        with whole_model(path, config) as whole, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # how others should have written their files
            return of_one_size(keras.saving.load_model(whole, compile=False))
    except Exception as error:  # Keras raises whatever its layers do
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: Keras cannot read this model: {reason[:150]}") from None


@contextlib.contextmanager
def whole_model(path: Path, config: dict):
    """A whole-model file in plain words: `path` itself, or one made of its weights and of `config`."""
    import h5py

    new = in_plain_words(config)
    with open_h5(path) as file, tempfile.TemporaryDirectory() as folder:
        whole = "model_config" in file.attrs
        if whole and new == config:
            yield path
            return
        copy = Path(folder) / "whole.h5"
        with h5py.File(copy, "w") as target:
            target.copy(file["model_weights" if whole else "/"], "model_weights")
            target.attrs["model_config"] = json.dumps(new)
            for name in ("keras_version", "backend"):
                target.attrs[name] = file.attrs.get(name, file["model_weights"].attrs.get(name) if whole else b"")
        yield copy


def in_plain_words(config):
    """A stored configuration, nested dicts and lists, without what Keras 2 wrote and Keras 3 stumbles over.

    A network that was trained in half precision computes in single: its weights were single all the time.
    """
    if isinstance(config, list):
        return [in_plain_words(part) for part in config]
    if not isinstance(config, dict):
        return "float32" if config in ("mixed_float16", "mixed_bfloat16") else config
    config = {word: in_plain_words(part) for word, part in config.items()}
    kind, inner = config.get("class_name"), config.get("config")
    if kind in ("DepthwiseConv2D", "SeparableConv2D"):
        for word in ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            inner.pop(word, None)  # they have these under other names as well
    if "module" in config and kind != "InputLayer":
        inner.pop("batch_input_shape", None)  # the input says it already
    if isinstance(axis := config.get("axis"), list) and len(axis) == 1:
        config["axis"] = axis[0]
    return config


def of_one_size(model):
    """`model` with 48 for each side that its input leaves open: what its layers cost, and TFLite, go by that."""
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or None not in shape[1:3]:
        return model
    import keras

    fixed = keras.models.clone_model(model, input_tensors=keras.Input((shape[1] or 48, shape[2] or 48, shape[3])))
    fixed.set_weights(model.get_weights())
    return fixed


def load_predictor(path: Path):
    """The model in `path` as a network from raw pixels, (N, H, W, 1 or 3), 0-255, to probabilities, (N, classes).

    Somebody else's file may want its pixels otherwise and cannot say so: where it has no layer that scales them, it is
    taken to want 0-1, as most do.
    """
    model = load_model(path)
    import keras  # after the checks of load_model

    shape = face_shape(model, path)
    if not scales_pixels(path):
        face = keras.Input(shape)
        model = keras.Model(face, model(keras.layers.Rescaling(1 / 255)(face)))
    grey = model.predict(np.full((1, *shape), 128.0, np.float32), verbose=0)
    if grey.min() < 0 or abs(grey.sum() - 1) > 1e-3:
        raise InputError(f"{path}: its outputs are no probabilities; it must end with a softmax")
    return model


def face_shape(model, path: Path) -> tuple[int, int, int]:
    """Height, width and channels of the faces that `model` takes; an InputError if it takes no faces at all."""
    into, out = model.input_shape, model.output_shape
    plain = isinstance(into, tuple) and isinstance(out, tuple)  # not several inputs or outputs
    if not plain or len(into) != 4 or into[3] not in (1, 3) or len(out) != 2:
        raise InputError(f"{path}: expected faces (N, H, W, 1 or 3) in and (N, classes) out, got {into} and {out}")
    return into[1:]


def scales_pixels(path: Path) -> bool:
    """Whether the model in `path` takes raw pixels: it is this project's, or has a layer that scales them."""
    config = json.dumps(read_config(path))
    return read_card(path) is not None or '"Rescaling"' in config or '"Normalization"' in config


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_of(variables) -> int:
    """An upper bound on the bytes of an HDF5 file with these variables, their names, a configuration and a card."""
    return 2**18 + sum(2**12 + 4 * math.prod(variable.shape) for variable in variables)


@contextlib.contextmanager
def quiet_keras():
    """Holds back Keras's advice to use its newer format: `.h5` is what this project promises."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
