"""FER2013's csv and FER+'s csv, row by row."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.labels import FERPLUS_COLUMNS
from emotion.rows import NO_CODE, SIDE, Rows
from emotion.tables import Table

USAGE = {"training": 0, "publictest": 1, "privatetest": 2}


@dataclass(frozen=True)
class TablePair:
    """`faces` has pixels and the original labels; `votes`, if there, as many rows in the same order."""

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


def parse_pixels(texts: np.ndarray, path: Path, first_line: int) -> np.ndarray:
    """Rows of 2304 numbers in text -> uint8 (N, 48, 48)."""
    counts = [text.count(" ") + 1 for text in map(str.strip, texts)]
    for offset, count in enumerate(counts):
        if count != SIDE * SIDE:
            raise InputError(
                f"{path}: line {first_line + offset} has {count} pixels, expected {SIDE * SIDE}; download it again"
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns of what is no number
            faces = np.fromstring(" ".join(texts), np.int32, sep=" ").reshape(len(texts), SIDE, SIDE)
        sound = faces.min() >= 0 and faces.max() <= 255
    except (ValueError, DeprecationWarning):
        sound = False
    if not sound:
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
