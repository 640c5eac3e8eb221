"""Whether a network's confidence means something: its probabilities beside the votes of ten people.

The votes are a distribution, so the output should be one. All rows count that hold an emotion, whoever won the vote.
"""

from dataclasses import dataclass

import numpy as np

from emotion.dataset.votes import distributions, outputs_of
from emotion.labels import EIGHT_EMOTIONS, emotions

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """How near probabilities are to the votes of `count` faces."""

    count: int
    # As the expected calibration error (Guo et al.), but for the share of votes in the place of right or wrong: the mean
    # distance of confidence from it, weighted by the bins' sizes.
    expected_error: float
    cross_entropy: float  # nats, of the votes under the network
    total_variation: float  # half the absolute distance between the distributions: 0 the same, 1 disjoint
    humans_total_variation: float  # the same between two simulated panels of ten people; real ones are further apart
    humans_cross_entropy: float  # the entropy of the votes: no network can be below it on these votes
    bins: list[tuple[float, float, int]]  # (mean confidence, mean share of votes, faces), a bin that holds any


def calibration(
    probabilities: np.ndarray, votes: np.ndarray, labels: tuple[str, ...] | None = None, seed: int = 0
) -> Calibration | None:
    """`probabilities` (N, C) of `labels` (without them, the seven or eight emotions) beside `votes` uint8 (N, 10).

    None where no vote is for any of them.
    """
    labels = labels or emotions(probabilities.shape[1])
    shares = distributions(votes, labels)
    held = shares.sum(axis=1) > 0
    if not held.any():
        return None
    probabilities, shares, votes = probabilities[held], shares[held], votes[held]
    top = probabilities.argmax(axis=1)
    rows = np.arange(len(top))
    confidence, share = probabilities[rows, top], shares[rows, top]
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = [
        (float(confidence[here].mean()), float(share[here].mean()), int(here.sum()))
        for here in (place == number for number in range(BINS))
        if here.any()
    ]
    panel = votes[:, np.flatnonzero(outputs_of(EIGHT_EMOTIONS, labels) >= 0)].sum(axis=1, dtype=np.int64)
    error = sum(abs(mean - voted) * count for mean, voted, count in bins) / len(top)
    return Calibration(
        count=len(top),
        expected_error=float(error),
        cross_entropy=cross_entropy(shares, probabilities),
        total_variation=total_variation(shares, probabilities),
        humans_total_variation=total_variation(*simulate_two_panels(panel, shares, seed)),
        humans_cross_entropy=cross_entropy(shares, shares),
        bins=bins,
    )


def simulate_two_panels(panel: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """The shares (2, N, C) that two panels of `panel` voters, int (N,), give each face, drawn from its `shares` (N, C).

    Two, because the real panel is one draw itself: beside another drawn from it, it would be too near. Even two are
    nearer than real panels are: neither says what nobody of the first ten said.
    """
    exact = shares.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    drawn = np.random.default_rng(seed).multinomial(panel, exact, size=(2, len(panel)))
    return drawn / panel[:, None]


def cross_entropy(shares: np.ndarray, probabilities: np.ndarray) -> float:
    """Of `shares` (N, C) under `probabilities` (N, C), in nats; the mean over the rows."""
    return float(-(shares * np.log(np.maximum(probabilities, 1e-7))).sum(axis=1).mean())


def total_variation(shares: np.ndarray, probabilities: np.ndarray) -> float:
    """Half the absolute distance between the rows of two (N, C), 0-1; the mean over the rows."""
    return float(np.abs(shares - probabilities).sum(axis=1).mean() / 2)


def fit_temperature(logits: np.ndarray, shares: np.ndarray) -> float:
    """The T for which softmax(logits / T) has the least cross-entropy to `shares` (Guo et al., arXiv:1706.04599)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import softmax

    def loss(log_temperature: float) -> float:
        return cross_entropy(shares, softmax(logits / np.exp(log_temperature), axis=1))

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
