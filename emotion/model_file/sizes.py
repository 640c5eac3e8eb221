"""How large a network would be, by its configuration alone: a file of 29 kB can ask Keras for 11 GB."""

import math

from emotion.geometry import FACE_SIDE

PARAMETERS = 200_000_000  # VGG-Face has 138 million
NUMBERS = 100_000_000  # that one layer hands to the next for a face; VGG's first hands on 3 million
SIDE = 1024  # pixels of a face that a network may ask for

Shape = tuple[int, ...]  # without the batch: (height, width, channels) or (features,)


class TooLargeError(ValueError):
    """The text says what is too large."""


def network_size(model: dict, shape: Shape = ()) -> tuple[int, Shape]:
    """(the parameters, the shape of the output) of a plain configuration, a Sequential or Functional fed with `shape`.

    TooLargeError where it would not fit; KeyError, TypeError, ValueError or IndexError where it makes no sense.
    """
    total = 0
    shapes: dict[str, Shape] = {}
    for layer in model["config"]["layers"]:
        kind, config = layer["class_name"], layer["config"]
        sources = [shapes[name] for name in inbound(layer.get("inbound_nodes") or []) if name in shapes] or [shape]
        if given := config.get("batch_shape") or config.get("batch_input_shape"):
            sources = [tuple(int(side or FACE_SIDE) for side in given[1:])]
            if max(sources[0], default=0) > SIDE:
                raise TooLargeError(f"an input of {'x'.join(map(str, sources[0]))}")
        if kind in ("Sequential", "Functional", "Model"):
            inside, shape = network_size(layer, sources[0])
        else:
            inside, shape = parameters(kind, config, sources[0]), output(kind, config, sources)
        total += inside
        if total > PARAMETERS:
            raise TooLargeError(f"{total:,} parameters")
        if math.prod(shape) > NUMBERS:
            raise TooLargeError(f"a layer of {'x'.join(map(str, shape))}")
        shapes[layer.get("name") or config["name"]] = shape
    return total, shape


def inbound(nodes) -> list[str]:
    """The names of the layers that feed one: Keras 2 lists [name, node, tensor, {}], Keras 3 has a `keras_history`."""
    if isinstance(nodes, dict):
        if history := nodes.get("keras_history"):
            return [history[0]]
        return [name for part in nodes.values() for name in inbound(part)]
    if not isinstance(nodes, list):
        return []
    if len(nodes) >= 3 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
        return [nodes[0]]
    return [name for part in nodes for name in inbound(part)]


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
