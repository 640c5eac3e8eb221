"""FER2013's csv, and FER+'s csv of votes beside it: found by their columns, read a thousand lines at a time."""

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.dataset.archives import DAMAGED, Lines, members, open_member
from emotion.dataset.classes import RAFDB_ORDER, label_codes, name_classes, spoken
from emotion.dataset.duplicates import photograph_groups
from emotion.dataset.splits import NO_CODE, Rows, Split, is_fer2013, own_split
from emotion.errors import InputError, reason
from emotion.geometry import FACE_SIDE
from emotion.labels import FER2013_EMOTIONS, FERPLUS_COLUMNS

CHUNK = 1000  # 8 MB of pixels in text: what a first parse holds beside the arrays it fills
USAGE = {"training": 0, "publictest": 1, "privatetest": 2, "train": 0, "test": 3, "validation": 4, "valid": 4, "val": 4}


@dataclass(frozen=True)
class Table:
    """A csv of FER2013 or FER+, plain or packed."""

    path: Path  # the file on disk, the archive if it is packed
    member: str | None  # its name in the archive
    columns: tuple[str, ...]  # lower case, stripped: icml_face_data.csv has ' Usage' and ' pixels'

    @property
    def holds_votes(self) -> bool:
        """Whether it is FER+'s, which has no pixels."""
        return "nf" in self.columns and "pixels" not in self.columns

    def state(self) -> str:
        """Changes when the file does."""
        status = self.path.stat()
        return f"{self.path.resolve()} {self.member} {status.st_size} {status.st_mtime_ns}"

    def chunks(self, wanted: tuple[str, ...]) -> Iterator[dict[str, np.ndarray]]:
        """The wanted columns that exist, by name, some rows at a time. InputError where there are none, or damage."""
        rows = 0
        places = {name: self.columns.index(name) for name in wanted if name in self.columns}
        try:
            with open_member(self.path, self.member) as stream:
                lines = io.BufferedReader(Lines(stream))
                for chunk in pd.read_csv(lines, chunksize=CHUNK, header=0, names=range(len(self.columns))):
                    rows += len(chunk)  # of a header alone there is one chunk, and empty
                    if len(chunk):
                        yield {name: chunk[place].to_numpy() for name, place in places.items()}
        except DAMAGED as error:
            raise InputError(f"{self.path}: damaged ({reason(error)}); download it again") from None
        if not rows:
            raise InputError(f"{self.path}: has a header but no rows; download it again")

    def votes_beside(self, other: str) -> tuple[np.ndarray, np.ndarray]:
        """Of FER+'s table: (column `other`, the votes uint8 (N, 10) as in labels.FERPLUS_COLUMNS), row by row.

        InputError where a column is missing or a vote is no number.
        """
        names = [column.lower() for column in FERPLUS_COLUMNS]
        if missing := [name for name in (other, *names) if name not in self.columns]:
            raise InputError(f"{self.path}: has no column {missing[0]!r}; download it again")
        chunks = list(self.chunks((other, *names)))
        columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in (other, *names)}
        votes = [parse_numbers(columns[name], 255, name, self.path, 2) for name in names]
        return columns[other], np.stack(votes, axis=1)


