"""Networks that start from faces: dlib's recognition ResNet, taught by three million of them, fine-tuned on emotions.

After He et al., Deep Residual Learning, arXiv:1512.03385, in the form of Davis King's `dlib_face_recognition_resnet_model_v1`
(public domain). Its weights are read from the npm package `@vladmandic/face-api` (MIT, `npm pack @vladmandic/face-api`):
`model/face_recognition_model-weights_manifest.json` and its `.bin`, 6.4 MB, most tensors as bytes with scale and minimum.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from emotion.networks.face_weights import Taught, faces_as_taught, load_convolutions, probabilities, read_tensors

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
    faces, x = faces_as_taught(SIDE, DEVIATION)

    x = layers.ReLU()(convolution(x, 32, "conv32_down", size=7, strides=2, padding="valid"))  # 45 x 45
    x = layers.MaxPooling2D(3, strides=2)(x)  # 22 x 22
    for filters, names in units.items():  # 22, 11, 5, 2
        for unit in names:
            x = residual_unit(x, filters, unit)

    model = keras.Model(faces, probabilities(x, classes), name=name)
    if backbone_weights not in ("none", "imagenet"):  # imagenet: the default of the other backbones, and no faces
        load_convolutions(model, read_dlib(Path(backbone_weights)), sample)
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


def read_dlib(path: Path) -> dict[str, Taught]:
    """What dlib's convolutions were taught, by our names of them."""
    units = [f"{unit}/conv{number}" for names in UNITS.values() for unit in names for number in (1, 2)]
    parts = ("conv/filters", "conv/bias", "scale/weights", "scale/biases")
    names = {name.replace("/", "_"): [f"{name}/{part}" for part in parts] for name in ("conv32_down", *units)}
    tensors = read_tensors(path, MANIFEST, "@vladmandic/face-api", names)
    return {name: (kernel, scale, shift + scale * bias) for name, (kernel, bias, scale, shift) in tensors.items()}
