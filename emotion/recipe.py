"""How a network is trained: the numbers, in one place, that travel into its card."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from emotion.augmentation import DEFAULT_RANGES, MILD_RANGES, NO_TONE, Ranges


@dataclass(frozen=True)
class Recipe:
    """The defaults train the shipped network."""

    epochs: int = 70
    batch_size: int = 64
    optimizer: str = "adamw"  # adamw, adam, or sgd (Nesterov, momentum 0.9)
    learning_rate: float = 0.002  # the highest
    schedule: str = "cosine"  # cosine: one epoch of warm-up, then down to a 500th; constant; plateau: see `rate`
    weight_decay: float = 0.02  # decoupled: of each weight, times the learning rate, a step
    averaging: float = 0.998  # of the running average of the weights that is kept in their place; 0: none
    augmentation: Ranges | None = DEFAULT_RANGES  # what a training face goes through; None: nothing
    refinement: int = 8  # the last epochs, in which it goes through little

    def ranges(self, epoch: int) -> Ranges | None:
        """What a face goes through in `epoch`, counted from 0."""
        mild = min(self.refinement, self.epochs // 2)  # of a short run, not all
        refining = self.augmentation and epoch >= self.epochs - mild
        return MILD_RANGES if refining else self.augmentation

    def rate(self, losses: Iterable[float], patience: int = 12) -> float:
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
    learning_rate: float,
    batch_size: int,
    epochs: int,
    augmentation: Ranges | None = None,
    schedule: str = "constant",
) -> Recipe:
    """As others train: Adam, no decay, no averaging."""
    return Recipe(epochs, batch_size, "adam", learning_rate, schedule, 0.0, 0.0, augmentation, refinement=0)


def moved(rotation: float, shift: float, zoom: float = 0.0) -> Ranges:
    """Mirrored, turned by degrees, shifted and zoomed by shares of the side, each either way; the pixels' tone kept."""
    return Ranges(rotation, scale=(1 - zoom, 1 + zoom), shift=shift, shear=0.0, **NO_TONE)


# As trained by those who published them, with what they claim. Where they are silent the figure is ours: the epochs of
# simple_cnn and mini_xception (whose authors stop early; their published file is from epoch 102), the batch of
# simple_cnn, and all but the learning rate of the last two.
RECIPES = {
    "five_block": Recipe(),
    "five_block_seed": published(1e-4, 64, 100, moved(20, 0.1)),  # about 84 % of a random split of FER+
    "three_block": published(1e-3, 64, 30),  # 57.5 %, like all below on FER2013's own labels
    "simple_cnn": published(1e-3, 64, 100, moved(15, 0.1, 0.15)),  # 65 %
    "four_layer": published(1e-4, 64, 50),  # 63.2 %
    "compact": published(1e-3, 128, 50),  # 49.4 %
    "mini_xception": published(1e-3, 32, 110, moved(10, 0.1, 0.1), "plateau"),  # 66 %
    "mobilenet_v2": published(3e-4, 64, 30, moved(10, 0.1, 0.1)),  # 60.67 %
    "resnet50": published(3e-4, 64, 30, moved(10, 0.1, 0.1)),  # 59 to 73 %
}


def recipe_of(network: str, **changes: float | None) -> Recipe:
    """The recipe of `network`, a key of RECIPES, with the `changes` that are not None."""
    return replace(RECIPES[network], **{name: value for name, value in changes.items() if value is not None})
