"""Files that are whole or not there at all, and the folder of those that can be made again."""

import contextlib
import errno
import functools
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from emotion.errors import InputError, reason

UNFINISHED = re.compile(r"\..*\.[0-9a-f]{8}\.(?P<host>[0-9a-f]{8})-(?P<process>\d+)\.unfinished(\.\w+)?")
OPEN_FILES = (Path("/dev/fd"), Path("/proc/self/fd"))
ABANDONED_S = 24 * 3600  # whether a process of another machine is alive cannot be asked


def cache_folder() -> Path:
    """Where is kept what takes long to make: light models, data as arrays, teachers' answers. XDG_CACHE_HOME moves it.

    In the user's folder, where nobody else writes.
    """
    import platformdirs  # few need it

    return platformdirs.user_cache_path("facial-emotion-recognition")


def check_disk_space(path: Path, size: int) -> None:
    """Raise OSError where the disk of `path` has no room for `size` bytes.

    For what cannot bear a full disk: HDF5 ends the process there.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def writing(name: Path | str, *errors: type[Exception]) -> Iterator[None]:
    """Turns an OSError of the block, or one of `errors`, into an InputError that names `name`."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, (OSError, *errors)):
            raise
        raise InputError(f"{name}: cannot be written ({reason(error)})") from None


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all. InputError where it cannot be written."""
    with atomic_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to: when the block is done it becomes `path`, and if it fails it is cleared away.

    InputError where the system refuses.
    """
    with atomic_files(path) as (unfinished,):
        yield unfinished


@contextlib.contextmanager
def atomic_files(*paths: Path) -> Iterator[list[Path]]:
    """Names beside `paths` to write to: when the block is done all become `paths`, or, where one cannot, none does."""
    unfinished = [unfinished_path(path) for path in paths]
    kept = [file.with_name(f"{file.name}.old") for file in unfinished]
    places = [Path(os.path.realpath(path)) for path in paths]
    try:
        for path in paths:
            clear_unfinished(path.parent)
        with writing(paths[0]):
            yield unfinished
            new = [not place.exists() for place in places]
            for place, old in zip(places[:-1], kept, strict=False):  # what is moved last needs no way back
                with contextlib.suppress(OSError):  # nothing there yet, or a disk without hard links
                    old.hardlink_to(place)
            try:
                for file, path in zip(unfinished, paths, strict=True):
                    put_in_place(file, path)
            except OSError:
                for place, old, is_new in zip(places, kept, new, strict=True):
                    if old.exists():
                        old.replace(place)
                    elif is_new:
                        place.unlink(missing_ok=True)
                raise
    finally:
        for file in (*unfinished, *kept):
            with contextlib.suppress(OSError):  # there may be nothing to clear away, or no folder
                file.unlink()


def unfinished_path(path: Path) -> Path:
    """Where a file waits until it is whole: hidden, this process's own, and of the kind that its ending names.

    It lies beside the file, or beside what a link points to; the name is short enough wherever that of `path` is. What
    goes into a pipe or a device waits in the system's folder for such files.
    """
    place = Path(os.path.realpath(path))
    folder = Path(tempfile.gettempdir()) if is_stream(path) else place.parent
    number = zlib.crc32(os.fsencode(place.name))
    ending = path.suffix if len(path.suffix) <= 12 else ""
    return folder / f".{path.stem[:32]}.{number:08x}.{this_host()}-{os.getpid()}.unfinished{ending}"


def put_in_place(unfinished: Path, path: Path) -> None:
    """Make a whole file `path`. A pipe or a device is written to, and what a link points to is replaced, not the link."""
    if not is_stream(path):
        unfinished.replace(os.path.realpath(path))
        return
    number = open_number(path)
    if number is not None:
        sys.stdout.flush()  # in the order of the printing
    with unfinished.open("rb") as source, open(path if number is None else os.dup(number), "wb") as stream:  # noqa: PTH123
        shutil.copyfileobj(source, stream)
    unfinished.unlink()


def open_number(path: Path) -> int | None:
    """The number of a file that is open already, as /dev/stdout is: opened anew, it would be written from its start."""
    if str(path) in ("/dev/stdout", "/dev/stderr"):
        return 1 if path.name == "stdout" else 2
    return int(path.name) if path.parent in OPEN_FILES and path.name.isdecimal() else None


def is_stream(path: Path) -> bool:
    """Whether `path` is a pipe, a device or a file that is open already: nothing to be replaced."""
    if open_number(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@functools.cache  # once a folder: it may hold a hundred thousand copies
def clear_unfinished(folder: Path) -> None:
    """Delete the files and folders that processes which were killed left half-written in `folder`."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            name = UNFINISHED.fullmatch(entry.name.removesuffix(".old"))
            if not name or entry.is_symlink() or not is_abandoned(name, entry.stat().st_mtime):
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.is_file():
                Path(entry).unlink()


def is_abandoned(name: re.Match[str], written_s: float) -> bool:
    """Whether nobody goes on writing the file of this name."""
    if name["host"] != this_host() or sys.platform == "win32":  # where signal 0 would end the process
        return time.time() - written_s > ABANDONED_S
    try:
        os.kill(int(name["process"]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def this_host() -> str:
    """This machine's name as eight hexadecimal digits: the folder may be shared with others."""
    return f"{zlib.crc32(platform.node().encode()):08x}"
