"""The networks that others published for these faces, to be trained here and compared under one protocol.

Each is rebuilt from its published description, down to the parameter. Whatever its authors did to the pixels
(scaling, resizing, a grey face as three channels) is inside the network: like ours, each takes raw faces
(N, 48, 48, 1) with pixels 0-255 and gives probabilities (N, classes). 3x3 convolutions and ReLU unless said otherwise.
"""

import keras
from keras import layers


def five_block_seed(classes: int = 7) -> keras.Model:
    """Ten unpadded convolutions in five pairs and two wide dense layers; 3.62 M parameters.

    Source: MahmoudSabra1/Facial-emotion-recognition.
    """
    faces = raw_faces()
    x = layers.Rescaling(1 / 255)(faces)
    x = normalized_convolution(normalized_convolution(x, 64), 64)
    x = layers.Dropout(0.5)(x)  # 44 x 44
    x = convolution(convolution(x, 64), 64)
    x = layers.MaxPooling2D()(x)  # 20 x 20
    x = normalized_convolution(normalized_convolution(x, 128), 128)
    x = convolution(convolution(x, 128), 128)
    x = layers.MaxPooling2D()(x)  # 6 x 6
    x = normalized_convolution(normalized_convolution(x, 256), 256)  # 2 x 2
    x = dense(layers.Flatten()(x), 1024, dropout=0.2)
    x = dense(x, 1024, dropout=0.2)
    return keras.Model(faces, probabilities(x, classes), name="five_block_seed")


def three_block(classes: int = 7) -> keras.Model:
    """Three unpadded pairs of convolutions and two wide dense layers; 1.91 M parameters.

    Source: neha01/Realtime-Emotion-Detection.
    """
    faces = raw_faces()
    # Its author standardizes each pixel by its statistics. Here one pair serves all: FER2013's mean and deviation.
    x = layers.Rescaling(1 / 65, offset=-129.5 / 65)(faces)
    x = convolution(convolution(x, 64), 64)
    x = layers.Dropout(0.5)(layers.MaxPooling2D()(x))  # 22 x 22
    x = convolution(convolution(x, 64), 64)
    x = layers.Dropout(0.5)(layers.MaxPooling2D()(x))  # 9 x 9
    x = convolution(convolution(x, 128), 128)
    x = layers.MaxPooling2D()(x)  # 2 x 2
    x = dense(layers.Flatten()(x), 1024, dropout=0.2)
    x = dense(x, 1024, dropout=0.2)
    return keras.Model(faces, probabilities(x, classes), name="three_block")


def simple_cnn(classes: int = 7) -> keras.Model:
    """Four convolutions, each normalized and pooled; 0.336 M parameters. After Khanzada et al., arXiv:2004.11823."""
    faces = raw_faces()
    x = layers.Rescaling(1 / 255)(faces)
    for filters, padding in ((32, "same"), (32, "same"), (64, "same"), (64, "valid")):
        x = layers.BatchNormalization()(convolution(x, filters, padding))
        x = layers.MaxPooling2D()(x)  # 24, 12, 6, 2
    x = dense(layers.Flatten()(x), 1024, dropout=0.5)
    return keras.Model(faces, probabilities(x, classes), name="simple_cnn")


def four_layer(classes: int = 7) -> keras.Model:
    """Four unpadded convolutions and one wide dense layer; 2.35 M parameters. From atulapra/Emotion-detection."""
    faces = raw_faces()
    x = layers.Rescaling(1 / 255)(faces)
    x = convolution(convolution(x, 32), 64)
    x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))  # 22 x 22
    x = layers.MaxPooling2D()(convolution(x, 128))  # 10 x 10
    x = layers.MaxPooling2D()(convolution(x, 128))  # 4 x 4
    x = layers.Dropout(0.25)(x)
    x = dense(layers.Flatten()(x), 1024, dropout=0.5)
    return keras.Model(faces, probabilities(x, classes), name="four_layer")


def compact(classes: int = 7) -> keras.Model:
    """Six convolutions, doubling from 8 to 256, on faces enlarged to 128 x 128 x 3; 654,335 parameters."""
    faces = raw_faces()
    x = layers.Resizing(128, 128)(layers.Rescaling(1 / 255)(faces))
    x = layers.Concatenate()([x, x, x])
    for filters in (8, 16, 32, 64, 128, 256):
        x = layers.MaxPooling2D()(convolution(x, filters, "same"))  # 64 ... 2
        x = layers.BatchNormalization()(x)
    x = layers.BatchNormalization()(dense(layers.Flatten()(x), 200, dropout=0.2))
    x = layers.BatchNormalization()(dense(x, 160, dropout=0.2))
    x = layers.Dense(120, activation="relu")(x)
    return keras.Model(faces, probabilities(x, classes), name="compact")


def mini_xception(classes: int = 7) -> keras.Model:
    """Four residual modules of depthwise separable convolutions, without a dense layer; 58,423 parameters.

    Source: Arriaga et al., arXiv:1710.07557, and oarriaga/face_classification, which trains it on 64 x 64 faces.
    """
    faces = raw_faces()
    x = layers.Resizing(64, 64)(layers.Rescaling(1 / 127.5, offset=-1)(faces))
    for _ in range(2):  # 62, 60
        x = layers.Conv2D(8, 3, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.01))(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters in (16, 32, 64, 128):  # 30, 15, 8, 4
        x = separable_module(x, filters)
    # One map an emotion, whose mean is its logit: this convolution is the whole of the classifier.
    x = layers.Conv2D(classes, 3, padding="same")(x)
    x = layers.GlobalAveragePooling2D(name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(faces, outputs, name="mini_xception")


def separable_module(x, filters: int):
    """Two separable convolutions and a pool beside a strided 1x1 convolution; halves the side."""
    # Every second pixel, then the 1x1 convolution: what one with strides is, but for TensorFlow 2.21 on some CPUs,
    # where the gradient of that writes past its memory (oneDNN, few channels).
    residual = layers.MaxPooling2D(1, strides=2, padding="same")(x)
    residual = layers.Conv2D(filters, 1, use_bias=False)(residual)
    residual = layers.BatchNormalization()(residual)
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.Add()([x, residual])


def raw_faces():
    """The input that all networks here share: grey faces, pixels 0-255."""
    return keras.Input((48, 48, 1), name="faces")


def convolution(x, filters: int, padding: str = "valid"):
    """3x3 convolution and ReLU."""
    return layers.Conv2D(filters, 3, padding=padding, activation="relu")(x)


def normalized_convolution(x, filters: int):
    """3x3 convolution, normalized over the batch before its ReLU; unpadded."""
    return layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3)(x)))


def dense(x, units: int, dropout: float):
    """Dense layer, ReLU and dropout."""
    return layers.Dropout(dropout)(layers.Dense(units, activation="relu")(x))


def probabilities(x, classes: int):
    """Logits and softmax, in float32 whatever the rest computes in."""
    logits = layers.Dense(classes, name="logits")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(logits)
