"""The shapes in which FER2013 and FER+ are downloaded, told apart by their content.

a table     fer2013.csv or icml_face_data.csv, plain, gzipped, zipped, or in Kaggle's fer2013.tar.gz;
            with fer2013new.csv (plain or packed) beside it for the votes, joined row by row
votes       FER+ folders: FER2013Train/fer0000000.png ... with its label.csv, joined by name
classes     Kaggle's class folders: train/happy/*.jpg, test/...: original labels only
"""

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.labels import FER2013_EMOTIONS, FERPLUS_COLUMNS, SYNONYMS
from emotion.tables import Table, open_table

USAGE = {"training": 0, "publictest": 1, "privatetest": 2}
FERPLUS_FOLDERS = {"fer2013train": 0, "fer2013valid": 1, "fer2013test": 2}
CLASS_FOLDERS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 3} | USAGE
NO_CODE = 255
SIDE = 48


@dataclass(frozen=True)
class Rows:
    faces: np.ndarray  # uint8 (N, 48, 48)
    codes: np.ndarray  # uint8 (N,): the original label, NO_CODE where it is not known
    usage: np.ndarray  # uint8 (N,): index into dataset.SPLITS
    votes: np.ndarray | None  # uint8 (N, 10)


class Source(Protocol):
    path: Path

    def state(self) -> str:
        """Changes when the files do; costs no reading of them."""

    def read(self) -> Rows:
        """Everything, in the files' order."""


def find_source(path: Path) -> Source | None:
    """The best source at `path`, a file or a folder searched two levels deep: a table before folders of images."""
    if not path.exists():
        return None
    folders = [path, *sorted(p for pattern in ("*", "*/*") for p in path.glob(pattern) if p.is_dir())]
    files = [path] if path.is_file() else sorted(f for folder in folders for f in folder.iterdir() if f.is_file())
    tables = [table for file in files if (table := open_table(file))]
    beside = [t for f in sorted(path.parent.iterdir()) if (t := open_table(f))] if path.is_file() else tables
    votes = next((t for t in beside if "nf" in t.columns and "pixels" not in t.columns), None)
    faces = next((t for t in tables if "pixels" in t.columns), None)
    if faces:
        return TableSource(faces, votes)
    for folder in folders:
        names = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()} if folder.is_dir() else {}
        if names.keys() & FERPLUS_FOLDERS.keys():
            return VotesSource(folder, {names[n]: usage for n, usage in FERPLUS_FOLDERS.items() if n in names}, votes)
        found = {names[n]: usage for n, usage in CLASS_FOLDERS.items() if n in names}
        if any(emotion_code(child.name) is not None for split in found for child in split.iterdir()):
            return ClassesSource(folder, found)
    return None


@dataclass(frozen=True)
class TableSource:
    faces: Table
    votes: Table | None

    @property
    def path(self) -> Path:
        return self.faces.path

    def state(self) -> str:
        return file_state([self.faces.path] + ([self.votes.path] if self.votes else []))

    def read(self) -> Rows:
        faces, codes, usage = [], [], []
        first = 2  # the header is line 1
        for chunk in self.faces.chunks(("pixels", "usage", "emotion")):
            faces.append(parse_pixels(chunk["pixels"], self.path, first))
            usage.append(parse_usage(chunk["usage"], self.path, first))
            codes.append(chunk["emotion"].astype(np.uint8) if "emotion" in chunk else [NO_CODE] * len(chunk["usage"]))
            first += len(chunk["usage"])
        if not faces:
            raise InputError(f"{self.path}: has a header but no rows; download it again")
        usage = np.concatenate(usage)
        votes = self.read_votes(usage) if self.votes else None
        return Rows(np.concatenate(faces), np.concatenate(codes).astype(np.uint8), usage, votes)

    def read_votes(self, usage: np.ndarray) -> np.ndarray:
        """By row: FER+ leaves the name empty where it saw no face, and its numbers drift away from the rows."""
        names = tuple(column.lower() for column in FERPLUS_COLUMNS)
        chunks = list(self.votes.chunks((*names, "usage")))
        votes = np.concatenate([np.stack([chunk[n] for n in names], axis=1) for chunk in chunks]).astype(np.uint8)
        if len(votes) != len(usage):
            raise InputError(
                f"{self.votes.path}: {len(votes)} rows of votes, but {self.path} has {len(usage)} faces; "
                "both must be whole and in their original order"
            )
        theirs = np.concatenate([parse_usage(chunk["usage"], self.votes.path, 2) for chunk in chunks])
        if len(differ := np.flatnonzero(theirs != usage)):
            raise InputError(
                f"{self.votes.path}: line {differ[0] + 2} is of another split than the same line of {self.path}"
            )
        return votes