@dataclass(frozen=True)
class TablePair:
    """`faces` has pixels and labels; `votes`, if there, as many rows in the same order."""

    faces: Table
    votes: Table | None
    classes: tuple[str, ...] | None  # names for the numbers in its column `emotion`; else they are FER2013's
    seed: int  # of the split, where there is no column `Usage`

    @property
    def path(self) -> Path:
        return self.faces.path

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.faces.path, *([self.votes.path] if self.votes else []))

    def state(self) -> str:
        return " ".join(
            [*(table.state() for table in (self.faces, self.votes) if table), f"{self.classes} {self.seed}"]
        )

    def read(self) -> Rows:
        pixels: list[np.ndarray] = []
        usages: list[np.ndarray] = []
        emotions: list[np.ndarray] = []
        first = 2  # the header is line 1
        for chunk in self.faces.chunks(("pixels", "usage", "emotion")):
            pixels.append(parse_pixels(chunk["pixels"], self.path, first))
            if "usage" in chunk:
                usages.append(parse_usage(chunk["usage"], self.path, first))
            emotions.append(chunk.get("emotion", np.full(len(chunk["pixels"]), NO_CODE)))
            first += len(chunk["pixels"])
        faces, usage, votes = np.concatenate(pixels), np.concatenate(usages) if usages else None, None
        notes: list[str] = []
        if self.votes:
            usage, votes = self.read_votes(self.votes, usage, len(faces), notes)
        # Its columns are not enough: somebody's own table may have the same. FER+'s votes are of FER2013's rows alone.
        known = votes is not None or (usage is not None and is_fer2013(usage))
        labels, codes = self.read_labels(np.concatenate(emotions), known, notes)
        known = known and labels == FER2013_EMOTIONS and not self.classes
        if usage is None:
            usage = own_split(codes, photograph_groups(faces), self.seed)
            notes.append(f"{self.path}: has no column Usage; split here by photograph, 8 : 1 : 1, --seed {self.seed}")
        return Rows(Split(faces, codes, votes, labels, "fer2013" if known else "labels"), usage, tuple(notes))

    def read_labels(self, emotion: np.ndarray, known: bool, notes: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
        """(the labels, the index of each row's): of the column `emotion`, numbers or names; `known` are FER2013's rows."""
        if "emotion" not in self.faces.columns:
            return FER2013_EMOTIONS, np.full(len(emotion), NO_CODE, np.uint8)
        if np.isnan(to_numbers(emotion)).all() or self.classes:
            names = [str(value).strip() for value in emotion]
            if self.classes:
                names = list(map(str, parse_numbers(emotion, NO_CODE - 1, "emotion", self.path, 2)))
            called, found = name_classes(set(names), self.classes, str(self.path))
            notes += found
            labels, by_name = label_codes(called)
            return labels, np.array([by_name[name] for name in names], np.uint8)
        expected = "0 to 6, or 7 for contempt; --classes names others"
        codes = parse_numbers(emotion, 7, "emotion", self.path, 2, expected)
        labels = (*FER2013_EMOTIONS, "contempt") if (codes == 7).any() else FER2013_EMOTIONS
        present = np.unique(codes)
        if known:
            return labels, codes
        if present[0] != 0:  # RAF-DB's 1 to 7, for one
            raise InputError(
                f"{self.path}: its classes are numbered {present[0]} to {present[-1]}, and FER2013's codes from 0: say "
                f"what they mean, the lowest first (--classes {RAFDB_ORDER} is RAF-DB's order), or write names"
            )
        meant = spoken({str(code): labels[code] for code in present})
        notes.append(f"{self.path}: its numbers are read as FER2013's codes: {meant}; --classes names them otherwise")
        return tuple(labels[code] for code in present), np.searchsorted(present, codes).astype(np.uint8)

    def read_votes(
        self, table: Table, usage: np.ndarray | None, count: int, notes: list[str]
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(the split of each row, the votes uint8 (N, 10)) of `table`, row by row.

        FER+ leaves the name empty where it saw no face, and its numbers drift away from the rows.
        """
        theirs, votes = table.votes_beside("usage")
        theirs = parse_usage(theirs, table.path, 2)
        if usage is None and len(votes) != count:
            notes.append(f"{table.path}: left out: of {len(votes)} rows, and {self.path} has {count} and no Usage")
            return None, None
        if len(votes) != count:
            raise InputError(
                f"{table.path}: {len(votes)} rows of votes, but {self.path} has {count} faces; "
                "both must be whole and in their original order"
            )
        if usage is not None and len(differ := np.flatnonzero(theirs != usage)):
            raise InputError(
                f"{table.path}: line {differ[0] + 2} is of another split than the same line of {self.path}"
            )
        return theirs, votes


def open_tables(path: Path) -> list[Table]:
    """The tables of FER2013 or FER+ in the file `path`, plain or packed: one that cannot be read hides no other."""
    found = []
    try:
        for member in members(path):
            name = Path(member or path.name).name
            if name.startswith(".") or (member and not name.lower().endswith(".csv")):
                continue  # hidden, as macOS's `._fer2013.csv` is, which holds no table
            if columns := read_columns(path, member):
                found.append(Table(path, member, columns))
    except DAMAGED:
        pass
    return found


def read_columns(path: Path, member: str | None) -> tuple[str, ...] | None:
    """The columns of a csv, if they are those of FER2013 or FER+."""
    try:
        with open_member(path, member) as stream:
            header = stream.readline(1000).decode("utf-8-sig")
    except DAMAGED:
        return None
    columns = tuple(name.strip().lower() for name in header.strip("\r\n").split(","))
    # Of Kaggle's files, train.csv has no Usage, and test.csv nothing that could be learnt.
    faces = "pixels" in columns and ("emotion" in columns or "usage" in columns)
    return columns if faces or {"usage", "nf"} <= set(columns) else None


def to_numbers(values: np.ndarray) -> np.ndarray:
    """float (N,), NaN for what is none."""
    return np.asarray(pd.to_numeric(values, errors="coerce"), float)


def parse_numbers(
    values: np.ndarray, highest: int, name: str, path: Path, first_line: int, expected: str | None = None
) -> np.ndarray:
    """A column of whole numbers from 0 to `highest` -> uint8 (N,); `expected` is what an InputError says instead."""
    numbers = to_numbers(values)
    sound = (numbers >= 0) & (numbers <= highest) & (numbers == np.floor(numbers))  # what is no number is NaN
    if len(wrong := np.flatnonzero(~sound)):
        raise InputError(
            f"{path}: line {first_line + wrong[0]}: {name} is {str(values[wrong[0]])!r}, expected "
            + (expected or f"0 to {highest}; download it again")
        )
    return numbers.astype(np.uint8)


def parse_pixels(texts: np.ndarray, path: Path, first_line: int) -> np.ndarray:
    """Rows of 2304 numbers in text -> uint8 (N, 48, 48)."""
    counts = [str(text).strip().count(" ") + 1 for text in texts]  # str: an empty cell is NaN
    for offset, count in enumerate(counts):
        if count != FACE_SIDE * FACE_SIDE:
            raise InputError(
                f"{path}: line {first_line + offset} has {count} pixels, expected {FACE_SIDE**2}; download it again"
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns of what is no number
            # 64 bits: in 32, pixel 4294967301 would be a 5
            faces = np.fromstring(" ".join(texts), np.int64, sep=" ").reshape(len(texts), FACE_SIDE, FACE_SIDE)
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
    """The column Usage -> uint8 (N,), indices into splits.SPLITS. InputError where it names no split."""
    numbers = [USAGE.get(str(text).strip().lower()) for text in texts]
    if None in numbers:
        at = numbers.index(None)
        raise InputError(
            f"{path}: line {first_line + at}: Usage is {list(texts)[at]!r}, expected Training, PublicTest or PrivateTest"
        )
    return np.array(numbers, np.uint8)
