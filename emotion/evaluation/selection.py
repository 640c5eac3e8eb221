"""Which faces a model is measured on, and which of them its training had seen."""

import logging
from dataclasses import dataclass

from emotion.dataset.duplicates import duplicates, near_duplicates
from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.evaluation.metrics import protocols

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SelectedSplit:
    """The rows of a split to measure on."""

    name: str  # as the tables call it
    rows: Split
    seen: int | None = None  # faces that are in Training, or what selected its epoch, byte for byte
    seen_crops: int | None = None  # other crops of photographs that are there; None where they were not looked for
    left_out: bool = False  # whether `rows` are without those that were seen


def select_splits(
    dataset: Dataset, name: str | None = None, protocol: str | None = None, unseen: bool = False
) -> list[SelectedSplit]:
    """The split `name` of `dataset`, or else all that were not trained on.

    `unseen` leaves out the faces whose photograph training had seen. InputError where there is no such split, where no
    face of it counts, or none under `protocol`.
    """
    if name and name not in dataset.splits:
        raise InputError(f"--split {name}: not in {dataset}")
    names = [name] if name else [split for split in dataset.splits if split != "Training"] or ["Training"]
    selected = [select_rows(dataset, split, unseen) for split in names]
    for split in selected:
        known = protocols(split.rows)
        if not known:
            raise InputError(f"{dataset.source}: no face of {split.name} has a label that counts")
        if protocol not in (None, *known):
            raise InputError(f"--protocol {protocol}: {dataset.source} is measured under {', '.join(known)}")
    return selected


def select_rows(dataset: Dataset, name: str, unseen: bool) -> SelectedSplit:
    """The split `name`, with or without the faces that training had seen. InputError where none is left."""
    split = dataset.splits[name]
    if name == "Training":
        if unseen:
            raise InputError("--unseen: Training is what was seen; name another --split")
        return SelectedSplit(name, split)
    known = dataset.seen_faces(name)
    exact = duplicates(split.faces, known)
    seen = int(exact.sum())
    if not unseen:
        if seen:
            logger.info(f"{name}: {seen} of {len(split)} faces were seen in training, byte for byte; see --unseen")
        return SelectedSplit(name, split, seen)
    rest = split.take(~exact)
    near = near_duplicates(rest.faces, known)
    crops = int(near.sum())
    logger.info(f"{name}: {seen} faces seen in training are left out, and {crops} other crops of such photographs")
    if near.all():
        raise InputError(f"--unseen: training had seen every face of {name}")
    return SelectedSplit(f"{name}, unseen", rest.take(~near), seen, crops, left_out=True)
