"""Files, and the members of archives: opened alike, whatever they are packed with."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# What an archive that is damaged, or asks for a password, makes of Python's readers.
DAMAGED = (
    OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip
PACKERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
LONGEST_HEADER = 2**20  # bytes: a long name in a tar has a few hundred


class TarInfo(tarfile.TarInfo):
    """Refuses a header that claims more than a name takes: tarfile would read all of it, a gigabyte as well."""

    def _proc_member(self, archive: tarfile.TarFile):
        extended = (
            tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
        )  # fmt: skip
        if self.type in extended and self.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)


def members(path: Path) -> Iterator[str | None]:
    """The names of the files inside an archive, in its order; one None for a file that is none."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (info.filename for info in archive.infolist() if not info.is_dir())
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


def unpacked(path: Path) -> BinaryIO:
    """The bytes of a file, without its gzip, bzip2 or xz."""
    with path.open("rb") as file:
        start = file.read(6)
    opener = next((opener for magic, opener in PACKERS.items() if start.startswith(magic)), None)
    return opener(path) if opener else path.open("rb")


@contextmanager
def open_member(path: Path, member: str | None) -> Iterator[BinaryIO]:
    """The bytes of `member` in the archive `path`, or, of None, of `path` itself."""
    if member is None:
        with unpacked(path) as stream:
            yield stream
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            yield stream
    else:
        with open_tar(path) as archive:
            # Not by name: that would unpack the whole archive to build its index.
            info = next(info for info in archive if info.name == member)
            with archive.extractfile(info) as stream:
                yield stream


def read_members(path: Path, wanted: set[str]) -> Iterator[tuple[str, BinaryIO]]:
    """(name, its bytes as a stream) of the `wanted` members, in the archive's order: unpacked once."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename in wanted:
                    with archive.open(info) as stream:
                        yield info.filename, stream
    else:
        with open_tar(path) as archive:
            for info in archive:
                if info.isfile() and info.name in wanted:
                    yield info.name, archive.extractfile(info)
