"""What ten people's votes on a face mean: a distribution to learn, or one emotion to be measured against.

Votes are uint8 (N, 10), columns as in `labels.FERPLUS_COLUMNS`. The rules are those of the FER+ paper
(Barsoum et al., arXiv:1608.01041) and its code (https://github.com/microsoft/FERPlus).
"""

import numpy as np

from emotion.labels import EIGHT_EMOTIONS, FER2013_EMOTIONS, FERPLUS_COLUMNS, emotions

PROTOCOLS = ("majority", "argmax", "fer2013")

_EMOTIONS = len(EIGHT_EMOTIONS)
_NEUTRAL, _CONTEMPT = FERPLUS_COLUMNS.index("neutral"), FERPLUS_COLUMNS.index("contempt")


def drop_single_votes(votes: np.ndarray) -> np.ndarray:
    """Votes of 1 become 0: one person in ten who differs is more often a slip than an opinion."""
    return np.where(votes > 1, votes, 0).astype(votes.dtype)


def fold(votes: np.ndarray, classes: int) -> np.ndarray:
    """The votes for an emotion, (N, classes): unknown and NF left out and, for seven, contempt counted as neutral."""
    folded = votes[:, :_EMOTIONS].copy()
    if classes < _EMOTIONS:
        folded[:, _NEUTRAL] += folded[:, _CONTEMPT]
    return folded[:, :classes]


def distributions(votes: np.ndarray, classes: int = 7) -> np.ndarray:
    """Shares of the votes that name an emotion, float32 (N, classes); rows sum to 1, or to 0 where nobody named one."""
    folded = fold(votes, classes).astype(np.float32)
    return folded / np.maximum(folded.sum(axis=1, keepdims=True), 1)


def training_targets(votes: np.ndarray, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """(rows to learn from, their distributions float32): all faces whose top vote is an emotion, single votes dropped."""
    targets = distributions(drop_single_votes(votes), classes)
    usable = (votes.argmax(axis=1) < _EMOTIONS) & (targets.sum(axis=1) > 0)
    rows = np.flatnonzero(usable)
    return rows, targets[rows]


def truth(protocol: str, votes: np.ndarray | None, codes: np.ndarray, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """(rows that count, the index of their one true emotion) under `protocol`.

    majority: votes of 1 count as 0; the top must hold more than half of what is left. Published FER+ figures use it.
    argmax: the plain top vote, the first of equals.
    fer2013: the original label, `codes` uint8 (N,), one of seven, for every row. Published FER2013 figures use it.
    """
    if protocol == "fer2013":
        order = np.array([emotions(7).index(name) for name in FER2013_EMOTIONS])
        return np.arange(len(codes)), order[codes]
    if protocol == "majority":
        votes = drop_single_votes(votes)
        counts = 2 * votes.max(axis=1).astype(int) > votes.sum(axis=1, dtype=int)
    else:
        counts = votes.max(axis=1) > 0
    top = votes.argmax(axis=1)
    rows = np.flatnonzero(counts & (top < _EMOTIONS))
    top = top[rows]
    return rows, np.where(top < classes, top, _NEUTRAL)
