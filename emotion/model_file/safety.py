"""What a .h5 says of itself, read before Keras is: its card and its configuration, and whether they are harmless."""

import json
from pathlib import Path

from emotion.errors import InputError

# The layers that face networks are made of. A downloaded file may name any class at all, `Lambda` with code of its own
# among them; Keras refuses some of those today, this list refuses all that it does not know.
LAYERS = {
    "Functional", "Model", "Sequential", "InputLayer",
    "Conv1D", "Conv2D", "Convolution2D", "SeparableConv2D", "SeparableConvolution2D", "DepthwiseConv2D", "Dense",
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "Normalization", "Rescaling", "Resizing",
    "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
    "Flatten", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D", "UpSampling2D",
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax",
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot",
    "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
}  # fmt: skip
# What else a configuration names: how weights began, what held them back, in which precision a layer computes.
PARTS = {
    "Zeros", "Ones", "Constant", "Identity", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform",
    "L1", "L2", "L1L2", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm",
    "DTypePolicy", "Policy", "__keras_tensor__", "__tuple__",
}  # fmt: skip


def read_card(path: Path) -> dict | None:
    """The card that a model of this project carries; None for somebody else's file."""
    with open_h5(path) as file:
        text = file.attrs.get("card")
    return json.loads(text) if text else None


def checked_config(path: Path) -> dict:
    """The stored configuration of the model in `path`, once it is known to be harmless and to be about faces.

    Costs milliseconds, where Keras costs seconds. InputError where it is not, or is damaged.
    """
    try:
        config = read_config(path)
        check_layers(config, path)
        check_input(config, path)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise InputError(f"{path}: its configuration is damaged; save the model again") from None
    return config


def read_config(path: Path) -> dict:
    """The stored configuration of the model in `path`, or of the architecture beside it."""
    with open_h5(path) as file:
        text = file.attrs.get("model_config")
    if text:
        return json.loads(text)
    beside = path.with_suffix(".json")  # this project's cards are .json too, but name no class
    config = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    if "class_name" not in config:
        raise InputError(f"{path}: holds weights but no network; put the architecture beside it as {beside.name}")
    return config


def check_layers(config, path: Path) -> None:
    """Raise InputError for the first class in a configuration (nested dicts and lists) that is not a plain part."""
    if isinstance(config, dict):
        name = config.get("class_name")
        module = config.get("module") or "keras"
        if name is not None and (name not in LAYERS | PARTS or module.split(".")[0] != "keras"):
            raise InputError(f"{path}: refused: it holds {module}.{name}, which is no plain layer and could run code")
        if name == "LayerNormalization" and isinstance(axis := config["config"].get("axis"), list) and len(axis) > 1:
            raise InputError(f"{path}: Keras would read its LayerNormalization over axes {axis} from a .h5 as over one")
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            check_layers(part, path)


def check_input(config: dict, path: Path) -> None:
    """Raise InputError if a stored configuration says that the network takes no faces."""
    layers = config["config"]["layers"] if isinstance(config["config"], dict) else config["config"]
    first = layers[0]["config"] if layers else {}
    shape = first.get("batch_shape") or first.get("batch_input_shape")
    if shape and (len(shape) != 4 or shape[3] not in (1, 3)):
        raise InputError(f"{path}: expected faces (N, H, W, 1 or 3) in, got {tuple(shape)}; name another --model")


def open_h5(path: Path | str):
    """`path` as an h5py.File to read, or an InputError that says what it is instead."""
    import h5py  # a prediction from a light file does without

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such model file; train one with fer.py, or name another with --model")
    if path.suffix.lower() not in (".h5", ".hdf5"):  # Keras would take a .keras for something else than we do
        raise InputError(f"{path}: not a .h5; save the model as one")
    try:
        file = h5py.File(path, "r")
    except OSError:
        raise InputError(f"{path}: not an HDF5 model file, or a damaged one; name a .h5 that fer.py wrote") from None
    if stray := stored_elsewhere(file):
        file.close()
        raise InputError(f"{path}: refused: {stray} points to another file")
    return file


def stored_elsewhere(file) -> str | None:
    """The first name in an open HDF5 file behind which lies no data of its own: it could be of any file here."""
    import h5py

    def link(name, link):
        return None if isinstance(link, h5py.HardLink) else name

    def dataset(name, item):
        return name if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual) else None

    return file.visititems_links(link) or file.visititems(dataset)
