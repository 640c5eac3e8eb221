"""A data set from whatever shape it was downloaded in, told apart by its content; parsed once, then from a cache.

a table          fer2013.csv or icml_face_data.csv, plain, packed, or in Kaggle's fer2013.tar.gz;
                 with fer2013new.csv (plain or packed) beside it for the votes, joined row by row
FER+ folders     FER2013Train/fer0000000.png ... with its label.csv, joined by name
class folders    Kaggle's train/happy/*.jpg, test/...: original labels only
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from platformdirs import user_cache_path

from emotion.dataset.csv_tables import Table, TablePair, open_tables
from emotion.dataset.image_folders import (
    CLASS_FOLDERS,
    FERPLUS_FOLDERS,
    ClassFolders,
    FerplusFolders,
    emotion_code,
    is_image,
)
from emotion.dataset.splits import Dataset, Rows, Split
from emotion.errors import InputError
from emotion.files import atomic_file

CACHE_VERSION = 3
# A cache that is absent, half there, or not ours: it is made again.
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
LARGEST_VOTES = 2**24  # bytes: FER+'s file has 1.4 million, and is looked for among downloads of any size

HOW_TO_GET_DATA = (
    "download fer2013 from https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-"
    "challenge/data and fer2013new.csv from https://github.com/microsoft/FERPlus, and put both (as they are, packed or "
    "not) into {folder}"
)


class Source(Protocol):
    path: Path

    def state(self) -> str:
        """Changes when the files do; costs no reading of them."""

    def read(self) -> Rows:
        """Everything, in the files' order. Raises InputError where something is damaged."""


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
    splits = rows.by_split()
    if "Training" not in splits:
        raise InputError(f"--data {path}: holds no Training rows (found: {', '.join(splits) or 'none'})")
    return Dataset(source.path, splits, fingerprint(rows))


def find_source(path: Path) -> Source | None:
    """The best source at `path`, a file or a folder searched two levels deep: a table before folders of images."""
    if not path.exists():
        return None
    if path.is_file():
        folders, tables = [], tables_in([path])
        beside = [*tables, *tables_in(small_files(path))]
    else:
        folders = [path, *sorted(inner for pattern in ("*", "*/*") for inner in path.glob(pattern) if inner.is_dir())]
        tables = beside = tables_in(file for folder in folders for file in folder.iterdir())
    votes = next((table for table in beside if table.holds_votes), None)
    faces = next((table for table in tables if "pixels" in table.columns), None)
    if faces:
        return TablePair(faces, votes)
    return next(filter(None, (find_images(folder, votes) for folder in folders)), None)


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


def find_images(folder: Path, votes: Table | None) -> Source | None:
    """What lies in `folder` as folders of images; None where nothing does."""
    children = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()}
    ferplus, classes = (
        {children[name]: usage for name, usage in known.items() if name in children}
        for known in (FERPLUS_FOLDERS, CLASS_FOLDERS)
    )
    if ferplus:
        return FerplusFolders(folder, ferplus, votes)
    if any(emotion_code(child.name) is not None for split in classes for child in split.iterdir()):
        return ClassFolders(folder, classes)
    return None


def fingerprint(rows: Rows) -> str:
    digest = hashlib.sha256()
    for array in (rows.everything.faces, rows.everything.codes, rows.usage, rows.everything.votes):
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
            labels = tuple(map(str, stored["labels"]))
            split = Split(
                stored["faces"], stored["codes"], stored.get("votes"), labels, protocol=str(stored["protocol"])
            )
            return Rows(split, stored["usage"])
    except UNREADABLE:
        return None


def write_cache(place: Path, key: str, rows: Rows) -> bool:
    """Whether it could be written. Uncompressed: 75 MB read in a twentieth of a second beat 50 unpacked in one."""
    arrays = {name: value for name, value in vars(rows.everything).items() if value is not None}
    try:
        with atomic_file(place) as unfinished:
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(unfinished, key=np.array(key), usage=rows.usage, **arrays)
    except InputError:
        return False
    return True
