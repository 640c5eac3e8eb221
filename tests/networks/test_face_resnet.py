"""The network that starts from faces: dlib's weights, read from their file, are the function that it begins with."""

import json

import keras
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.networks.face_resnet import MANIFEST, UNITS, face_resnet, five_block_resnet, read_tensors

pytestmark = pytest.mark.slow

FACES = np.random.default_rng(0).integers(0, 256, (8, 48, 48), np.uint8)


def write_weights(folder, seed=1):
    """A manifest and its file like face-api's: each tensor random, the biases as bytes with scale and minimum."""
    rng = np.random.default_rng(seed)
    weights, data = [], b""

    def add(name, shape, quantized):
        nonlocal data
        entry = {"name": name, "shape": shape, "dtype": "float32"}
        if quantized:
            entry["quantization"] = {"dtype": "uint8", "scale": 0.01, "min": 0.2}
            data += rng.integers(0, 256, shape).astype(np.uint8).tobytes()
        else:
            data += (rng.normal(0, 0.05, shape)).astype(np.float32).tobytes()
        weights.append(entry)

    def add_convolution(name, size, channels, filters):
        add(f"{name}/conv/filters", [size, size, channels, filters], quantized=False)
        add(f"{name}/conv/bias", [filters], quantized=True)
        add(f"{name}/scale/weights", [filters], quantized=True)
        add(f"{name}/scale/biases", [filters], quantized=True)

    add_convolution("conv32_down", 7, 3, 32)
    channels = 32
    for filters, names in UNITS.items():
        for name in names:
            add_convolution(f"{name}/conv1", 3, channels, filters)
            add_convolution(f"{name}/conv2", 3, filters, filters)
            channels = filters
    (folder / MANIFEST).write_text(json.dumps([{"weights": weights, "paths": ["face.bin"]}]))
    (folder / "face.bin").write_bytes(data)
    return folder


@pytest.mark.parametrize(("build", "parameters"), [(face_resnet, 4_402_343), (five_block_resnet, 2_924_711)])
def test_size_and_answer(build, parameters):
    model = build()
    assert (model.name, model.count_params()) == (build.__name__, parameters)
    answers = model.predict(FACES[..., None], verbose=0)
    assert answers.shape == (8, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_normalizations_measured_on_faces_change_nothing_of_what_was_learnt(tmp_path):
    write_weights(tmp_path)
    keras.utils.set_random_seed(0)
    plain = face_resnet(backbone_weights=str(tmp_path))
    keras.utils.set_random_seed(0)
    measured = face_resnet(backbone_weights=str(tmp_path / MANIFEST), sample=FACES)
    features = [keras.Model(model.input, model.get_layer("features").output) for model in (plain, measured)]
    first, second = (model.predict(FACES[..., None], verbose=0) for model in features)
    assert first.std() > 0
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-3 * first.std())
    mean, variance = measured.get_layer("conv32_down_norm").get_weights()[2:]
    assert not np.allclose(mean, 0)
    assert not np.allclose(variance, 1)


def test_bytes_become_numbers_by_their_scale_and_minimum(tmp_path):
    tensors = read_tensors(write_weights(tmp_path))
    bias = tensors["conv32_1/conv2/conv/bias"]
    assert bias.shape == (32,)
    assert bias.min() >= 0.2
    assert bias.max() <= 0.2 + 2.55 + 1e-6


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "another"])
def test_what_is_no_such_file_is_one_line(tmp_path, damage):
    write_weights(tmp_path)
    if damage == "missing":
        (tmp_path / "face.bin").unlink()
    elif damage == "text":
        (tmp_path / MANIFEST).write_text("no manifest")
    elif damage == "cut":
        (tmp_path / "face.bin").write_bytes(b"short")
    else:
        (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(InputError, match=r"--backbone-weights .*npm pack"):
        face_resnet(backbone_weights=str(tmp_path))


def test_the_short_one_begins_with_the_units_it_shares(tmp_path):
    write_weights(tmp_path)
    long, short = (build(backbone_weights=str(tmp_path)) for build in (face_resnet, five_block_resnet))
    for name in ("conv32_down", "conv64_down_conv1", "conv256_1_conv2"):
        np.testing.assert_array_equal(*(model.get_layer(name).get_weights()[0] for model in (long, short)))
