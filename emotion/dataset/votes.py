"""What ten people's votes on a face mean: a distribution to learn, or one emotion to be measured against.

Votes are uint8 (N, 10), columns as in `labels.FERPLUS_COLUMNS`. The rules are those of the FER+ paper
(Barsoum et al., arXiv:1608.01041) and its code (https://github.com/microsoft/FERPlus). `labels` are the outputs of the
network in question, in order: where there is no contempt among them, it counts as neutral.
"""

import numpy as np

from emotion.dataset.splits import Split
from emotion.errors import InputError
from emotion.labels import EIGHT_EMOTIONS, FERPLUS_COLUMNS, SEVEN_EMOTIONS

PROTOCOLS = ("majority", "argmax", "fer2013", "labels")


def drop_single_votes(votes: np.ndarray) -> np.ndarray:
    """Votes of 1 become 0: one person in ten who differs is more often a slip than an opinion."""
    return np.where(votes > 1, votes, 0).astype(votes.dtype)


def outputs_of(names: tuple[str, ...], labels: tuple[str, ...]) -> np.ndarray:
    """Which output of `labels` each of `names` is, int (len(names),); -1 where none of them."""
    places = {name: place for place, name in enumerate(labels)}
    if "neutral" in places:
        places.setdefault("contempt", places["neutral"])
    return np.array([places.get(name, -1) for name in names])


def distributions(votes: np.ndarray, labels: tuple[str, ...] = SEVEN_EMOTIONS) -> np.ndarray:
    """Shares of the votes that name one of `labels`, float32 (N, C); rows sum to 1, or to 0 where nobody named one."""
    folded = np.zeros((len(votes), len(labels)), np.float32)
    for column, output in enumerate(outputs_of(EIGHT_EMOTIONS, labels)):
        if output >= 0:
            folded[:, output] += votes[:, column]
    return folded / np.maximum(folded.sum(axis=1, keepdims=True), 1)


def ground_truth(
    protocol: str, split: Split, labels: tuple[str, ...] = SEVEN_EMOTIONS
) -> tuple[np.ndarray, np.ndarray]:
    """(rows of `split` that count, the index into `labels` of what each truly is) under `protocol`.

    majority: votes of 1 count as 0; the top must hold more than half of what is left. Published FER+ figures use it.
    argmax: the plain top vote, the first of equals.
    fer2013: the original label, one of seven, for every row. Published FER2013 figures use it.
    labels: the same of another data set.
    Rows whose label is none of `labels` do not count.
    """
    if protocol in ("fer2013", "labels"):
        rows, names, top = np.arange(len(split)), split.labels, split.codes
    else:
        votes = drop_single_votes(votes_of(split)) if protocol == "majority" else votes_of(split)
        most = votes.max(axis=1).astype(int)
        counts = 2 * most > votes.sum(axis=1, dtype=int) if protocol == "majority" else most > 0
        rows, names, top = np.flatnonzero(counts), FERPLUS_COLUMNS, votes.argmax(axis=1)
    true = outputs_of(names, labels)[top[rows]]
    return rows[true >= 0], true[true >= 0]


def votes_of(split: Split) -> np.ndarray:
    """The votes of `split`, uint8 (N, 10). InputError where there are none."""
    if split.votes is None:
        raise InputError("--labels ferplus: no votes; put fer2013new.csv beside the data, or use --labels fer2013")
    return split.votes
