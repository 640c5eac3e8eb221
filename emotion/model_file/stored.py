"""A model file, opened, checked and hashed once: .h5, weights with their architecture beside, or .keras."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from emotion.errors import InputError
from emotion.model_file.architecture import as_network, find_architecture, normalize_keras2_config
from emotion.model_file.safety import (
    LONGEST_TEXT,
    check_arrays,
    check_card,
    check_config,
    check_weights,
    open_h5,
    parse_json,
)

LARGEST_FILE = 2**31  # bytes: with an optimizer VGG-Face has 1.7 GB


@dataclass(frozen=True)
class StoredModel:
    path: Path
    sha256: str  # of the file's bytes
    config: dict  # harmless, and in the words of Keras 3
    card: dict | None  # what fer.py wrote of it; None for somebody else's file
    weights: bytes  # an HDF5 file
    legacy: bool  # whether its weights lie as in a .h5 of Keras 2 and 3, or else as in a .weights.h5 of Keras 3


def open_model(path: Path) -> StoredModel:
    """What the file `path` holds, once it is known to be harmless and about faces. InputError where it is not.

    Costs milliseconds, where Keras costs seconds.
    """
    path = Path(path)
    data = read_bytes(path)
    weights, config, card = unpack_keras(data, path) if path.suffix.lower() == ".keras" else (data, None, None)
    try:
        with open_h5(path, weights) as file:
            size = check_arrays(file, path)
            config = config or file.attrs.get("model_config")
            card = card or file.attrs.get("card")
            legacy = "layer_names" in file.get("model_weights", file).attrs
            if not legacy and "layers" not in file and "_layer_checkpoint_dependencies" not in file:
                raise InputError(f"{path}: an HDF5 file, but without a network's weights; name another --model")
        network = as_network(parse_json(config)) if config else find_architecture(path)
        checked = check_card(parse_json(card) if card else None, path)
    except InputError:
        raise
    except Exception:  # h5py raises many kinds of exception on damaged files
        raise InputError(f"{path}: its configuration is damaged; save the model again") from None
    normal, parameters = normal_config(network, path)
    check_weights(size, parameters, path)
    return StoredModel(path, hashlib.sha256(data).hexdigest(), normal, checked, weights, legacy)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_card(path: Path) -> dict | None:
    """The card that a model of this project carries; None for somebody else's file."""
    return None if path.suffix.lower() in (".tflite", ".onnx") else open_model(path).card


def normal_config(config, path: Path) -> tuple[dict, int]:
    """(`config` as Keras 3 would write it, its parameters). InputError where it is not harmless."""
    try:
        normal = normalize_keras2_config(config)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise InputError(f"{path}: its configuration is damaged; save the model again") from None
    return normal, check_config(normal, path)


def check_file(path: Path) -> None:
    """InputError where `path` is no file, or one that is too large for a network."""
    if not path.is_file():
        raise InputError(f"{path}: no such model file; train one with fer.py, or name another with --model")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE // 2**30} GB, which no network for faces is")


def read_bytes(path: Path) -> bytes:
    check_file(path)
    if path.suffix.lower() not in (".h5", ".hdf5", ".keras"):
        raise InputError(f"{path}: not a .h5, .keras, .tflite or .onnx; save the model as one")
    return path.read_bytes()


def unpack_keras(data: bytes, path: Path) -> tuple[bytes, str, str | None]:
    """(the weights, the configuration, the card or None) of a .keras, which is a zip. InputError where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if sizes["config.json"] > LONGEST_TEXT or sizes["model.weights.h5"] > LARGEST_FILE:
                raise InputError(f"{path}: refused: what it holds would be too large")
            weights, config = archive.read("model.weights.h5"), archive.read("config.json").decode()
            return weights, config, None
    except InputError:
        raise
    except Exception:  # zipfile raises a dozen kinds
        raise InputError(f"{path}: not a Keras model file, or a damaged one; save the model again") from None