@dataclass(frozen=True)
class VotesSource:
    path: Path
    folders: dict[Path, int]
    votes: Table | None  # fer2013new.csv, for folders without a label.csv

    def state(self) -> str:
        return folder_state(self.folders)

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
        return Rows(read_faces(paths), codes, np.array(usage, np.uint8), np.array(votes, np.uint8))

    def named_votes(self) -> dict[str, list[int]]:
        if self.votes is None:
            raise InputError(
                f"{self.path}: no label.csv in its folders and no fer2013new.csv beside them: the votes are missing"
            )
        names = ("image name", *(column.lower() for column in FERPLUS_COLUMNS))
        return {
            str(row[0]): list(row[1:])
            for chunk in self.votes.chunks(names)
            for row in zip(*(chunk[name] for name in names), strict=True)
            if str(row[0]).startswith("fer")
        }


@dataclass(frozen=True)
class ClassesSource:
    path: Path
    folders: dict[Path, int]

    def state(self) -> str:
        return folder_state([child for split in self.folders for child in sorted(split.iterdir()) if child.is_dir()])

    def read(self) -> Rows:
        paths, codes, usage = [], [], []
        for split, number in self.folders.items():
            for child in sorted(split.iterdir()):
                code = emotion_code(child.name)
                images = (
                    [p for p in sorted(child.iterdir()) if is_image(p)] if code is not None and child.is_dir() else []
                )
                paths += images
                codes += [code] * len(images)
                usage += [number] * len(images)
        return Rows(read_faces(paths), np.array(codes, np.uint8), np.array(usage, np.uint8), None)


def emotion_code(name: str) -> int | None:
    """FER2013's number of a class folder's emotion ("happy", "Happiness" or "3"), None for other folders."""
    name = SYNONYMS.get(name.lower(), name.lower())
    if name in FER2013_EMOTIONS:
        return FER2013_EMOTIONS.index(name)
    return int(name) if name in set("0123456") else None


def is_image(path: Path) -> bool:
    return path.suffix.lower() in {".png", ".jpg", ".jpeg"}


def read_faces(paths: list[Path]) -> np.ndarray:
    """Image files -> uint8 (N, 48, 48), grey; other sizes are resized."""
    faces = np.empty((len(paths), SIDE, SIDE), np.uint8)
    for i, path in enumerate(paths):
        data = np.frombuffer(path.read_bytes(), np.uint8)
        face = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
        if face is None:
            raise InputError(f"{path}: not an image that can be read; delete it or download it again")
        faces[i] = face if face.shape == (SIDE, SIDE) else cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return faces


def read_label_csv(path: Path) -> dict[str, list[int]]:
    """FER+'s label.csv, no header: name, box, the ten votes."""
    with path.open(newline="") as file:
        try:
            return {row[0]: [round(float(vote)) for vote in row[2:12]] for row in csv.reader(file) if row}
        except (ValueError, IndexError):
            raise InputError(f"{path}: a row is not `name, box, ten votes`; generate it again with FERPlus") from None


def parse_pixels(texts: np.ndarray, path: Path, first_line: int) -> np.ndarray:
    """Rows of 2304 numbers in text -> uint8 (N, 48, 48)."""
    counts = [text.count(" ") + 1 for text in map(str.strip, texts)]
    for offset, count in enumerate(counts):
        if count != SIDE * SIDE:
            raise InputError(
                f"{path}: line {first_line + offset} has {count} pixels, expected {SIDE * SIDE}; download it again"
            )
    try:
        pixels = (
            np.array(" ".join(texts).split(), dtype=np.int32)
            if len(texts) < 2
            else np.fromstring(" ".join(texts), np.int32, sep=" ")
        )
        faces = pixels.reshape(len(texts), SIDE, SIDE)
    except ValueError:
        faces = None
    if faces is None or faces.min() < 0 or faces.max() > 255:
        last = first_line + len(texts) - 1
        raise InputError(
            f"{path}: between lines {first_line} and {last} a pixel is no number from 0 to 255; download it again"
        )
    return faces.astype(np.uint8)


def parse_usage(texts: Iterable[str], path: Path, first_line: int) -> np.ndarray:
    numbers = [USAGE.get(str(text).strip().lower()) for text in texts]
    if None in numbers:
        at = numbers.index(None)
        raise InputError(
            f"{path}: line {first_line + at}: Usage is {list(texts)[at]!r}, expected Training, PublicTest or PrivateTest"
        )
    return np.array(numbers, np.uint8)


def file_state(paths: Iterable[Path]) -> str:
    return " ".join(f"{p.resolve()} {(s := p.stat()).st_size} {s.st_mtime_ns}" for p in paths)


def folder_state(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            status = entry.stat()
            digest.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
