"""A training run: all that must not change when it is resumed."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotion.dataset.splits import Dataset
from emotion.dataset.targets import Targets
from emotion.model_file.stored import sha256
from emotion.networks.pretrained import origin_of
from emotion.training.augmentation import STUDENT_RANGES
from emotion.training.recipes import Recipe, known_network, recipe_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What makes one training another. As `facts` its card has them, as `settings` its checkpoint."""

    network: str  # a key of RECIPES
    labels: tuple[str, ...]  # of the outputs, in order
    data: str  # how many rows of which fingerprint
    backbone_weights: str
    recipe: Recipe
    seed: int
    trained_on: str  # ferplus, fer2013 or labels
    teachers: list[dict[str, str]]  # their files' names and SHA-256
    teacher_weight: float
    init_from: dict[str, Any] | None = None  # the network that it goes on from, as `origin_of` describes it

    @property
    def facts(self) -> dict[str, Any]:
        """Those that a card has a field for."""
        names = ("seed", "trained_on", "teachers", "teacher_weight")
        return {name: getattr(self, name) for name in names} | ({"init_from": self.init_from} if self.init_from else {})

    @property
    def settings(self) -> dict[str, Any]:
        """All of them, flat: two runs whose settings are the same JSON are one run."""
        names = ("network", "labels", "data", "backbone_weights")
        return {name: getattr(self, name) for name in names} | self.facts | asdict(self.recipe)


def plan_run(
    dataset: Dataset,
    targets: Targets,
    *,
    network: str | None,
    init_from: Path | None,
    backbone_weights: str,
    teachers: list[Path],
    teacher_weight: float,
    seed: int,
    **changes: Any,
) -> Run:
    """The run that learns `targets` of `dataset`.

    `network`: a key of RECIPES, or else that of `init_from`, a model file to go on from, or the shipped one.
    `changes`: of the recipe, those that are not None. InputError where a model file will not do.
    """
    origin = origin_of(init_from, targets.labels) if init_from else {}
    network = network or known_network(origin.get("network"))
    if teachers:  # of what real photos go through, to the end: a teacher's answers hold for the views it was shown
        changes |= {"augmentation": STUDENT_RANGES, "refinement": 0}
    if origin:
        kept, new = (", ".join(origin[part]) or "none" for part in ("outputs_kept", "outputs_new"))
        logger.info(f"{init_from}: gone on from; outputs kept: {kept}; new: {new}")
    return Run(
        network=network,
        labels=targets.labels,
        data=f"{len(targets.training[0])} rows of {dataset.fingerprint[:12]}",
        backbone_weights=backbone_weights,
        recipe=recipe_of(network, trained=bool(origin), **changes),
        seed=seed,
        trained_on=targets.source,
        teachers=[{"file": path.name, "sha256": sha256(path)} for path in teachers],
        teacher_weight=teacher_weight,
        init_from=origin or None,
    )
