"""The published networks: their size to the parameter, their outputs, their way through a file."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from emotion.augmentation import augment
from emotion.baselines import NETWORKS, RECIPES, TRANSFER, build

# With seven outputs. Exact for the networks whose authors publish a count, or whose description leaves no choice.
PARAMETERS = {
    "five_block_seed": 3_623_239,
    "three_block": 1_914_951,
    "simple_cnn": 336_103,
    "four_layer": 2_345_607,
    "compact": 654_335,
    "mini_xception": 58_423,
}
SMALL = [name for name in NETWORKS if name not in TRANSFER]


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """A black, a grey, a white and a noisy face, raw pixels, as every network takes them."""
    faces = np.zeros((4, 48, 48, 1), np.uint8)
    faces[1], faces[2] = 128, 255
    faces[3] = np.random.default_rng(0).integers(0, 256, (48, 48, 1))
    return faces


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_published_ones(name):
    assert build(name).count_params() == PARAMETERS[name]


@pytest.mark.parametrize("name", SMALL)
def test_raw_faces_give_probabilities_before_and_after_a_file(name, faces, tmp_path):
    model = build(name)
    before = convert_to_numpy(model(faces, training=False))
    assert before.shape == (4, 7)
    assert before.dtype == np.float32
    assert np.isfinite(before).all()
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)

    model.save(tmp_path / "model.h5")
    again = keras.saving.load_model(tmp_path / "model.h5", compile=False)
    np.testing.assert_allclose(convert_to_numpy(again(faces, training=False)), before, atol=1e-6)


@pytest.mark.parametrize("name", SMALL)
def test_the_pixels_are_scaled_inside(name):
    """Only the rescaled face may reach the first weights: raw pixels there would make the rest saturate."""
    model = build(name)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    noise = np.random.default_rng(1).integers(0, 256, (8, 48, 48, 1))
    seen = convert_to_numpy(keras.Model(model.inputs[0], first.input)(noise))
    assert np.abs(seen).max() <= 4
    assert seen.std() > 0.1


@pytest.mark.parametrize("name", ["five_block", "compact", "mini_xception"])
def test_contempt_is_an_eighth_output(name, faces):
    assert build(name, classes=8)(faces[:1]).shape == (1, 8)


def test_every_network_but_ours_has_its_recipe():
    assert set(RECIPES) == set(NETWORKS) - {"five_block"}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_augment_as_they_say(name, faces):
    ranges = RECIPES[name].ranges
    changed = augment(faces[..., 0], np.random.default_rng(0), ranges)
    flat = changed[:3]  # a plain face moved is the same plain face: no recipe there touches the tone
    np.testing.assert_array_equal(flat, faces[:3, ..., 0])
    unmoved = np.array_equal(changed[3], faces[3, ..., 0])
    assert unmoved == (name in ("three_block", "four_layer", "compact"))
