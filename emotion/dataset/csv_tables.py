"""A csv file, however it is packed, read a thousand lines at a time."""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from emotion.errors import InputError
from emotion.labels import FERPLUS_COLUMNS

CHUNK = 1000  # 8 MB of pixels in text: what a first parse holds beside the arrays it fills
DAMAGED = (
    OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, UnicodeDecodeError, pd.errors.ParserError,
    RuntimeError,  # a zip that asks for a password
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    path: Path  # the file on disk, the archive if it is packed
    member: str | None  # its name in the archive
    columns: tuple[str, ...]  # lower case, stripped: icml_face_data.csv has ' Usage' and ' pixels'

    def state(self) -> str:
        """Changes when the file does."""
        status = self.path.stat()
        return f"{self.path.resolve()} {status.st_size} {status.st_mtime_ns}"

    def chunks(self, wanted: tuple[str, ...]) -> Iterator[dict[str, np.ndarray]]:
        """The wanted columns that exist, by name, some rows at a time. InputError where there are none, or damage."""
        rows = 0
        places = {name: self.columns.index(name) for name in wanted if name in self.columns}
        try:
            with open_member(self.path, self.member) as stream:
                for chunk in pd.read_csv(stream, chunksize=CHUNK, header=0, names=range(len(self.columns))):
                    rows += len(chunk)  # of a header alone there is one chunk, and empty
                    if len(chunk):
                        yield {name: chunk[place].to_numpy() for name, place in places.items()}
        except DAMAGED as error:
            raise InputError(f"{self.path}: damaged ({error}); download it again") from None
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


def open_table(path: Path) -> Table | None:
    """The csv of FER2013 or FER+ in the file `path`, plain or packed; None where there is none."""
    if path.name.startswith("."):
        return None
    try:
        for member in members(path):
            with open_member(path, member) as stream:
                columns = tuple(
                    name.strip().lower() for name in stream.readline(1000).decode().strip("\r\n\ufeff").split(",")
                )
            if "usage" in columns and ("pixels" in columns or "nf" in columns):
                return Table(path, member, columns)
    except DAMAGED:
        return None
    return None


def members(path: Path) -> Iterator[str | None]:
    """The names of the csv files inside an archive; one None for a file that is none."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (name for name in archive.namelist() if name.lower().endswith(".csv"))
    elif is_tar(path):
        with tarfile.open(path) as archive:
            for member in archive:  # a stream: the first that fits ends the search before the rest is unpacked
                if member.isfile() and member.name.lower().endswith(".csv"):
                    yield member.name
    else:
        yield None


def is_tar(path: Path) -> bool:
    """By the magic of its first header, also under gzip; `tarfile.is_tarfile` would unpack more."""
    with unpacked(path) as stream:
        return stream.read(262)[257:262] == b"ustar"


def unpacked(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


@contextmanager
def open_member(path: Path, member: str | None) -> Iterator[BinaryIO]:
    """The bytes of a csv: of `member` in the archive `path`, or of `path` itself."""
    if member is None:
        with unpacked(path) as stream:
            yield stream
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            yield stream
    else:
        with tarfile.open(path) as archive:
            # Not by name: that would unpack the whole archive to build its index.
            info = next(info for info in archive if info.name == member)
            with archive.extractfile(info) as stream:
                yield stream


def parse_numbers(values: np.ndarray, highest: int, name: str, path: Path, first_line: int) -> np.ndarray:
    """A column of numbers from 0 to `highest` -> uint8 (N,)."""
    numbers = pd.to_numeric(values, errors="coerce")
    if len(wrong := np.flatnonzero(~((numbers >= 0) & (numbers <= highest)))):  # what is no number is NaN, and neither
        raise InputError(
            f"{path}: line {first_line + wrong[0]}: {name} is {values[wrong[0]]!r}, expected 0 to {highest}; "
            "download it again"
        )
    return numbers.astype(np.uint8)
