"""How a network is trained: the numbers, in one place, that travel into its card."""

from dataclasses import dataclass, field

from emotion.augmentation import Ranges


@dataclass(frozen=True)
class Recipe:
    """The defaults train the shipped network; each baseline brings its authors' own."""

    epochs: int = 40
    batch_size: int = 64
    optimizer: str = "adamw"  # adamw, adam, or sgd (Nesterov, momentum 0.9)
    learning_rate: float = 0.002  # the highest
    schedule: str = "cosine"  # cosine: one epoch of warm-up, then down to a 500th; constant
    weight_decay: float = 0.02  # decoupled: of each weight, times the learning rate, a step
    averaging: float = 0.998  # of the running average of the weights that is kept in their place; 0: none
    augmentation: Ranges | None = field(default_factory=Ranges)
