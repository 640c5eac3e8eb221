"""Files, and the members of archives: opened alike, whatever they are packed with."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

# What an archive that is damaged, or asks for a password, makes of Python's readers.
DAMAGED = (
    OSError, EOFError, ValueError, ArithmeticError, LookupError, RuntimeError,
    struct.error, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip
PACKERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
LONGEST_LINE = 2**20  # bytes: 2,304 pixels have 9,000
LONGEST_HEADER = 2**20  # bytes: a long name in a tar has a few hundred


class TarInfo(tarfile.TarInfo):
    """Refuses a header that claims more than a name takes: tarfile would read all of it, a gigabyte as well."""

    def _proc_member(self, archive: tarfile.TarFile):  # tarfile's own, undocumented
        extended = (
            tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
        )  # fmt: skip
        if self.type in extended and self.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


class Lines(io.RawIOBase):
    """The bytes of `stream`, of which no line is endless: a reader would keep it whole, and packed it takes no room."""

    def __init__(self, stream: IO[bytes]):
        self.stream = stream
        self.length = 0  # of the line that is being read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self.stream.read(len(buffer))
        first, *others = data.split(b"\n")
        lengths = [self.length + len(first), *map(len, others)]
        if max(lengths) > LONGEST_LINE:
            raise ValueError(f"a line of more than {LONGEST_LINE} bytes")
        self.length = lengths[-1]
        buffer[: len(data)] = data
        return len(data)


def members(path: Path) -> Iterator[str | None]:
    """The names of the files inside an archive, in its order; one None for a file that is none."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            yield from (info.filename for info in zipped.infolist() if not info.is_dir())
    elif is_tar(path):
        with open_tar(path) as archive:  # a stream: who has found what he looks for need not unpack the rest
            yield from (member.name for member in archive if member.isfile())
    else:
        yield None


def is_archive(path: Path) -> bool:
    return zipfile.is_zipfile(path) or is_tar(path)


def is_tar(path: Path) -> bool:
    """By the magic of its first header, also when packed; `tarfile.is_tarfile` would unpack more."""
    with unpacked(path) as stream:
        return stream.read(262)[257:262] == b"ustar"


def open_tar(path: Path) -> tarfile.TarFile:
    return tarfile.open(path, tarinfo=TarInfo)


def unpacked(path: Path) -> IO[bytes]:
    """The bytes of a file, without its gzip, bzip2 or xz."""
    with path.open("rb") as file:
        start = file.read(6)
    opener = next((opener for magic, opener in PACKERS.items() if start.startswith(magic)), None)
    return opener(path) if opener else path.open("rb")


@contextmanager
def open_member(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """The bytes of `member` in the archive `path`, or, of None, of `path` itself."""
    if member is None:
        with unpacked(path) as stream:
            yield stream
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped, zipped.open(member) as stream:
            yield stream
    else:
        with open_tar(path) as archive:
            # Not by name: that would unpack the whole archive to build its index.
            info = next(info for info in archive if info.name == member)
            with extracted(archive, info) as stream:
                yield stream


def read_members(path: Path, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """(name, its bytes as a stream) of the `wanted` members, in the archive's order: unpacked once."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            for entry in zipped.infolist():
                if entry.filename in wanted:
                    with zipped.open(entry) as stream:
                        yield entry.filename, stream
    else:
        with open_tar(path) as archive:
            for info in archive:
                if info.isfile() and info.name in wanted:
                    yield info.name, extracted(archive, info)


def extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """The bytes of a regular file. tarfile gives None for other members, and a link may lead to one."""
    stream = archive.extractfile(member)
    if stream is None:
        raise tarfile.ReadError(f"{member.name}: is no file")
    return stream
