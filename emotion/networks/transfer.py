"""Networks that start from what a large backbone learnt on other pictures: ImageNet's things, or VGG-Face's people."""

import contextlib
import re
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers

from emotion.errors import InputError, reason
from emotion.model_file.safety import open_h5

# What the ResNet's teachers subtracted, blue first: the mean of ImageNet, and that of VGGFace2.
IMAGENET_MEAN = (103.939, 116.779, 123.68)
VGGFACE_MEAN = (91.4953, 103.8827, 131.0912)


def mobilenet_v2(classes: int = 7, backbone_weights: str = "imagenet") -> keras.Model:
    """MobileNetV2 (arXiv:1801.04381) on faces enlarged to 128 x 128 x 3, all of it trainable; 2.59 M parameters.

    `backbone_weights`: "imagenet" (Keras downloads them), "none" (from scratch), or a file of Keras's. InputError
    where they cannot be had.
    """
    faces, x = coloured_faces(128)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    backbone = keras.applications.MobileNetV2(
        input_tensor=x, input_shape=(128, 128, 3), include_top=False, weights=None, pooling="avg"
    )
    load_backbone(backbone, keras.applications.MobileNetV2, backbone_weights)
    return keras.Model(faces, head(backbone.output, 256, classes), name="mobilenet_v2")


def resnet50(classes: int = 7, backbone_weights: str = "imagenet") -> keras.Model:
    """ResNet-50 (arXiv:1512.03385) on faces enlarged to 197 x 197 x 3; 23.6 M parameters and a head of 2.1 M.

    `backbone_weights`: as for `mobilenet_v2`; the file may also be keras-vggface's RESNET50. With weights, only the
    last two of the four stages are trained, and the first two stay as they came. InputError where they cannot be had.
    """
    faces, x = coloured_faces(197)
    mean = VGGFACE_MEAN if is_vggface(backbone_weights) else IMAGENET_MEAN
    x = layers.Rescaling(1.0, offset=[-channel for channel in mean])(x)
    backbone = keras.applications.ResNet50(
        input_tensor=x, input_shape=(197, 197, 3), include_top=False, weights=None, pooling="avg"
    )
    load_backbone(backbone, keras.applications.ResNet50, backbone_weights)
    if backbone_weights != "none":
        for layer in backbone.layers:
            layer.trainable = layer.name.startswith(("conv4", "conv5"))
    return keras.Model(faces, head(backbone.output, 1024, classes), name="resnet50")


def coloured_faces(side: int):
    """The input, raw faces (N, 48, 48, 1), and the same as (N, side, side, 3) for a network that knows colours."""
    faces = keras.Input((48, 48, 1), name="faces")
    x = layers.Resizing(side, side, name="enlarge")(faces)
    return faces, layers.Concatenate(name="grey_to_three")([x, x, x])


def head(x, units: int, classes: int):
    """One dense layer with dropout over the backbone's features (N, F), then probabilities (N, classes)."""
    x = layers.Dropout(0.5, name="head_dropout")(layers.Dense(units, activation="relu", name="head")(x))
    logits = layers.Dense(classes, name="logits")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(logits)


def load_backbone(backbone: keras.Model, application, weights: str) -> None:
    """Fill `backbone`, built by `application`, from ImageNet, from a file, or ("none") not at all."""
    if weights == "none":
        return
    if weights == "imagenet":
        shape = backbone.get_layer("grey_to_three").output.shape[1:]
        try:
            with contextlib.redirect_stdout(sys.stderr):  # its progress; results alone go to stdout
                pretrained = application(input_shape=shape, include_top=False, weights="imagenet", pooling="avg")
        except Exception as error:  # Keras's download raises a bare Exception
            raise InputError(
                f"--backbone-weights imagenet: Keras could not download them ({reason(error)}); "
                f"give a file (--backbone-weights FILE) or train from scratch (--backbone-weights none)"
            ) from None
        backbone.set_weights(pretrained.get_weights())
        return
    if not Path(weights).is_file():
        raise InputError(f"--backbone-weights {weights}: no such file; give imagenet, none or a file that exists")
    try:
        if is_vggface(weights):
            load_vggface(backbone, weights)
        else:
            backbone.load_weights(weights)
    except Exception as error:  # h5py and Keras raise whatever the file makes them
        raise InputError(
            f"--backbone-weights {weights}: no weights of a {application.__name__} without its top "
            f"({reason(error)}); give Keras's *_notop.h5, or train from scratch (--backbone-weights none)"
        ) from None


def is_vggface(weights: str) -> bool:
    """Whether the file is keras-vggface's RESNET50, which names its layers its own way."""
    if not (Path(weights).is_file() and h5py.is_hdf5(weights)):
        return False
    with h5py.File(weights) as file:
        return "conv1/7x7_s2" in file


def load_vggface(backbone: keras.Model, path: Path | str) -> None:
    """Keras's ResNet50 from keras-vggface's file: the same network but for names, biases and one small constant."""
    with open_h5(path) as file:
        for layer in backbone.layers:
            if not layer.weights:
                continue
            group = file[vggface_name(layer.name)]
            values = [group[name][()] for name in group.attrs["weight_names"]]
            if isinstance(layer, layers.BatchNormalization):
                # It adds 1e-3 to the variance, Keras's ResNet adds less: the rest goes into the variance itself.
                values[3] = values[3] + 1e-3 - layer.epsilon
            else:
                values.append(np.zeros(layer.filters))  # its convolutions have no bias
            layer.set_weights(values)


def vggface_name(name: str) -> str:
    """`conv4_block2_1_conv` -> `conv4_2_1x1_reduce`, `conv4_block2_1_bn` -> `conv4_2_1x1_reduce/bn`."""
    norm = "/bn" if name.endswith("_bn") else ""
    if name.startswith("conv1"):
        return "conv1/7x7_s2" + norm
    match = re.fullmatch(r"conv(\d)_block(\d)_(\d)_(?:conv|bn)", name)
    if match is None:
        raise KeyError(name)
    stage, block, part = match.groups()
    return f"conv{stage}_{block}_" + ("1x1_proj", "1x1_reduce", "3x3", "1x1_increase")[int(part)] + norm
