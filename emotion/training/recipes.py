"""How a network is trained: the numbers, in one place, that travel into its card."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from emotion.training.augmentation import DEFAULT_RANGES, MILD_RANGES, ROBUST_RANGES, Ranges

TEACHER_WEIGHT = 0.5  # the teachers' part in what is learnt, if there are any; the voters' is the rest


@dataclass(frozen=True)
class Recipe:
    """The defaults train the shipped network."""

    epochs: int = 70
    batch_size: int = 64
    optimizer: str = "adamw"  # adamw, adam, or sgd (Nesterov, momentum 0.9)
    learning_rate: float = 0.002  # the highest
    # cosine: one epoch of warm-up, then down to a 500th; plateau: see `learning_rate_after`; constant
    schedule: str = "cosine"
    weight_decay: float = 0.02  # decoupled: of each weight, times the learning rate, a step
    # Of the running average of the weights that is kept in their place; 0: none. Less where epochs are short: see fit.py.
    averaging: float = 0.998
    augmentation: Ranges | None = DEFAULT_RANGES  # what a training face goes through; None: nothing
    # The last epochs, in which it goes through little. None of a teacher's: its answers hold for the views it was shown.
    refinement: int = 8

    def ranges(self, epoch: int) -> Ranges | None:
        """What a face goes through in `epoch`, counted from 0."""
        return MILD_RANGES if self.augmentation and self.is_mild(epoch) else self.augmentation

    def is_mild(self, epoch: int) -> bool:
        """Whether `epoch`, counted from 0, is one of the last, under little augmentation."""
        mild = min(self.refinement, self.epochs // 2)  # of a short run, not all
        return epoch >= self.epochs - mild

    def learning_rate_after(self, losses: Iterable[float], patience: int = 12) -> float:
        """The learning rate after epochs with these validation `losses`, under a plateau schedule.

        It falls to a tenth whenever the loss has not fallen for `patience` epochs. A rule of the past alone, where
        Keras's ReduceLROnPlateau counts as it goes: a resumed run finds the rate that the unbroken one would have.
        """
        rate, best, waited = self.learning_rate, math.inf, 0
        for loss in losses:
            best, waited = (loss, 0) if loss < best - 1e-4 else (best, waited + 1)
            if waited == patience:
                rate, waited = rate / 10, 0
        return rate


def published(
    *,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    augmentation: Ranges | None = None,
    schedule: str = "constant",
) -> Recipe:
    """As others train: Adam, no decay, no averaging."""
    return Recipe(
        epochs=epochs, batch_size=batch_size, optimizer="adam", learning_rate=learning_rate, schedule=schedule,
        weight_decay=0.0, averaging=0.0, augmentation=augmentation, refinement=0,
    )  # fmt: skip


def geometric_only(rotation: float, shift: float, zoom: float = 0.0) -> Ranges:
    """Mirrored, turned by degrees, shifted and zoomed by shares of the side, each either way; the pixels' tone kept."""
    return Ranges(
        rotation, scale=(1 - zoom, 1 + zoom), shift=shift, shear=0.0, gamma=(1.0, 1.0), blur=0.0, noise=0.0, erase=0.0
    )


# Of networks that know faces already: half the rate, more decay.
FACE_RECIPE = Recipe(learning_rate=0.001, weight_decay=0.05, epochs=60, augmentation=ROBUST_RANGES, refinement=0)

# As trained by those who published them. Where they are silent the figure is ours: the epochs of simple_cnn and
# mini_xception (whose authors stop early; their published file is from epoch 102), the batch of simple_cnn, and all but
# the learning rate of the last two.
RECIPES = {
    "five_block": Recipe(),
    "five_block_seed": published(learning_rate=1e-4, batch_size=64, epochs=100, augmentation=geometric_only(20, 0.1)),
    "three_block": published(learning_rate=1e-3, batch_size=64, epochs=30),
    "simple_cnn": published(learning_rate=1e-3, batch_size=64, epochs=100, augmentation=geometric_only(15, 0.1, 0.15)),
    "four_layer": published(learning_rate=1e-4, batch_size=64, epochs=50),
    "compact": published(learning_rate=1e-3, batch_size=128, epochs=50),
    "mini_xception": published(
        learning_rate=1e-3, batch_size=32, epochs=110, augmentation=geometric_only(10, 0.1, 0.1), schedule="plateau"
    ),
    "mobilenet_v2": published(learning_rate=3e-4, batch_size=64, epochs=30, augmentation=geometric_only(10, 0.1, 0.1)),
    "resnet50": published(learning_rate=3e-4, batch_size=64, epochs=30, augmentation=geometric_only(10, 0.1, 0.1)),
    "face_resnet": FACE_RECIPE,
    "five_block_resnet": FACE_RECIPE,
    "five_block_mobilenet": FACE_RECIPE,
}


def finetuning(recipe: Recipe) -> Recipe:
    """The recipe to go on by from trained weights: a tenth of its rate, for 30 epochs at most."""
    return replace(recipe, learning_rate=recipe.learning_rate / 10, epochs=min(recipe.epochs, 30))


def known_network(name: str | None) -> str:
    """`name` if there is a recipe for it, else that of the shipped network."""
    return name if name and name in RECIPES else "five_block"


def recipe_of(network: str, trained: bool = False, **changes: Any) -> Recipe:
    """The recipe of `network`, a key of RECIPES, with the `changes` that are not None; `trained`: to go on from weights."""
    recipe = finetuning(RECIPES[network]) if trained else RECIPES[network]
    return replace(recipe, **{name: value for name, value in changes.items() if value is not None})
