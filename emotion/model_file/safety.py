"""Whether what a model file says of itself is harmless: its card, its configuration, its arrays. Before Keras sees it."""

import io
import json
from pathlib import Path

from emotion.errors import InputError
from emotion.model_file.global_heap import is_endless
from emotion.model_file.sizes import TooLargeError, network_size

LONGEST_TEXT = 2**24  # characters of a configuration or card; that of ResNet-50 has 100,000
LONGEST_LABEL = 60

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


def parse_json(text: str | bytes):
    """JSON, without the two meanings that a name written twice has. ValueError where it is none."""

    def once(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands there twice")
        return found

    if len(text) > LONGEST_TEXT:
        raise ValueError("too long")
    return json.loads(text, object_pairs_hook=once)


def check_card(card, path: Path) -> dict | None:
    """`card` as parsed, if it is one: nothing, or a dict whose labels, if there are any, are names to be shown."""
    if card is None:
        return None
    if not isinstance(card, dict):
        raise InputError(f"{path}: its card is no card; save the model again")
    labels = card.get("labels", [])
    names = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    if not names or not all(label.isprintable() and 0 < len(label) <= LONGEST_LABEL for label in labels):
        raise InputError(f"{path}: its card's labels are no names that could be shown; save the model again")
    if len(set(labels)) < len(labels):
        raise InputError(f"{path}: its card names a label twice; save the model again")
    return card


def check_config(config: dict, path: Path) -> int:
    """The parameters of a configuration; InputError where it is damaged, could run code, is too large, or not about faces."""
    try:
        check_layers(config, path)
        check_input(config, path)
        return network_size(config)[0].parameters
    except TooLargeError as error:
        raise InputError(f"{path}: refused: it asks for {error}, more than a network for faces needs") from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, ZeroDivisionError):
        raise InputError(f"{path}: its configuration is damaged; save the model again") from None


def check_layers(config, path: Path) -> None:
    """Raise InputError for the first class in a configuration (nested dicts and lists) that is not a plain part."""
    if isinstance(config, dict):
        name = config.get("class_name")
        module = config.get("module") or "keras"
        called = config.get("registered_name") or name  # Keras looks up this name before the other
        if "className" in config or ("registered_name" in config and called != name):
            raise InputError(f"{path}: refused: it holds {config.get('className') or called} under another name")
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
    first = config["config"]["layers"][0]["config"]
    shape = first.get("batch_shape") or first.get("batch_input_shape")
    if shape and (len(shape) != 4 or shape[3] not in (1, 3)):
        raise InputError(f"{path}: expected faces (N, H, W, 1 or 3) in, got {tuple(shape)}; name another --model")


def open_h5(path: Path | str, data: bytes | None = None):
    """`path`, or the HDF5 `data` from it, as an h5py.File to read; an InputError says what it is instead."""
    import h5py  # a prediction from a light file does without

    try:
        data = Path(path).read_bytes() if data is None else data  # what is checked is what is opened
        if is_endless(data):
            raise ValueError
        file = h5py.File(io.BytesIO(data), "r")
        stray = find_external_link(file)
    except Exception:  # what HDF5 makes of damage has no end: OSError, RuntimeError, SystemError, KeyError
        raise InputError(f"{path}: not an HDF5 model file, or a damaged one; name a .h5 that fer.py wrote") from None
    if stray:
        file.close()
        raise InputError(f"{path}: refused: {stray} points to another file")
    return file


def check_arrays(file, path: Path) -> int:
    """The bytes that the weights in an HDF5 file come to, unpacked. InputError where it claims more than it could hold."""
    import h5py

    total = 0

    def count(name, item):
        nonlocal total
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):  # which nobody reads here
            size = (item.size or 0) * item.dtype.itemsize
            total += size
            if size > 2**20 + 2000 * item.id.get_storage_size():
                return name
        return None

    if hollow := file.visititems(count):
        raise InputError(f"{path}: refused: {hollow} would be too large")
    return total


def check_weights(found: int, parameters: int, path: Path) -> None:
    """InputError where weights of `found` bytes are no weights of a network with so many `parameters`: Keras reads all
    that is there, and 3 MB of packed zeros can be 3 GB.
    """
    if found > 2**20 + 16 * parameters:
        raise InputError(f"{path}: refused: its weights would be too large for its {parameters:,} parameters")


def find_external_link(file) -> str | None:
    """The first name in an open HDF5 file behind which lies no data of its own: it could be of any file here."""
    import h5py

    def link(name, link):
        return None if isinstance(link, h5py.HardLink) else name

    def dataset(name, item):
        return name if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual) else None

    return file.visititems_links(link) or file.visititems(dataset)
