"""The numbers a network is trained by: what they say of an epoch, and what flags change in them."""

from dataclasses import replace

import pytest

from emotion.training.augmentation import DEFAULT_RANGES, MILD_RANGES
from emotion.training.recipes import RECIPES, Recipe, recipe_of


@pytest.mark.parametrize(
    ("losses", "rate"),
    [([], 1.0), ([3, 2, 2, 1], 1.0), ([1, 1], 1.0), ([1, 1, 1], 0.1), ([1, 2, 3, 4, 5], 0.01), ([1, 2, 3, 0, 0], 0.1)],
    ids=["at first", "falling", "waiting", "waited long enough", "twice", "falling again"],
)
def test_on_a_plateau_the_rate_falls_to_a_tenth(losses, rate):
    recipe = Recipe(learning_rate=1.0, schedule="plateau")
    assert recipe.learning_rate_after(losses, patience=2) == pytest.approx(rate)


def test_flags_change_what_they_name():
    changed = recipe_of("three_block", epochs=3, learning_rate=0.5, batch_size=None)
    assert changed == replace(RECIPES["three_block"], epochs=3, learning_rate=0.5)


@pytest.mark.parametrize(
    ("epoch", "ranges"), [(0, DEFAULT_RANGES), (6, DEFAULT_RANGES), (7, MILD_RANGES), (9, MILD_RANGES)]
)
def test_the_last_epochs_change_faces_little(epoch, ranges):
    assert Recipe(epochs=10, refinement=3).ranges(epoch) == ranges


@pytest.mark.parametrize(("epochs", "strong"), [(1, 1), (2, 1), (8, 4), (20, 12)])
def test_of_a_short_run_not_all_epochs_are_mild(epochs, strong):
    recipe = Recipe(epochs=epochs)
    assert [recipe.ranges(epoch) for epoch in range(epochs)].count(DEFAULT_RANGES) == strong


@pytest.mark.parametrize("recipe", [Recipe(augmentation=None), Recipe(refinement=0)], ids=["nothing", "no refinement"])
def test_what_a_recipe_leaves_out_its_last_epoch_leaves_out(recipe):
    assert recipe.ranges(recipe.epochs - 1) == recipe.augmentation
