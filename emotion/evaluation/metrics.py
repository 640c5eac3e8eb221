"""How good a network is, under a named protocol: figures with their intervals, never a bare number.

Works on probabilities, float32 (N, C), whatever gave them: one network, several, with the mirror image or without.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score

from emotion.dataset.splits import Split
from emotion.dataset.votes import ground_truth
from emotion.labels import emotions

Classify = Callable[[np.ndarray], np.ndarray]  # faces uint8 (N, 48, 48) -> probabilities float32 (N, C)


@dataclass(frozen=True)
class Score:
    """One network on one split under one protocol. Shares are of 1."""

    protocol: str
    count: int  # the rows that the protocol lets count
    accuracy: float
    low: float  # the accuracy's 95 % interval (Wilson)
    high: float
    macro_f1: float  # over the emotions that occur
    macro_f1_low: float  # its 95 % interval (bootstrap)
    macro_f1_high: float
    recalls: dict[str, float | None]  # by emotion; None where no row has it
    confusion: list[list[int]]  # [true][predicted]


def score(probabilities: np.ndarray, split: Split, protocol: str, labels: tuple[str, ...] | None = None) -> Score:
    """`probabilities` (N, C) of all N rows of `split`, by `labels`: without them, the seven or eight emotions.

    The protocol picks the rows, and knows no contempt in fer2013.
    """
    asked = asked_labels(protocol, split, labels or emotions(probabilities.shape[1]))
    rows, true = ground_truth(protocol, split, asked)
    predicted = predicted_classes(probabilities[rows], len(asked))
    confusion = confusion_matrix(true, predicted, labels=range(len(asked)))
    low, high = wilson(int(confusion.trace()), len(rows))
    totals = confusion.sum(axis=1)
    recalls = {
        name: float(hits / total) if total else None
        for name, hits, total in zip(asked, confusion.diagonal(), totals, strict=True)
    }
    # Of the emotions that occur: one that neither is there nor was seen has no F1.
    occurring = np.flatnonzero(totals)
    f1 = f1_score(true, predicted, labels=occurring, average="macro", zero_division=0)
    f1_low, f1_high = macro_f1_interval(confusion.tolist())
    return Score(
        protocol=protocol,
        count=len(rows),
        accuracy=float(confusion.trace() / len(rows)),
        low=low,
        high=high,
        macro_f1=float(f1),
        macro_f1_low=f1_low,
        macro_f1_high=f1_high,
        recalls=recalls,
        confusion=confusion.tolist(),
    )


def asked_labels(protocol: str, split: Split, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Which of its `labels` a network is asked about: no contempt, their last, where the data's labels have none."""
    without = protocol in ("fer2013", "labels") and "contempt" not in split.labels and "neutral" in labels
    return tuple(label for label in labels if not (without and label == "contempt"))


def predicted_classes(probabilities: np.ndarray, classes: int) -> np.ndarray:
    """The likeliest emotion of each row (N, C); as one of seven, contempt counts as neutral, as it does in the votes."""
    likeliest = probabilities.argmax(axis=1)
    return np.where(likeliest < classes, likeliest, 0)


def protocols(split: Split) -> list[str]:
    """The protocols under which any row of `split` counts."""
    known = [protocol for protocol in ("majority", "argmax") if split.votes is not None]
    counting = [protocol for protocol in known if len(ground_truth(protocol, split)[0])]
    return counting + [split.protocol] * split.has_codes


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): unlike the usual one, it stays inside 0 to 1."""
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def macro_f1_interval(confusion: list[list[int]], draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of the macro F1 of `confusion` [true][predicted]: of as many faces drawn from these (bootstrap).

    Wide, since of the rarest emotion there are a few dozen faces.
    """
    counts = np.array(confusion)
    total = counts.sum()
    drawn = np.random.default_rng(0).multinomial(total, counts.ravel() / total, draws).reshape(draws, *counts.shape)
    hits = np.diagonal(drawn, axis1=1, axis2=2)
    f1 = 2 * hits / np.maximum(drawn.sum(axis=1) + drawn.sum(axis=2), 1)
    low, high = np.percentile(f1[:, counts.sum(axis=1) > 0].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def mcnemar(first: np.ndarray, second: np.ndarray, true: np.ndarray) -> float:
    """How likely two networks this far apart are if they were equally good: the exact McNemar test's p-value.

    `first`, `second`, `true`: indices (N,). Only the faces that one has right and the other wrong tell them apart.
    """
    only_first = int(np.sum((first == true) & (second != true)))
    only_second = int(np.sum((first != true) & (second == true)))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)
