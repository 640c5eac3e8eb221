"""FER2013's csv and FER+'s csv, row by row."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.dataset.csv_tables import Table, parse_numbers
from emotion.dataset.rows import NO_CODE, SIDE, Rows
from emotion.errors import InputError
from emotion.labels import FER2013_EMOTIONS

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
        return " ".join(table.state() for table in (self.faces, self.votes) if table)

    def read(self) -> Rows:
        faces, codes, usage = [], [], []
        first = 2  # the header is line 1
        for chunk in self.faces.chunks(("pixels", "usage", "emotion")):
            faces.append(parse_pixels(chunk["pixels"], self.path, first))
            usage.append(parse_usage(chunk["usage"], self.path, first))
            codes.append(self.parse_codes(chunk, first))
            first += len(chunk["usage"])
        usage = np.concatenate(usage)
        votes = self.read_votes(usage) if self.votes else None
        return Rows(np.concatenate(faces), np.concatenate(codes), usage, votes)

    def parse_codes(self, chunk: dict[str, np.ndarray], first_line: int) -> np.ndarray:
        if "emotion" not in chunk:
            return np.full(len(chunk["usage"]), NO_CODE, np.uint8)
        return parse_numbers(chunk["emotion"], len(FER2013_EMOTIONS) - 1, "emotion", self.path, first_line)

    def read_votes(self, usage: np.ndarray) -> np.ndarray:
        """By row: FER+ leaves the name empty where it saw no face, and its numbers drift away from the rows."""
        theirs, votes = self.votes.votes_beside("usage")
        if len(votes) != len(usage):
            raise InputError(
                f"{self.votes.path}: {len(votes)} rows of votes, but {self.path} has {len(usage)} faces; "
                "both must be whole and in their original order"
            )
        if len(differ := np.flatnonzero(parse_usage(theirs, self.votes.path, 2) != usage)):
            raise InputError(
                f"{self.votes.path}: line {differ[0] + 2} is of another split than the same line of {self.path}"
            )
        return votes


def parse_pixels(texts: np.ndarray, path: Path, first_line: int) -> np.ndarray:
    """Rows of 2304 numbers in text -> uint8 (N, 48, 48)."""
    counts = [str(text).strip().count(" ") + 1 for text in texts]  # str: an empty cell is NaN
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
