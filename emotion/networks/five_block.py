"""The five-block CNN.

After the 13-layer network of Barsoum et al. (arXiv:1608.01041), rebuilt for a laptop: batch normalization in place
of most of the dropout, global average pooling in place of two dense layers of 1024.
"""

import keras
from keras import layers


def five_block(classes: int = 7) -> keras.Model:
    """A network from raw faces, (N, 48, 48, 1) with pixels 0-255, to probabilities, (N, classes)."""
    faces = keras.Input((48, 48, 1), name="faces")
    # Rescaling: each face to mean 0 and deviation 1 by its own pixels, so that exposure and contrast make no difference.
    # The epsilon is a deviation of one grey level: below it there is no picture, only noise. The pixels come as they are,
    # since the sum of whole numbers is exact: a wall of one grey becomes exactly zero.
    # One group of all pixels: LayerNormalization over three axes says the same, but Keras forgets them in a .h5.
    x = layers.GroupNormalization(1, epsilon=1.0, center=False, scale=False, name="standardize")(faces)

    x = convolution(x, 16, "block1_conv1")  # 48 x 48
    x = convolution(x, 16, "block1_conv2")
    x = layers.MaxPooling2D(name="block1_pool")(x)

    x = convolution(x, 32, "block2_conv1")  # 24 x 24
    x = convolution(x, 32, "block2_conv2")
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = layers.SpatialDropout2D(0.05, name="block2_dropout")(x)

    x = convolution(x, 96, "block3_conv1")  # 12 x 12
    x = convolution(x, 96, "block3_conv2")
    x = layers.MaxPooling2D(name="block3_pool")(x)
    x = layers.SpatialDropout2D(0.1, name="block3_dropout")(x)

    x = convolution(x, 192, "block4_conv1")  # 6 x 6
    x = convolution(x, 192, "block4_conv2")
    x = layers.MaxPooling2D(name="block4_pool")(x)
    x = layers.SpatialDropout2D(0.1, name="block4_dropout")(x)

    x = convolution(x, 320, "block5_conv1")  # 3 x 3
    x = convolution(x, 320, "block5_conv2")
    x = layers.GlobalAveragePooling2D(name="block5_pool")(x)
    x = layers.Dropout(0.3, name="block5_dropout")(x)

    logits = layers.Dense(classes, name="logits")(x)
    # float32 whatever the rest computes in: half precision rounds small probabilities away.
    probabilities = layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(faces, probabilities, name="five_block")


def convolution(x, filters: int, name: str):
    """3x3 convolution, batch normalization, ReLU. The normalization's shift makes a bias superfluous."""
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
