"""Every network on its whole way: it trains, is saved, is loaded again, and answers. One step each, on a few faces."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy
from small_fer2013 import faces_and_codes

from emotion.labels import SEVEN_EMOTIONS
from emotion.model_file.h5 import bytes_of, load_model, save_model
from emotion.model_file.stored import read_card
from emotion.networks.registry import TRANSFER, build
from emotion.training.batches import network_input
from emotion.training.checkpoint import Checkpoint
from emotion.training.fit import build_optimizer, fit
from emotion.training.recipes import RECIPES

pytestmark = pytest.mark.slow

FACES, CODES = faces_and_codes(7)
TARGETS = np.eye(7, dtype=np.float32)[CODES]


def check_its_way_through_a_file(model: keras.Model, path) -> None:
    save_model(model, path, {"labels": list(SEVEN_EMOTIONS), "network": model.name, "figures": "9" * 50_000})
    assert path.stat().st_size < bytes_of(model.variables)  # no more room than was asked for
    again = load_model(path)
    assert read_card(path)["network"] == model.name
    # Called, not `predict`: that would compile the network for one look at it.
    ours, theirs = (convert_to_numpy(network(network_input(FACES[:1]), training=False)) for network in (model, again))
    np.testing.assert_allclose(theirs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


# Of those that are alike (five_block_seed, three_block and four_layer) one: compiling a step takes longest here.
@pytest.mark.parametrize("name", ["five_block", "simple_cnn", "four_layer", "compact", "mini_xception"])
def test_trains_under_its_recipe_and_comes_back_from_its_file(name, tmp_path):
    keras.utils.set_random_seed(0)
    recipe = replace(RECIPES[name], epochs=1, batch_size=7)
    model = build(name)
    before = [np.copy(weights) for weights in model.get_weights()]
    checkpoint = Checkpoint(tmp_path / "run", {})
    (figures,) = fit(model, (FACES, TARGETS), (FACES, TARGETS), recipe, checkpoint, jit=False, quiet=True)
    assert np.isfinite([figures["loss"], figures["val_loss"]]).all()
    check_learnt(model, before)
    check_its_way_through_a_file(model, tmp_path / "model.h5")


@pytest.mark.parametrize("name", TRANSFER)
def test_a_large_network_takes_a_step_and_comes_back_from_its_file(name, tmp_path):
    """Without `train`, which compiles its step: a minute for these, and the same code as above."""
    keras.utils.set_random_seed(0)
    model = build(name, backbone_weights="none")
    before = [np.copy(weights) for weights in model.get_weights()]
    model.compile(build_optimizer(RECIPES[name], steps=1), "categorical_crossentropy", run_eagerly=True)
    assert np.isfinite(model.train_on_batch(network_input(FACES[:1]), TARGETS[:1]))
    check_learnt(model, before)
    check_its_way_through_a_file(model, tmp_path / "model.h5")


def check_learnt(model: keras.Model, before: list[np.ndarray]) -> None:
    """Every weight is a number, and every kernel another than before."""
    for weight, old in zip(model.weights, before, strict=True):
        new = convert_to_numpy(weight)
        assert np.isfinite(new).all(), weight.path
        if weight.path.endswith("kernel"):
            assert not np.array_equal(new, old), weight.path
