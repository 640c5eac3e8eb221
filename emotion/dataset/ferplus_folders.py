"""FER2013 as the folders of images that FERPlus writes, with their votes."""

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.dataset.csv_tables import Table, parse_numbers
from emotion.dataset.faces import LARGEST, read_face
from emotion.dataset.splits import NO_CODE, Rows, Split
from emotion.errors import InputError, reason
from emotion.geometry import FACE_SIDE
from emotion.labels import FERPLUS_COLUMNS

# Folder names, in lower case, and the index into splits.SPLITS that they mean.
FERPLUS_FOLDERS = {"fer2013train": 0, "fer2013valid": 1, "fer2013test": 2}


@dataclass(frozen=True)
class FerplusFolders:
    """The folders of images that FERPlus writes; as a Source of load.py."""

    path: Path
    folders: dict[Path, int]
    votes: Table | None  # fer2013new.csv, for folders without a label.csv

    @property
    def files(self) -> tuple[Path, ...]:
        return (*self.folders, *([self.votes.path] if self.votes else []))

    def state(self) -> str:
        return folder_state(self.folders) + (f" {self.votes.state()}" if self.votes else "")

    def read(self) -> Rows:
        paths, usage, votes = [], [], []
        for folder, number in self.folders.items():
            named = read_label_csv(folder / "label.csv") if (folder / "label.csv").is_file() else self.named_votes()
            present = [name for name in named if (folder / name).is_file()]
            paths += [folder / name for name in present]
            usage += [number] * len(present)
            votes += [named[name] for name in present]
        if not paths:
            raise InputError(f"{self.path}: its FER2013 folders hold no image that label.csv or fer2013new.csv names")
        codes = np.full(len(paths), NO_CODE, np.uint8)
        return Rows(Split(read_faces(paths), codes, np.array(votes, np.uint8)), np.array(usage, np.uint8))

    def named_votes(self) -> dict[str, np.ndarray]:
        """The votes, uint8 (10,), by the names of the images. InputError where there is no table of them."""
        if self.votes is None:
            raise InputError(
                f"{self.path}: no label.csv in its folders and no fer2013new.csv beside them: the votes are missing"
            )
        names, votes = self.votes.votes_beside("image name")  # empty where FER+ saw no face
        return dict(zip(map(str, names), votes, strict=True))


def read_faces(paths: list[Path]) -> np.ndarray:
    """Image files -> uint8 (N, 48, 48), grey; other sizes are resized."""
    faces = np.empty((len(paths), FACE_SIDE, FACE_SIDE), np.uint8)
    for face, path in zip(faces, paths, strict=True):
        with path.open("rb") as file:
            face[:] = read_face(file.read(LARGEST + 1), path)
    return faces


def read_label_csv(path: Path) -> dict[str, np.ndarray]:
    """FER+'s label.csv, no header: name, box, the ten votes."""
    width = 2 + len(FERPLUS_COLUMNS)
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path}: too large for the votes of a folder; generate it again with FERPlus")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row[:width] for row in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: damaged ({reason(error)}); generate it again with FERPlus") from None
    short = next((line for line, row in enumerate(rows, 1) if len(row) < width), None)
    if short or not rows:
        raise InputError(f"{path}: line {short or 1} is not `name, box, ten votes`; generate it again with FERPlus")
    columns = np.array(rows, object).T
    named = zip(FERPLUS_COLUMNS, columns[2:], strict=True)
    votes = np.stack([parse_numbers(column, 255, name, path, 1) for name, column in named], axis=1)
    return dict(zip(columns[0], votes, strict=True))


def folder_state(folders: Iterable[Path]) -> str:
    """Changes when a file in one of `folders` does; reads none of them."""
    digest = hashlib.sha256()
    for folder in folders:
        digest.update(os.fsencode(f"{folder}\n"))  # whose name says which split or emotion it holds
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            status = entry.stat()
            digest.update(os.fsencode(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n"))
    return digest.hexdigest()
