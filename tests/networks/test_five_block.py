import re

import numpy as np
import pytest

from emotion.networks.five_block import five_block
from emotion.training.fit import classifier_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network():
    return five_block(7)


@pytest.fixture
def faces():
    return np.random.default_rng(0).integers(60, 120, (2, 48, 48)).astype(np.uint8)


def test_five_blocks_each_of_two_convolutions_and_a_pool(network):
    names = [layer.name for layer in network.layers]
    for block in range(1, 6):
        parts = [name for name in names if re.fullmatch(rf"block{block}_(conv\d|pool)", name)]
        assert parts == [f"block{block}_conv1", f"block{block}_conv2", f"block{block}_pool"]
    assert not any(name.startswith("block6") for name in names)


@pytest.mark.parametrize("classes", [7, 8])
def test_probabilities_of_as_many_emotions_as_asked_for(classes, faces):
    found = classifier_of(five_block(classes))(faces)
    assert found.shape == (2, classes)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_its_file_is_at_most_20_megabytes(network):
    assert 4 * network.count_params() < 20e6


def test_light_and_contrast_are_no_part_of_a_face(network, faces):
    classify = classifier_of(network)
    np.testing.assert_allclose(classify(2 * faces), classify(faces), atol=1e-3)
    np.testing.assert_allclose(classify(faces + 100), classify(faces), atol=1e-3)


@pytest.mark.parametrize("grey", [0, 77, 255])
def test_a_wall_of_one_grey_is_nothing_at_all(network, grey):
    wall = np.full((1, 48, 48), grey, np.uint8)
    nothing = network.get_layer("standardize")(wall[..., None].astype(np.float32))
    assert not np.asarray(nothing).any()
