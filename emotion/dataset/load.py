"""FER2013's faces and FER+'s votes, as arrays by split, from whatever shape they were downloaded in.

What the files look like is the business of `sources.py`; here they become splits, once, and are cached.
"""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from emotion.dataset.rows import NO_CODE, SPLITS, Rows
from emotion.dataset.sources import Source, find_source
from emotion.errors import InputError
from emotion.files import whole_file

CACHE_VERSION = 2
# A cache that is absent, half there, or not ours: it is made again.
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)

HOW_TO_GET_DATA = (
    "download fer2013 from https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-"
    "challenge/data and fer2013new.csv from https://github.com/microsoft/FERPlus, and put both (as they are, packed or "
    "not) into {folder}"
)


@dataclass(frozen=True)
class Split:
    """Some rows of FER2013. `votes` is None where only the original labels are at hand."""

    faces: np.ndarray  # uint8 (N, 48, 48), grey
    codes: np.ndarray  # uint8 (N,), an index into labels.FER2013_EMOTIONS; NO_CODE where unknown
    votes: np.ndarray | None  # uint8 (N, 10), labels.FERPLUS_COLUMNS

    def __len__(self) -> int:
        return len(self.faces)

    def take(self, rows) -> "Split":
        return Split(self.faces[rows], self.codes[rows], None if self.votes is None else self.votes[rows])

    @property
    def has_codes(self) -> bool:
        return not (self.codes == NO_CODE).any()


@dataclass(frozen=True)
class Dataset:
    source: Path  # the file or folder it was read from
    splits: Mapping[str, Split]  # by name, in the order of SPLITS; only those that are there
    fingerprint: str  # SHA-256 of every pixel, label and vote in `source`

    def __str__(self) -> str:
        return f"{self.source}: " + ", ".join(f"{len(split)} {name}" for name, split in self.splits.items())

    def handful(self, count: int = 128) -> "Dataset":
        """The first `count` rows of each split, to try every step on."""
        few = {name: split.take(slice(count)) for name, split in self.splits.items()}
        return Dataset(self.source, few, self.fingerprint)

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

    def known_before(self, name: str) -> np.ndarray:
        """The faces that had their part in a training run, uint8 (N, 48, 48), when it is measured on split `name`."""
        before = {"Training", self.selecting} - {None, name}
        return np.concatenate([self.splits[other].faces for other in sorted(before)])


def load(path: Path) -> Dataset:
    """The data set in the folder or file `path`, from its cache where that is still true to it.

    Raises InputError where nothing is found, or what is found is damaged.
    """
    source = find_source(path)
    if source is None:
        raise InputError(f"--data {path}: no FER2013 data there; " + HOW_TO_GET_DATA.format(folder=path))
    key = f"{CACHE_VERSION} {source.state()}"
    places = cache_places(source)
    rows = next(filter(None, (read_cache(place, key) for place in places)), None)
    if rows is None:
        rows = source.read()
        for place in places:
            if write_cache(place, key, rows):
                break
    return split_rows(source.path, rows)


def split_rows(path: Path, rows: Rows) -> Dataset:
    splits = {}
    for number, name in enumerate(SPLITS):
        chosen = np.flatnonzero(rows.usage == number)
        if len(chosen):
            # A run of rows is a view, not a copy; Kaggle's file has its splits one after the other.
            if chosen[-1] - chosen[0] + 1 == len(chosen):
                chosen = slice(chosen[0], chosen[-1] + 1)
            splits[name] = Split(rows.faces, rows.codes, rows.votes).take(chosen)
    if "Training" not in splits:
        raise InputError(f"--data {path}: holds no Training rows (found: {', '.join(splits) or 'none'})")
    return Dataset(path, splits, fingerprint(rows))


def fingerprint(rows: Rows) -> str:
    digest = hashlib.sha256()
    for array in (rows.faces, rows.codes, rows.usage, rows.votes):
        if array is not None:
            digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def cache_places(source: Source) -> list[Path]:
    """Where a cache may lie: with the data and, should that be read-only, in the user's cache folder."""
    path = source.path.resolve()
    folder = path if path.is_dir() else path.parent
    elsewhere = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return [folder / f".{path.name}.cache.npz", user_cache_path("facial-emotion-recognition") / f"{elsewhere}.npz"]


def read_cache(place: Path, key: str) -> Rows | None:
    try:
        with place.open("rb") as file, np.load(file) as stored:
            if str(stored["key"]) != key:
                return None
            votes = stored.get("votes")
            return Rows(stored["faces"], stored["codes"], stored["usage"], votes)
    except UNREADABLE:
        return None


def write_cache(place: Path, key: str, rows: Rows) -> bool:
    """Whether it could be written. Uncompressed: 75 MB read in a twentieth of a second beat 50 unpacked in one."""
    arrays = {"faces": rows.faces, "codes": rows.codes, "usage": rows.usage}
    if rows.votes is not None:
        arrays["votes"] = rows.votes
    try:
        with whole_file(place) as unfinished:
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(unfinished, key=np.array(key), **arrays)
    except InputError:
        return False
    return True
