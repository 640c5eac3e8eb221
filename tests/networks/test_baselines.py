"""The networks: their size to the parameter, what their authors tell of their parts, their outputs."""

from functools import cache

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from emotion.networks.baselines import separable_module
from emotion.networks.registry import FROM_FACES, NETWORKS, TRANSFER, build
from emotion.training.augmentation import augment
from emotion.training.recipes import RECIPES

pytestmark = pytest.mark.slow

# With seven outputs. Exact for ours and for those whose authors publish a count, or whose description leaves no choice.
PARAMETERS = {
    "five_block": 2_106_583,
    "five_block_seed": 3_623_239,
    "three_block": 1_914_951,
    "simple_cnn": 336_103,
    "four_layer": 2_345_607,
    "compact": 654_335,
    "mini_xception": 58_423,
}
# The rates of the dropouts in their order, and how many ReLUs there are: neither shows in the number of parameters.
PARTS = {
    "five_block": ([0.05, 0.1, 0.1, 0.3], 10),
    "five_block_seed": ([0.5, 0.2, 0.2], 12),
    "three_block": ([0.5, 0.5, 0.2, 0.2], 8),
    "simple_cnn": ([0.5], 5),
    "four_layer": ([0.25, 0.25, 0.5], 5),
    "compact": ([0.2, 0.2], 9),
    "mini_xception": ([], 6),
}
SMALL = [name for name in NETWORKS if name not in TRANSFER]


@cache
def network(name: str) -> keras.Model:
    """Of seven outputs; for tests that only look at it."""
    return build(name)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """A black, a grey, a white and a noisy face, raw pixels, as every network takes them."""
    faces = np.zeros((4, 48, 48, 1), np.uint8)
    faces[1], faces[2] = 128, 255
    faces[3] = np.random.default_rng(0).integers(0, 256, (48, 48, 1))
    return faces


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_published_ones(name):
    assert network(name).count_params() == PARAMETERS[name]


@pytest.mark.parametrize("name", PARTS)
def test_dropouts_and_activations_are_those_described(name):
    layers = network(name).layers
    rates, relus = PARTS[name]
    assert [layer.rate for layer in layers if "Dropout" in type(layer).__name__] == rates
    kinds = [getattr(layer, "activation", type(layer)).__name__.lower() for layer in layers]
    assert (kinds.count("relu"), kinds.count("softmax")) == (relus, 1)


def test_five_block_seed_normalizes_before_its_relu():
    """Its authors do, and the number of parameters does not show it."""
    kinds = [type(layer).__name__ for layer in network("five_block_seed").layers]
    assert kinds[2:9] == ["Conv2D", "BatchNormalization", "ReLU", "Conv2D", "BatchNormalization", "ReLU", "Dropout"]


@pytest.mark.parametrize("name", SMALL)
def test_raw_faces_give_probabilities(name, faces):
    found = convert_to_numpy(network(name)(faces, training=False))
    assert found.shape == (4, 7)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [*SMALL, "mobilenet_v2"])
def test_in_half_precision_the_probabilities_are_whole_floats(name):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name, backbone_weights="none")
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert model.output.dtype == "float32"
    assert "bfloat16" in {layer.compute_dtype for layer in model.layers}


@pytest.mark.parametrize("name", SMALL)
def test_the_pixels_are_scaled_inside(name):
    """Only the rescaled face may reach the first weights: raw pixels there would make the rest saturate."""
    model = network(name)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    noise = np.random.default_rng(1).integers(0, 256, (8, 48, 48, 1))
    seen = convert_to_numpy(keras.Model(model.inputs[0], first.input)(noise))
    assert np.abs(seen).max() <= 4
    assert seen.std() > 0.1


@pytest.mark.parametrize("name", SMALL)
def test_contempt_is_an_eighth_output(name):
    assert build(name, classes=8).output_shape == (None, 8)


@pytest.mark.parametrize("side", [4, 5])
def test_a_separable_module_takes_every_second_pixel_past_its_convolutions(side):
    """As a 1x1 convolution with strides of two does: with the other branch silenced, that is all that is left."""
    pixels = keras.Input((side, side, 1))
    module = keras.Model(pixels, separable_module(pixels, 1))
    for weight in module.weights:
        if weight.path.endswith(("depthwise_kernel", "pointwise_kernel")):
            weight.assign(np.zeros(weight.shape))
        elif weight.path.endswith("kernel"):
            weight.assign(np.ones(weight.shape))
    picture = np.arange(side * side, dtype=np.float32).reshape(1, side, side, 1)
    np.testing.assert_allclose(convert_to_numpy(module(picture)), picture[:, ::2, ::2], rtol=1e-3)


def test_every_network_has_a_recipe_and_a_name_on_the_command_line():
    assert list(RECIPES) == list(NETWORKS)


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"five_block", *FROM_FACES}))
def test_recipes_move_the_face_and_leave_its_tone(name, faces):
    ranges = RECIPES[name].augmentation
    if name in ("three_block", "four_layer", "compact"):
        assert ranges is None
        return
    changed = augment(faces[..., 0], np.random.default_rng(0), ranges)
    np.testing.assert_array_equal(changed[:3], faces[:3, ..., 0])  # a plain face moved is the same plain face
    assert not np.array_equal(changed[3], faces[3, ..., 0])
