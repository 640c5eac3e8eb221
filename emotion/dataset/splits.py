"""A data set as arrays: faces, what they were labelled and voted, by split."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emotion.labels import FER2013_EMOTIONS

NO_CODE = 255

# "Test": Kaggle's class folders mix PublicTest and PrivateTest. "Validation": what others have split off, who knows how.
SPLITS = ("Training", "PublicTest", "PrivateTest", "Test", "Validation")
# How many rows FER2013 has in each split; its Test is that of Kaggle's class folders. Others that are sorted by the same
# seven emotions (AffectNet, RAF-DB, CK+, somebody's own) have other counts, and their figures compare with nobody's on FER2013.
FER2013_COUNTS = {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589, "Test": 7_178}


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
        """The `rows`, indices, a slice or a mask bool (N,), as a split of their own."""
        votes = None if self.votes is None else self.votes[rows]
        return replace(self, faces=self.faces[rows], codes=self.codes[rows], votes=votes)

    @property
    def has_codes(self) -> bool:
        """Whether every row has a label."""
        return not (self.codes == NO_CODE).any()


@dataclass(frozen=True)
class Rows:
    """A data set as its source gives it: all rows as one split, and the split of each."""

    everything: Split
    usage: np.ndarray  # uint8 (N,): an index into SPLITS
    notes: tuple[str, ...] = ()  # how it was read and what was left out, for a person

    def by_split(self) -> dict[str, Split]:
        """The splits that are there, in the order of SPLITS."""
        splits = {}
        for number, name in enumerate(SPLITS):
            rows = np.flatnonzero(self.usage == number)
            if len(rows):
                # A run of rows is a view, not a copy; Kaggle's file has its splits one after the other.
                run = rows[-1] - rows[0] + 1 == len(rows)
                splits[name] = self.everything.take(slice(rows[0], rows[-1] + 1) if run else rows)
        return splits


@dataclass(frozen=True)
class Dataset:
    """Faces with labels or votes, by split."""

    source: Path  # the file or folder it was read from
    splits: Mapping[str, Split]  # by name, in the order of SPLITS; only those that are there
    fingerprint: str  # SHA-256 of every pixel, label and vote in `source`
    notes: tuple[str, ...] = ()  # how it was read and what was left out, for a person
    files: tuple[Path, ...] = ()  # what was read, and the folders of pictures: no output may take their place

    def __str__(self) -> str:
        return f"{self.source}: " + ", ".join(f"{len(split)} {name}" for name, split in self.splits.items())

    @property
    def labels(self) -> tuple[str, ...]:
        """What the codes of every split mean."""
        return next(iter(self.splits.values())).labels

    def class_table(self) -> str:
        """How many faces each class has in each split, as a table for a person; "-" where there are votes alone."""
        width = max(len(label) for label in (*self.labels, "class"))
        lines = [f"{'class':{width}}" + "".join(f" {name:>11}" for name in self.splits)]
        for code, label in enumerate(self.labels):
            counts = [int((split.codes == code).sum()) if split.has_codes else "-" for split in self.splits.values()]
            lines.append(f"{label:{width}}" + "".join(f" {count:>11}" for count in counts))
        return "\n".join(lines)

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
        before = sorted({other for other in ("Training", self.selecting) if other and other != name})
        return np.concatenate([self.splits[other].faces for other in before])


def is_fer2013(usage: np.ndarray) -> bool:
    """Whether rows of these splits, indexes into SPLITS, may be FER2013's: each split that is there has its count."""
    counts = {name: int((usage == number).sum()) for number, name in enumerate(SPLITS)}
    present = {name: count for name, count in counts.items() if count}
    return "Training" in present and present.items() <= FER2013_COUNTS.items()


def in_turn(codes: np.ndarray, count: int) -> np.ndarray:
    """The rows of the first few of each code, `count` of them or a few more, in the order of the rows.

    Class folders hold one class after the other: the first rows alone would be of one.
    """
    present = np.unique(codes)
    share = -(-count // max(1, len(present)))
    return np.sort(np.concatenate([np.flatnonzero(codes == code)[:share] for code in present]))


def own_split(codes: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """A split of a data set that comes without one: uint8 (N,), an index into SPLITS.

    Of each class about a tenth is Validation, a tenth Test, the rest Training; rows of one group, the copies of a
    photograph, stay together, in the split of the first. A class of two photographs is for Training and Test alone.
    """
    usage = np.full(len(codes), SPLITS.index("Training"), np.uint8)
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    first = {int(groups[row]): int(codes[row]) for row in shuffled[::-1]}  # a group's class is that of one of its rows
    for code in np.unique(codes):
        members = [group for group, of in first.items() if of == code]
        wanted = len(codes[codes == code]) / 10
        for name, fewest in (("Validation", 3), ("Test", 2)):
            taken = 0
            while taken < wanted and len(members) >= fewest:
                rows = groups == members.pop()
                usage[rows] = SPLITS.index(name)
                taken += rows.sum()
    return usage
