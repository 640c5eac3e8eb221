"""The configuration of a network in the forms that go round, made one form: Keras 2's words, and files of their own."""

import logging
import re
from pathlib import Path

from emotion.errors import InputError
from emotion.model_file.safety import LONGEST_TEXT, parse_json
from emotion.model_file.sizes import MODELS

logger = logging.getLogger(__name__)

MOST_BESIDE = 100  # .json of a folder; among more nobody keeps a network
FIRST_WORDS = 4096  # bytes; a network names its class, or that of its first layer, in the first 200

# A layer's words for what it is fed with.
INPUT_SHAPES = ("batch_input_shape", "batch_shape", "input_shape", "input_dim")
BUILD = "build_config"  # Keras 3 would build a layer for the shape in it, whatever it is fed with


def files_of(path: Path) -> list[Path]:
    """What may be read for the model in `path`: no output may take its place.

    Itself, its light copy, its card, and whatever network lies beside it as .json: weights alone may need that.
    """
    return [path, path.with_suffix(".tflite"), path.with_suffix(".json"), *networks_beside(path)]


def networks_beside(path: Path) -> list[Path]:
    """The .json files beside `path` that hold the configuration of a network."""
    beside = sorted(path.parent.glob("*.json")) if path.parent.is_dir() else []
    return [file for file in beside[:MOST_BESIDE] if try_architecture(file, path)]


def find_architecture(path: Path) -> dict:
    """The configuration that lies as .json beside the weights in `path`: by its name, or the only one in the folder.

    InputError where there is none. This project's cards are .json too, but name no class.
    """
    stem = re.sub(r"[._-]?(model)?[._-]?weights$", "", path.stem)
    beside = sorted(path.parent.glob("*.json"))
    alike = [file for file in beside if file.stem in (path.stem, stem, f"{stem}_model", f"{stem}_architecture")]
    for file in alike:
        if (config := read_architecture(file, path)) is not None:
            return config
    others = [(file, config) for file in beside if file not in alike and (config := try_architecture(file, path))]
    if len(others) == 1:
        file, config = others[0]
        logger.info(f"{path}: weights alone; the network is that of {file.name}")
        return config
    raise InputError(
        f"{path}: holds weights but no network; put the architecture beside it as {path.with_suffix('.json').name}"
    )


def read_architecture(file: Path, path: Path) -> dict | None:
    """The configuration in a .json, for the weights in `path`; None where it is JSON of something else."""
    try:
        if not file.is_file() or file.stat().st_size > LONGEST_TEXT:  # a pipe would be waited for
            raise ValueError
        return as_network(parse_json(file.read_text(encoding="utf-8-sig")))
    except (ValueError, OSError, RecursionError):
        raise InputError(f"{path}: its configuration is damaged, as {file.name} has it; save it again") from None


def try_architecture(file: Path, path: Path) -> dict | None:
    """As `read_architecture`; None for a damaged one too, and for what its first words tell from a network, as of records."""
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            if b"class_name" not in opened.read(FIRST_WORDS):
                return None
        return read_architecture(file, path)
    except (InputError, OSError):
        return None


def as_network(config) -> dict | None:
    """A parsed .json as one configuration with a class_name; None where it is none.

    People also write a text of JSON inside JSON, a bare list of layers, what `get_config()` gives, or a wrapper.
    """
    if isinstance(config, str):
        config = parse_json(config)
    if isinstance(config, list) and config and all(isinstance(part, dict) and "class_name" in part for part in config):
        return wrapped("Sequential", {"name": "sequential", "layers": config})
    if not isinstance(config, dict):
        raise ValueError
    if "class_name" in config:
        return config
    if isinstance(inner := config.get("model_config") or config.get("config"), dict):
        return as_network(inner)
    if isinstance(config.get("layers"), list):
        return wrapped("Functional" if "input_layers" in config else "Sequential", config)
    return None


def wrapped(kind: str, config: dict) -> dict:
    """The configuration of a model by its inside, in the words of the Keras that wrote its layers."""
    modern = any("module" in layer for layer in config["layers"])
    return {"class_name": kind, "config": config} | ({"module": "keras", "registered_name": None} if modern else {})


def normalize_keras2_config(config):
    """A stored configuration, nested dicts and lists, without what Keras 1 and 2 wrote and Keras 3 stumbles over.

    A network that was trained in half precision computes in single: its weights were single all the time.
    """
    if isinstance(config, list):
        return [normalize_keras2_config(part) for part in config]
    if not isinstance(config, dict):
        return "float32" if config in ("mixed_float16", "mixed_bfloat16") else config
    if config.get("class_name") == "Sequential":
        config = config | {"config": with_input(config["config"])}
    config = {
        word: normalize_keras2_config(part) for word, part in config.items() if word not in ("compile_config", BUILD)
    }
    kind, inner = config.get("class_name"), config.get("config")
    if kind == "InputLayer":
        config["config"] = inner = with_one_shape(inner)
    if kind in ("DepthwiseConv2D", "SeparableConv2D"):
        for word in ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            inner.pop(word, None)  # they have these under other names as well
    if kind in ("SpatialDropout2D", "SpatialDropout1D"):
        config["config"] = inner = {word: inner[word] for word in ("name", "rate", "dtype", "seed") if word in inner}
    if isinstance(inner, dict) and kind != "InputLayer":
        for word in INPUT_SHAPES:
            inner.pop(word, None)  # the input says it already
    if isinstance(axis := config.get("axis"), list) and len(axis) == 1:
        config["axis"] = axis[0]
    return config


def with_one_shape(inner: dict) -> dict:
    """The inside of an InputLayer with its shape in one word, as Keras would choose among several."""
    rest = {word: part for word, part in inner.items() if word not in (*INPUT_SHAPES, "shape")}
    return rest | {"batch_shape": batch_shape(inner)}


def batch_shape(inner: dict) -> list | None:
    """The shape that a layer says it is fed with, the batch in front; None where it says nothing."""
    for word in ("batch_input_shape", "batch_shape"):
        if shape := inner.get(word):
            return shape
    shape = inner.get("input_shape") or inner.get("shape")  # the second of an InputLayer alone
    return [None, *shape] if shape else None


def with_input(sequential) -> dict:
    """The inside of a Sequential with a layer for its input: until Keras 2.2 it stood in the first layer's words."""
    if isinstance(sequential, list):
        sequential = {"name": "sequential", "layers": sequential}
    layers = sequential["layers"]
    first = layers[0]["config"] if layers else {}
    shape = batch_shape(first) if isinstance(first, dict) else None
    if shape is None and layers and layers[0].get("class_name") not in MODELS:
        shape = sequential.get("build_input_shape")
    sequential = {word: part for word, part in sequential.items() if word != "build_input_shape"}
    if not shape or layers[0].get("class_name") == "InputLayer":
        return sequential
    entrance: dict = {
        "class_name": "InputLayer",
        "config": {"batch_shape": shape, "name": f"{first.get('name')}_input"},
    }
    if "module" in layers[0]:
        entrance |= {"module": "keras.layers", "registered_name": None}
    rest = [
        layers[0] | {"config": {word: part for word, part in first.items() if word not in INPUT_SHAPES}},
        *layers[1:],
    ]
    return sequential | {"layers": [entrance, *rest]}
