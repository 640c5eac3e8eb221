"""What a network is to learn of a data set, in which outputs, and what its confidence is matched to.

`labels` are the network's outputs, in order. A Pair is faces uint8 (N, 48, 48) and their distributions float32 (N, C).
"""

from dataclasses import dataclass

import numpy as np

from emotion.dataset.splits import Dataset, Split
from emotion.dataset.votes import distributions, drop_single_votes, ground_truth, votes_of
from emotion.errors import InputError
from emotion.labels import EIGHT_EMOTIONS, emotions, in_order

Pair = tuple[np.ndarray, np.ndarray]  # faces, distributions


@dataclass(frozen=True)
class Targets:
    """What a training run goes by."""

    source: str  # ferplus: the votes; fer2013 or labels: the labels
    labels: tuple[str, ...]
    training: Pair
    validation: Pair  # by its loss the best epoch is chosen
    calibration: Pair  # the same rows, nothing dropped: to them the confidence is matched


def find_targets(
    dataset: Dataset, source: str | None = None, emotion_count: int | None = None, seed: int = 0
) -> Targets:
    """What to learn from `dataset`: from `source`, or else the votes where there are any.

    `emotion_count`: as in network_labels; `seed`: of the rows that are held out of Training where no other split is for
    that. InputError where the data have not what is asked for.
    """
    learning, selecting = dataset.development(seed)
    source = source or ("ferplus" if learning.votes is not None else learning.protocol)
    labels = network_labels(learning, source, emotion_count)
    return Targets(
        source=source,
        labels=labels,
        training=training_targets(learning, source, labels),
        validation=training_targets(selecting, source, labels),
        calibration=calibration_targets(selecting, source, labels),
    )


def network_labels(split: Split, source: str, emotion_count: int | None = None) -> tuple[str, ...]:
    """What a network answers in that learns `split` from `source`, ferplus (the votes) or the labels.

    `emotion_count`: 8 keeps contempt, 7 counts it as neutral; without it, votes are of seven, and labels as they are.
    """
    if source == "ferplus":
        return emotions(emotion_count or 7)
    labels = in_order(split.labels)
    if emotion_count == 8 and "contempt" not in labels:
        raise InputError("--emotions 8: the data's labels have no contempt; leave it out")
    if emotion_count == 7 and "neutral" in labels:
        labels = tuple(label for label in labels if label != "contempt")
    return labels


def training_targets(split: Split, source: str, labels: tuple[str, ...]) -> Pair:
    """What to learn from `split`.

    `source` is ferplus: the votes of all faces whose top vote is an emotion, single votes dropped; fer2013 or labels:
    the labels. InputError where the split has none of them.
    """
    if source != "ferplus":
        return label_targets(split, labels)
    votes = votes_of(split)
    shares = distributions(drop_single_votes(votes), labels)
    rows = np.flatnonzero((votes.argmax(axis=1) < len(EIGHT_EMOTIONS)) & (shares.sum(axis=1) > 0))
    return split.faces[rows], shares[rows]


def calibration_targets(split: Split, source: str, labels: tuple[str, ...]) -> Pair:
    """What people said of `split`, nothing dropped: as `training_targets`, of all faces with a vote for an emotion."""
    if source != "ferplus":
        return label_targets(split, labels)
    shares = distributions(votes_of(split), labels)
    rows = np.flatnonzero(shares.sum(axis=1))
    return split.faces[rows], shares[rows]


def label_targets(split: Split, labels: tuple[str, ...]) -> Pair:
    """The labels of `split`, each a certainty: 1 for its output, 0 for the others."""
    if not split.has_codes:
        raise InputError("--labels fer2013: the FER+ folders do not hold the original labels; use --labels ferplus")
    rows, true = ground_truth(split.protocol, split, labels)
    return split.faces[rows], np.eye(len(labels), dtype=np.float32)[true]
