"""The model file: a whole-model Keras .h5 that carries its card, written whole and read with care.

The card is a dict that JSON can hold: the labels, the protocol, the figures. It is the HDF5 attribute `card`.
"""

import contextlib
import io
import json
import logging
import math
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.files import atomic_files, check_disk_space
from emotion.model_file.scaling import SCALINGS, answers, checked_outputs, find_scaling, probe_faces
from emotion.model_file.stored import StoredModel, open_model


def save_model(model, path: Path, card: dict) -> None:
    """Write the Keras `model` with its `card` to `path`, and the card beside it as .json. Both whole, or neither."""
    import h5py

    path = Path(path)
    with atomic_files(path, path.with_suffix(".json")) as (unfinished, unfinished_card):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_disk_space(unfinished, bytes_of(model.variables))
        with quiet_keras():
            model.save(unfinished, include_optimizer=False)
        with h5py.File(unfinished, "r+") as file:
            file.attrs["card"] = json.dumps(card, ensure_ascii=False)
        unfinished_card.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_model(path: Path):
    """The Keras model in `path`, not compiled, once its configuration is known to name plain layers only.

    Weights without a configuration are read into the architecture that lies beside them as .json. A network that takes
    pictures of any size takes those of 48 x 48. InputError where it is damaged or refused, or a weight is no number.
    """
    return build_model(open_model(path))


def build_model(stored: StoredModel):
    """The Keras model that a checked file holds."""
    import keras  # after the checks

    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how others should have written their files
            model = fix_input_size(read_legacy(stored, folder) if stored.legacy else read_keras3(stored, folder))
    except Exception as error:  # Keras raises whatever its layers do
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{stored.path}: Keras cannot read this model: {reason[:150]}") from None
    if not all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in model.weights):
        raise InputError(f"{stored.path}: refused: some of its weights are no numbers")
    return model


def read_legacy(stored: StoredModel, folder: str):
    """A .h5 is repaired as a file, its weights and the checked configuration alone: so Keras finds its weights itself."""
    import h5py
    import keras

    repaired = Path(folder) / "repaired.h5"
    with h5py.File(io.BytesIO(stored.weights), "r") as file, h5py.File(repaired, "w") as target:
        weights = file["model_weights" if "model_weights" in file else "/"]
        target.copy(weights, "model_weights")
        target.attrs["model_config"] = json.dumps(stored.config)
        for name in ("keras_version", "backend"):
            target.attrs[name] = file.attrs.get(name, weights.attrs.get(name, b""))
    return keras.saving.load_model(repaired, compile=False)


def read_keras3(stored: StoredModel, folder: str):
    import keras

    weights = Path(folder) / "model.weights.h5"
    weights.write_bytes(stored.weights)
    model = keras.models.model_from_json(json.dumps(stored.config))
    model.load_weights(weights)
    return model


def fix_input_size(model):
    """`model` with 48 for each side that its input leaves open: what its layers cost, and TFLite, go by that."""
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or None not in shape[1:3]:
        return model
    import keras

    fixed = keras.models.clone_model(model, input_tensors=keras.Input((shape[1] or 48, shape[2] or 48, shape[3])))
    fixed.set_weights(model.get_weights())
    return fixed


def load_predictor(path: Path, scaling: str | None = None):
    """The model in `path` as a network from raw pixels, (N, H, W, 1 or 3), 0-255, to probabilities, (N, classes)."""
    return make_predictor(open_model(path), scaling)[0]


def make_predictor(stored: StoredModel, scaling: str | None = None) -> tuple:
    """(the Keras model of a checked file from raw pixels to probabilities, how its pixels and outputs are meant).

    `scaling`, a key of SCALINGS, is how somebody else's file wants its pixels; else it is looked for. Logits become
    probabilities, and so do scores, one sigmoid a class: each divided by their sum. InputError where its outputs are
    none of these.
    """
    model = build_model(stored)
    import keras  # after the checks

    face = keras.Input(face_shape(model, stored.path))
    how = find_scaling(stored, model, scaling)
    scale, offset = SCALINGS[how.scaling]
    scaled = face if (scale, offset) == (1, 0) else keras.layers.Rescaling(scale, offset)(face)
    output, meaning = finish(model, SCALINGS[how.scaling], stored.path)
    if scaled is not face or output is not None:
        outputs = model(scaled)
        model = keras.Model(face, output(outputs) if output else outputs)
    return model, replace(how, output=meaning)


def finish(model, scaling: tuple[float, float], path: Path):
    """(a layer that makes the outputs of `model` probabilities, None where they are; what they are called).

    Told by what it makes of textures, since all that is grey may be the one thing it makes no nonsense of.
    """
    import keras

    scale, offset = scaling
    found = checked_outputs(answers(model, probe_faces(model.input_shape[1:], 32) * scale + offset), path)
    if found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-3:
        return None, "probabilities"
    last = model
    while hasattr(last, "layers"):
        last = last.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", "linear")
    if activation == "linear":
        return keras.layers.Softmax(dtype="float32"), "logits"
    if activation == "sigmoid":  # softmax(log(score)) = score / sum of scores: in plain layers, and sound at 0
        last.activation = keras.activations.log_sigmoid
        return keras.layers.Softmax(dtype="float32"), "scores"
    raise InputError(f"{path}: its outputs are neither probabilities nor logits; it must end with a softmax")


def face_shape(model, path: Path) -> tuple[int, int, int]:
    """Height, width and channels of the faces that `model` takes; an InputError if it takes no faces at all."""
    into, out = model.input_shape, model.output_shape
    plain = isinstance(into, tuple) and isinstance(out, tuple)  # not several inputs or outputs
    if not plain or len(into) != 4 or into[3] not in (1, 3) or len(out) != 2 or out[1] < 2:
        raise InputError(
            f"{path}: expected faces (N, H, W, 1 or 3) in and (N, classes) out, two or more, got {into} and {out}"
        )
    return into[1:]


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
