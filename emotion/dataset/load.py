"""A data set from whatever shape it was downloaded in, told apart by its content; parsed once, then from a cache.

a table          fer2013.csv or icml_face_data.csv, plain, packed, or in Kaggle's fer2013.tar.gz;
                 with fer2013new.csv (plain or packed) beside it for the votes, joined row by row
FER+ folders     FER2013Train/fer0000000.png ... with its label.csv, joined by name
class folders    train/happy/*.jpg, test/... or flat, of emotions or of any other classes; also in a zip or tar
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np

from emotion.dataset.archives import DAMAGED, is_archive
from emotion.dataset.class_folders import find_class_folders
from emotion.dataset.csv_tables import Table, TablePair, open_tables
from emotion.dataset.faces import is_image
from emotion.dataset.ferplus_folders import FERPLUS_FOLDERS, FerplusFolders
from emotion.dataset.splits import Dataset, Rows, Split
from emotion.errors import InputError
from emotion.files import atomic_file, cache_folder

logger = logging.getLogger(__name__)

CACHE_VERSION = 5
LARGEST_VOTES = 2**24  # bytes: FER+'s file has 1.4 million, and is looked for among downloads of any size

HOW_TO_GET_DATA = (
    "download fer2013 from https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-"
    "challenge/data and fer2013new.csv from https://github.com/microsoft/FERPlus, and put both (as they are, packed or "
    "not) into {folder}; or name a folder that holds one of pictures for each class, or a csv with the columns emotion and "
    "pixels"
)


class Source(Protocol):
    """A data set in one of its shapes: TablePair, FerplusFolders, ClassFolders."""

    @property
    def path(self) -> Path:
        """The file or folder."""

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read; the folders, where it is pictures in folders."""

    def state(self) -> str:
        """Changes when the files do; costs no reading of them."""

    def read(self) -> Rows:
        """Everything, in the files' order. Raises InputError where something is damaged."""


def load(path: Path, classes: tuple[str, ...] | None = None, seed: int = 0) -> Dataset:
    """The data set in the folder or file `path`, from its cache where that is still true to it.

    `classes` name classes that are numbered, the lowest first; `seed` is for the split of a data set without one.
    Raises InputError where nothing is found, or what is found is damaged.
    """
    if not path.exists():
        raise InputError(f"--data {path}: no such file or folder")
    source = find_source(path, classes, seed)
    if source is None:
        raise InputError(f"--data {path}: no faces with labels there; " + HOW_TO_GET_DATA.format(folder=path))
    key = f"{CACHE_VERSION} {source.state()}"
    place = cache_place(source)
    rows = read_cache(place, key)
    if rows is None:
        rows = source.read()
        write_cache(place, key, rows)
    for note in rows.notes:
        logger.info(note)
    splits = rows.by_split()
    if "Training" not in splits:
        raise InputError(f"--data {path}: holds no Training rows (found: {', '.join(splits) or 'none'})")
    return Dataset(source.path, splits, fingerprint(rows), rows.notes, source.files)


def find_source(path: Path, classes: tuple[str, ...] | None = None, seed: int = 0) -> Source | None:
    """The best source at `path`, a file or a folder: a table up to two levels deep before folders of images."""
    if not path.exists():
        return None
    if path.is_file():
        folders, tables = [], tables_in([path])
        beside = [*tables, *tables_in(small_files(path))]
    else:
        folders = [path, *sorted(inner for pattern in ("*", "*/*") for inner in path.glob(pattern) if inner.is_dir())]
        tables = beside = tables_in(file for folder in folders for file in folder.iterdir())
    votes = next((table for table in beside if table.holds_votes), None)
    pixels = (table for table in tables if "pixels" in table.columns)
    faces = min(pixels, key=lambda table: "usage" not in table.columns, default=None)  # Kaggle's train.csv has none
    if faces:
        return TablePair(faces, votes, classes, seed)
    ferplus = next(filter(None, (find_ferplus(folder, votes) for folder in folders)), None)
    if ferplus:
        return ferplus
    places = [
        path,
        *sorted(file for folder in folders for file in folder.iterdir() if file.is_file() and is_packed(file)),
    ]
    return next(filter(None, (find_class_folders(place, classes, seed) for place in places)), None)


def small_files(path: Path) -> list[Path]:
    """What lies beside the file `path` and could be FER+'s votes."""
    return [
        other
        for other in path.parent.iterdir()
        if other.is_file() and other.stat().st_size <= LARGEST_VOTES and not other.samefile(path)
    ]


def tables_in(paths: Iterable[Path]) -> list[Table]:
    """The tables among `paths`, in the order of their names."""
    files = (path for path in sorted(paths) if path.is_file() and not is_image(path) and not path.name.startswith("."))
    return [table for file in files for table in open_tables(file)]


def find_ferplus(folder: Path, votes: Table | None) -> Source | None:
    """The folders that FERPlus writes, if they lie in `folder`."""
    children = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()}
    found = {children[name]: usage for name, usage in FERPLUS_FOLDERS.items() if name in children}
    return FerplusFolders(folder, found, votes) if found else None


def is_packed(path: Path) -> bool:
    try:
        return not path.name.startswith(".") and not is_image(path) and is_archive(path)
    except DAMAGED:
        return False


def fingerprint(rows: Rows) -> str:
    """The SHA-256 of every pixel, label, split and vote, in hexadecimal."""
    digest = hashlib.sha256()
    for array in (rows.everything.faces, rows.everything.codes, rows.usage, rows.everything.votes):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def cache_place(source: Source) -> Path:
    """Where the cache lies.

    Not beside the data: it could come along with them, with labels that are not theirs, or as a link to some file of the
    user's, which would be overwritten.
    """
    name = hashlib.sha256(os.fsencode(source.path.resolve())).hexdigest()[:16]
    return cache_folder() / f"{name}.npz"


def read_cache(place: Path, key: str) -> Rows | None:
    """The rows that are cached in `place` under `key`; None where there are none."""
    try:
        with place.open("rb") as file, np.load(file) as stored:
            if str(stored["key"]) != key:
                return None
            labels = tuple(map(str, stored["labels"]))
            split = Split(
                stored["faces"], stored["codes"], stored.get("votes"), labels, protocol=str(stored["protocol"])
            )
            return Rows(split, stored["usage"], tuple(map(str, stored["notes"])))
    except Exception:  # absent, half there, damaged, not ours: it is made again
        return None


def write_cache(place: Path, key: str, rows: Rows) -> None:
    """Uncompressed: 75 MB read in a twentieth of a second beat 50 unpacked in one. A full disk costs the cache alone."""
    arrays = {name: value for name, value in vars(rows.everything).items() if value is not None}
    with contextlib.suppress(InputError, OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(place) as unfinished:
            np.savez(unfinished, key=np.array(key), usage=rows.usage, notes=np.array(rows.notes, str), **arrays)
