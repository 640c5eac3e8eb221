"""The networks by the names that `--network` knows."""

from collections.abc import Callable

import keras
import numpy as np

from emotion.networks.baselines import compact, five_block_seed, four_layer, mini_xception, simple_cnn, three_block
from emotion.networks.face_mobilenet import five_block_mobilenet
from emotion.networks.face_resnet import face_resnet, five_block_resnet
from emotion.networks.five_block import five_block
from emotion.networks.transfer import mobilenet_v2, resnet50

NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "five_block": five_block,
    "five_block_seed": five_block_seed,
    "three_block": three_block,
    "simple_cnn": simple_cnn,
    "four_layer": four_layer,
    "compact": compact,
    "mini_xception": mini_xception,
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "face_resnet": face_resnet,
    "five_block_resnet": five_block_resnet,
    "five_block_mobilenet": five_block_mobilenet,
}

# Those that start from weights learnt elsewhere: their builders also take `backbone_weights`.
FROM_FACES = ("face_resnet", "five_block_resnet", "five_block_mobilenet")
TRANSFER = ("mobilenet_v2", "resnet50", *FROM_FACES)


def build(
    name: str, classes: int = 7, backbone_weights: str = "imagenet", sample: np.ndarray | None = None
) -> keras.Model:
    """The network called `name`, a key of NETWORKS.

    `backbone_weights` matters to the transfer networks only, and `sample`, training faces uint8 (N, 48, 48), to those
    FROM_FACES, which measure their normalizations on them.
    """
    if name in FROM_FACES:
        return NETWORKS[name](classes, backbone_weights, sample)
    if name in TRANSFER:
        return NETWORKS[name](classes, backbone_weights)
    return NETWORKS[name](classes)
