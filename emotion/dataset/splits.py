"""A data set as arrays: faces, what they were labelled and voted, by split."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emotion.labels import FER2013_EMOTIONS

FACE_SIDE = 48  # pixels
NO_CODE = 255

# "Test": Kaggle's class folders mix PublicTest and PrivateTest. "Validation": what others have split off, who knows how.
SPLITS = ("Training", "PublicTest", "PrivateTest", "Test", "Validation")


@dataclass(frozen=True)
class Split:
    """Some rows of a data set."""

    faces: np.ndarray  # uint8 (N, 48, 48), grey
    codes: np.ndarray  # uint8 (N,), the label: an index into `labels`; NO_CODE where unknown
    votes: np.ndarray | None = None  # uint8 (N, 10), labels.FERPLUS_COLUMNS; None where there are labels alone
    labels: tuple[str, ...] = FER2013_EMOTIONS
    protocol: str = "fer2013"  # what an accuracy by `codes` is called: fer2013, or labels for other people's

    def __len__(self) -> int:
        return len(self.faces)

    def take(self, rows) -> "Split":
        votes = None if self.votes is None else self.votes[rows]
        return replace(self, faces=self.faces[rows], codes=self.codes[rows], votes=votes)

    @property
    def has_codes(self) -> bool:
        return not (self.codes == NO_CODE).any()


@dataclass(frozen=True)
class Rows:
    """A data set as its source gives it: all rows as one split, and the split of each."""

    everything: Split
    usage: np.ndarray  # uint8 (N,): an index into SPLITS

    def by_split(self) -> dict[str, Split]:
        """The splits that are there, in the order of SPLITS."""
        splits = {}
        for number, name in enumerate(SPLITS):
            chosen = np.flatnonzero(self.usage == number)
            if len(chosen):
                # A run of rows is a view, not a copy; Kaggle's file has its splits one after the other.
                if chosen[-1] - chosen[0] + 1 == len(chosen):
                    chosen = slice(chosen[0], chosen[-1] + 1)
                splits[name] = self.everything.take(chosen)
        return splits


@dataclass(frozen=True)
class Dataset:
    source: Path  # the file or folder it was read from
    splits: Mapping[str, Split]  # by name, in the order of SPLITS; only those that are there
    fingerprint: str  # SHA-256 of every pixel, label and vote in `source`

    def __str__(self) -> str:
        return f"{self.source}: " + ", ".join(f"{len(split)} {name}" for name, split in self.splits.items())

    @property
    def labels(self) -> tuple[str, ...]:
        """What the codes of every split mean."""
        return next(iter(self.splits.values())).labels

    def sample(self, count: int = 128) -> "Dataset":
        """About `count` rows of each split, of every label in turn, to try every step on."""
        return replace(
            self, splits={name: split.take(in_turn(split.codes, count)) for name, split in self.splits.items()}
        )

    @property
    def selecting(self) -> str | None:
        """The split on which a training run selects its best epoch, unless that is held out of Training."""
        return next((name for name in ("PublicTest", "Validation") if name in self.splits), None)

    def development(self, seed: int = 0) -> tuple[Split, Split]:
        """(rows to learn from, rows to select on): Training and PublicTest, or what others call validation.

        Where there is neither, a tenth of Training is held out: the split that is measured must not select. A face that
        Training holds twice is held out twice.
        """
        training = self.splits["Training"]
        if self.selecting:
            return training, self.splits[self.selecting]
        known: dict[bytes, int] = {}
        faces = np.array([known.setdefault(face.tobytes(), len(known)) for face in training.faces])
        chosen = np.random.default_rng(seed).permutation(len(known))[: max(1, len(known) // 10)]
        held_out = np.isin(faces, chosen)
        return training.take(np.flatnonzero(~held_out)), training.take(np.flatnonzero(held_out))

    def seen_faces(self, name: str) -> np.ndarray:
        """The faces that had their part in a training run, uint8 (N, 48, 48), when it is measured on split `name`."""
        before = {"Training", self.selecting} - {None, name}
        return np.concatenate([self.splits[other].faces for other in sorted(before)])


def in_turn(codes: np.ndarray, count: int) -> np.ndarray:
    """The rows of the first few of each code, `count` of them or a few more, in the order of the rows.

    Class folders hold one class after the other: the first rows alone would be of one.
    """
    present = np.unique(codes)
    share = -(-count // max(1, len(present)))
    return np.sort(np.concatenate([np.flatnonzero(codes == code)[:share] for code in present]))
