"""Networks that start from faces: dlib's recognition ResNet, taught by three million of them, fine-tuned on emotions.

After He et al., Deep Residual Learning, arXiv:1512.03385, in the form of Davis King's `dlib_face_recognition_resnet_model_v1`
(public domain). Its weights are read from the npm package `@vladmandic/face-api` (MIT, `npm pack @vladmandic/face-api`):
`model/face_recognition_model-weights_manifest.json` and its `.bin`, 6.4 MB, most tensors as bytes with scale and minimum.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from emotion.errors import InputError

MANIFEST = "face_recognition_model-weights_manifest.json"
SIDE = 96  # pixels: the face is enlarged to this
DEVIATION = 0.25  # of a face's pixels, on the scale 0-1 on which dlib's weights were learnt

# The residual units of each stage, by dlib's width. The fourteenth, conv256_down_out, is left out: it would see 1 x 1.
Units = dict[int, tuple[str, ...]]
UNITS: Units = {
    32: ("conv32_1", "conv32_2", "conv32_3"),
    64: ("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    128: ("conv128_down", "conv128_1", "conv128_2"),
    256: ("conv256_down", "conv256_1", "conv256_2"),
}
# With the last units of the two widest stages go a third of the parameters, and the file stays below 12 MB.
SHORT = UNITS | {128: ("conv128_down", "conv128_1"), 256: ("conv256_down", "conv256_1")}


def face_resnet(
    classes: int = 7,
    backbone_weights: str = "none",
    sample: np.ndarray | None = None,
    units: Units = UNITS,
    name: str = "face_resnet",
) -> keras.Model:
    """A network from raw faces, (N, 48, 48, 1) with pixels 0-255, to probabilities, (N, classes); 4.4 M parameters.

    `backbone_weights`: "none" (from scratch), or dlib's weights as face-api carries them: the manifest or its folder.
    `sample`: some training faces, uint8 (N, 48, 48), on which the normalizations are measured once, so that with these
    weights they change nothing. `units`: the names of dlib's units by their width. InputError where the weights cannot
    be read.
    """
    faces = keras.Input((48, 48, 1), name="faces")
    # Each face to mean 0 and deviation 1 by its own pixels, as in the five-block network.
    x = layers.GroupNormalization(1, epsilon=1.0, center=False, scale=False, name="standardize")(faces)
    x = layers.Rescaling(DEVIATION, name="as_taught")(x)
    x = layers.Resizing(SIDE, SIDE, name="enlarge")(x)

    x = layers.ReLU()(convolution(x, 32, "conv32_down", size=7, strides=2, padding="valid"))  # 45 x 45
    x = layers.MaxPooling2D(3, strides=2)(x)  # 22 x 22
    for filters, names in units.items():  # 22, 11, 5, 2
        for unit in names:
            x = residual_unit(x, filters, unit)

    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    logits = layers.Dense(classes, name="logits")(x)
    probabilities = layers.Softmax(dtype="float32", name="probabilities")(logits)
    model = keras.Model(faces, probabilities, name=name)
    if backbone_weights not in ("none", "imagenet"):  # imagenet: the default of the other backbones, and no faces
        load_dlib(model, read_tensors(Path(backbone_weights)), sample)
    return model


def five_block_resnet(
    classes: int = 7, backbone_weights: str = "none", sample: np.ndarray | None = None
) -> keras.Model:
    """Five blocks: a wide convolution, then residual units 32, 64, 128 and 256 wide; 2.9 M parameters. As `face_resnet`."""
    return face_resnet(classes, backbone_weights, sample, SHORT, name="five_block_resnet")


def residual_unit(x, filters: int, name: str):
    """Two convolutions beside a shortcut; one called `..._down` halves the side, its shortcut by averages."""
    down = name.endswith("down")
    shortcut = layers.AveragePooling2D(2)(x) if down else x
    x = convolution(x, filters, f"{name}_conv1", strides=2 if down else 1, padding="valid" if down else "same")
    x = layers.ReLU()(x)
    x = convolution(x, filters, f"{name}_conv2")
    if missing := shortcut.shape[1] - x.shape[1]:  # an unpadded stride leaves out the last row and column
        x = layers.ZeroPadding2D(((0, missing), (0, missing)))(x)
    if shortcut.shape[-1] < filters:  # the channels that are new begin as zero
        shortcut = layers.Concatenate()([shortcut, layers.Rescaling(0.0)(shortcut)])
    return layers.ReLU()(layers.Add()([x, shortcut]))


def convolution(x, filters: int, name: str, size: int = 3, strides: int = 1, padding: str = "same"):
    """Convolution and batch normalization. dlib's has a scale and a shift of its own, fixed after its training."""
    x = layers.Conv2D(
        filters, size, strides=strides, padding=padding, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    return layers.BatchNormalization(momentum=0.95, epsilon=1e-5, name=f"{name}_norm")(x)


def load_dlib(model: keras.Model, tensors: dict[str, np.ndarray], sample: np.ndarray | None) -> None:
    """Fill the convolutions of `model`, and set each normalization so that it is dlib's scale and shift.

    Its moving statistics are those of `sample`: what is trained from here on begins at the function that dlib learnt,
    and normalizes from the first step as it will at the end.
    """
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    affine = {}
    for layer in convolutions:
        name = layer.name.replace("_conv1", "/conv1").replace("_conv2", "/conv2")
        kernel = tensors[f"{name}/conv/filters"]
        if kernel.shape[2] == 3:  # of a grey face, the three colours see the same
            kernel = kernel.sum(axis=2, keepdims=True)
        scale = tensors[f"{name}/scale/weights"]
        shift = tensors[f"{name}/scale/biases"] + scale * tensors[f"{name}/conv/bias"]
        layer.set_weights([kernel])
        norm = model.get_layer(f"{layer.name}_norm")
        norm.set_weights([scale * np.sqrt(1 + norm.epsilon), shift, np.zeros_like(scale), np.ones_like(scale)])
        affine[layer.name] = scale, shift
    if sample is None:
        return
    outputs = keras.Model(model.input, [layer.output for layer in convolutions])
    sums = [np.zeros((2, layer.filters)) for layer in convolutions]
    for start in range(0, len(sample), 64):
        batch = sample[start : start + 64, ..., None].astype(np.float32)
        for total, values in zip(sums, outputs.predict_on_batch(batch), strict=True):
            places = np.asarray(values, np.float64).reshape(-1, values.shape[-1])
            total += np.stack([places.mean(axis=0), (places**2).mean(axis=0)]) * len(batch) / len(sample)
    for layer, (mean, square) in zip(convolutions, sums, strict=True):
        norm, variance = model.get_layer(f"{layer.name}_norm"), square - mean**2
        scale, shift = affine[layer.name]
        norm.set_weights([scale * np.sqrt(variance + norm.epsilon), shift + scale * mean, mean, variance])


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a TensorFlow.js manifest, `path` or in the folder `path`, by name, float32."""
    manifest = path / MANIFEST if path.is_dir() else path
    try:
        tensors = {}
        for group in json.loads(manifest.read_text(encoding="utf-8")):
            data = b"".join((manifest.parent / Path(name).name).read_bytes() for name in group["paths"])
            start = 0
            for tensor in group["weights"]:
                quantized = tensor.get("quantization")
                count = int(np.prod(tensor["shape"]))
                values = np.frombuffer(data, (quantized or tensor)["dtype"], count, start)
                start += values.nbytes
                values = values.astype(np.float32)
                if quantized:
                    values = values * np.float32(quantized["scale"]) + np.float32(quantized["min"])
                tensors[tensor["name"]] = values.reshape(tensor["shape"])
        for names in UNITS.values():
            for name in names:
                tensors[f"{name}/conv2/scale/biases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--backbone-weights {path}: no weights of face-api's face_recognition_model ({error}); get them by "
            "`npm pack @vladmandic/face-api`, or train from scratch (--backbone-weights none)"
        ) from None
    return tensors
