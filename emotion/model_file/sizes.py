"""How large a network would be, by its configuration alone: a file of 29 kB can ask Keras for 11 GB."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import zip_longest

from emotion.geometry import FACE_SIDE

PARAMETERS = 200_000_000  # VGG-Face has 138 million
NUMBERS = 1 << 24  # that one layer hands to the next for a face; VGG's first hands on 3 million
ALL_NUMBERS = 1 << 28  # that all layers together hand on; ResNet-152's 80 million
WORK = 1 << 40  # multiplications a face: a minute or two; VGG has 15 billion
LAYERS = 5000  # ResNet-152 has 515
SIDE = 1024  # pixels of a face that a network may ask for
MODELS = ("Sequential", "Functional", "Model")
MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
TURNABLE = ("Conv", "Separable", "Depthwise", "Resizing", "UpSampling", "ZeroPadding", "Cropping", "MaxPooling", "Average",
            "Global")  # fmt: skip

Shape = tuple[int, ...]  # without the batch: (height, width, channels) or (features,)


class TooLargeError(ValueError):
    """The text says what is too large."""


@dataclass
class Size:
    """Of what has been counted so far. Each sum only grows: what a layer does not cost makes no room for another."""

    layers: int = 0
    parameters: int = 0
    numbers: int = 0
    work: int = 0

    def add(self, parameters: int, shape: Shape) -> None:
        """Count a layer with so many parameters that hands on `shape`. TooLargeError, or ValueError where it makes no sense."""
        if not all(isinstance(number, int) and number >= 0 for number in (parameters, *shape)):
            raise ValueError("a size that is no whole number")  # NaN, for one, which is never too large
        self.layers += 1
        self.parameters += parameters
        self.numbers += math.prod(shape)
        self.work += parameters * math.prod(shape[:-1])
        if self.parameters > PARAMETERS:
            raise TooLargeError(f"{self.parameters:,} parameters")
        if math.prod(shape) > NUMBERS:
            raise TooLargeError(f"a layer of {'x'.join(map(str, shape))}")
        if self.numbers > ALL_NUMBERS:
            raise TooLargeError(f"layers of {self.numbers:,} numbers")
        if self.work > WORK:
            raise TooLargeError(f"{self.work:,} multiplications a face")
        if self.layers > LAYERS:
            raise TooLargeError(f"more than {LAYERS} layers")


def network_size(model: dict, shape: Shape = (), size: Size | None = None) -> tuple[Size, Shape]:
    """(the size, the shape of the output) of a plain configuration, a Sequential or Functional fed with `shape`.

    TooLargeError where it would not fit; KeyError, TypeError, ValueError or IndexError where it makes no sense.
    """
    size = size or Size()
    if model["class_name"] == "Sequential":
        for layer in model["config"]["layers"]:
            shape = layer_output(layer, [shape], size)
        return size, shape
    return size, graph_output(model["config"]["layers"], shape, size)


def graph_output(layers: list[dict], shape: Shape, size: Size) -> Shape:
    """The shape that the last layer of a Functional gives, fed with `shape`.

    As in Keras a layer has its turn once its sources are known, wherever it stands in the list; one that is never
    called costs nothing.
    """
    names = [name_of(layer) for layer in layers]
    if len(names) > LAYERS or len(set(names)) < len(names):
        raise ValueError("a name stands there twice, or there are too many")
    waiting = [
        (layer, name, number, inbound(node))
        for layer, name in zip(layers, names, strict=True)
        for number, node in enumerate(
            layer.get("inbound_nodes") or ([[]] if layer["class_name"] == "InputLayer" else [])
        )
    ]
    calls = Counter(name for _, name, _, _ in waiting)
    shapes: dict[str, list[Shape]] = defaultdict(list)  # of each layer, one a call

    def place(name: str, number: int) -> int:
        return min(number, calls[name] - 1)  # Keras 2 counts the calls of a model within a model from 1

    while waiting:
        later = []
        for layer, name, number, sources in waiting:
            if number != len(shapes[name]) or any(len(shapes[s]) <= place(s, n) for s, n in sources if s in calls):
                later.append((layer, name, number, sources))
                continue
            into = [shapes[source][place(source, n)] for source, n in sources]  # IndexError of one that is not there
            shape = layer_output(layer, into or [shape], size)
            if layer["class_name"] in MODELS and shapes[name] not in ([], [shape]):
                raise ValueError("a model that is fed in several sizes")
            shapes[name].append(shape)
        if len(later) == len(waiting):
            raise ValueError("goes in circles")
        waiting = later
    return shape


def name_of(layer: dict) -> str:
    return layer.get("name") or layer["config"]["name"]


def layer_output(layer: dict, sources: list[Shape], size: Size) -> Shape:
    """The shape that `layer` makes of its `sources`; it is counted."""
    kind, config = layer["class_name"], layer["config"]
    if kind in MODELS:
        return network_size(layer, sources[0], size)[1]
    if config.get("data_format") == "channels_first" and kind.startswith(TURNABLE):
        raise ValueError("faces have their channels last")
    if kind == "InputLayer":
        fed = sources[0] or (FACE_SIDE,) * 3
        shape = tuple(side or other for side, other in zip_longest(config["batch_shape"][1:], fed, fillvalue=FACE_SIDE))
        shape = shape[: len(config["batch_shape"]) - 1]
        if max(shape, default=0) > max(SIDE, *fed):
            raise TooLargeError(f"an input of {'x'.join(map(str, shape))}")
        size.add(0, shape)
        return shape
    if not sources[0]:
        raise ValueError("nothing is fed to it")
    shape = output(kind, config, sources)
    size.add(parameters(kind, config, sources[0]), shape)
    return shape


def inbound(node) -> list[tuple[str, int]]:
    """(the name of a layer, the number of its call) that feed one: Keras 2 lists [name, call, tensor, {}], Keras 3 has a
    `keras_history`.
    """
    if isinstance(node, dict):
        if history := node.get("keras_history"):
            return [(history[0], history[1])]
        return [source for part in node.values() for source in inbound(part)]
    if not isinstance(node, list):
        return []
    if len(node) >= 3 and isinstance(node[0], str) and isinstance(node[1], int):
        return [(node[0], node[1])]
    return [source for part in node for source in inbound(part)]


def parameters(kind: str, config: dict, shape: Shape) -> int:
    """Of one layer, fed with `shape`."""
    channels = shape[-1] if shape else 0
    kernel = math.prod(pair(config["kernel_size"])) if "kernel_size" in config else 1
    depth = config.get("depth_multiplier") or 1
    if kind == "Dense":
        return (channels + 1) * config["units"]
    if kind == "DepthwiseConv2D":
        return (kernel + 1) * channels * depth
    if kind.startswith("Separable"):
        return kernel * channels * depth + (channels * depth + 1) * config["filters"]
    if "filters" in config:
        return (kernel * channels // (config.get("groups") or 1) + 1) * config["filters"]
    if kind == "PReLU":
        return math.prod(shape)
    return 4 * channels if kind.endswith("Normalization") else 0


def output(kind: str, config: dict, shapes: list[Shape]) -> Shape:
    """The shape that one layer makes of its inputs' `shapes`."""
    shape = shapes[0]
    if kind == "Dense":
        return (*shape[:-1], config["units"])
    if kind == "Flatten":
        return (math.prod(shape),)
    if kind in MERGES:  # a side of 1 is stretched to that of the others
        turned = zip_longest(*(other[::-1] for other in shapes), fillvalue=1)
        return tuple(max(sides) for sides in turned)[::-1]
    if kind == "Dot":
        summed = [
            axis - 1 if axis > 0 else len(other) + axis
            for axis, other in zip(pair(config["axes"]), shapes, strict=True)
        ]
        left = [side for other, axis in zip(shapes, summed, strict=True) for n, side in enumerate(other) if n != axis]
        return tuple(left) or (1,)
    if kind.startswith("Global"):
        return (1, 1, shape[-1]) if config.get("keepdims") else (shape[-1],)
    if kind == "Reshape":
        known = math.prod(side for side in config["target_shape"] if side != -1)
        return tuple(math.prod(shape) // known if side == -1 else side for side in config["target_shape"])
    if kind == "Permute":
        return tuple(shape[axis - 1] for axis in config["dims"])
    if kind == "Concatenate":
        axis = config.get("axis", -1)
        axis = axis - 1 if axis > 0 else len(shape) + axis
        return (*shape[:axis], sum(other[axis] for other in shapes), *shape[axis + 1 :])
    if kind == "Resizing":
        return (config["height"], config["width"], shape[-1])
    if kind in ("ZeroPadding2D", "Cropping2D"):
        sign = 1 if kind == "ZeroPadding2D" else -1
        edges = [sum(pair(edge)) for edge in pair(config["padding" if sign > 0 else "cropping"])]
        return (*(side + sign * edge for side, edge in zip(shape, edges, strict=False)), shape[-1])
    if kind == "UpSampling2D":
        return (*(side * factor for side, factor in zip(shape, pair(config["size"]), strict=False)), shape[-1])
    if "kernel_size" in config or "pool_size" in config:
        return windowed(kind, config, shape)
    return shape


def windowed(kind: str, config: dict, shape: Shape) -> Shape:
    """Of a convolution or a pool."""
    sides = len(shape) - 1
    windows = pair(config.get("kernel_size") or config["pool_size"])
    strides = pair(config.get("strides") or (windows if "pool_size" in config else 1))
    spread = pair(config.get("dilation_rate") or 1)
    out = []
    for side, window, stride, apart in zip(shape[:sides], windows, strides, spread, strict=False):
        left = side if config.get("padding") == "same" else side - apart * (window - 1)
        out.append(max(0, -(-left // stride)))
    depth = shape[-1] * (config.get("depth_multiplier") or 1) if kind == "DepthwiseConv2D" else shape[-1]
    return (*out, config.get("filters") or depth)


def pair(value) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)
