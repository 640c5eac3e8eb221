"""What ten people's votes on a face mean: a distribution to learn, or one emotion to be measured against.

Votes are uint8 (N, 10), columns as in `labels.FERPLUS_COLUMNS`. The rules are those of the FER+ paper
(Barsoum et al., arXiv:1608.01041) and its code (https://github.com/microsoft/FERPlus).
"""

import numpy as np

from emotion.dataset.load import Split
from emotion.errors import InputError
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


def truth(protocol: str, split: Split, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """(rows of `split` that count, the index of their one true emotion) under `protocol`.

    majority: votes of 1 count as 0; the top must hold more than half of what is left. Published FER+ figures use it.
    argmax: the plain top vote, the first of equals.
    fer2013: the original label, one of seven, for every row. Published FER2013 figures use it.
    """
    votes, codes = split.votes, split.codes
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


def examples(split: Split, source: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """What to learn from `split`: (faces uint8 (N, 48, 48), their distributions float32 (N, classes)).

    `source` is ferplus: the votes of all faces whose top vote is an emotion, single votes dropped; or fer2013: the
    original labels. InputError where the split has none of them.
    """
    if source == "fer2013":
        return original_labels(split, classes)
    if split.votes is None:
        raise InputError("--labels ferplus: no votes; put fer2013new.csv beside the data, or use --labels fer2013")
    shares = distributions(drop_single_votes(split.votes), classes)
    rows = np.flatnonzero((split.votes.argmax(axis=1) < _EMOTIONS) & (shares.sum(axis=1) > 0))
    return split.faces[rows], shares[rows]


def opinions(split: Split, source: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """What people said of `split`, nothing dropped: as `examples`, of all faces in which anybody saw an emotion."""
    if source == "fer2013":
        return original_labels(split, classes)
    shares = distributions(split.votes, classes)
    rows = np.flatnonzero(shares.sum(axis=1))
    return split.faces[rows], shares[rows]


def original_labels(split: Split, classes: int) -> tuple[np.ndarray, np.ndarray]:
    if not split.has_codes:
        raise InputError("--labels fer2013: the FER+ folders do not hold the original labels; use --labels ferplus")
    _, true = truth("fer2013", split, classes)
    return split.faces, np.eye(classes, dtype=np.float32)[true]
