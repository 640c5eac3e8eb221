"""What a script writes: refused before the work starts, and whole or not there at all when it ends."""

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
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from emotion.errors import InputError, reason

# Where what ships with the code lies.
REPOSITORY = Path(__file__).parent.parent
MODEL = REPOSITORY / "models" / "fer.h5"
CASCADE = REPOSITORY / "haarcascade_frontalface_default.xml"
YUNET = REPOSITORY / "face_detection_yunet_2023mar.onnx"

FIGURES = (".png", ".jpg", ".webp", ".pdf", ".svg")
UNFINISHED = re.compile(r"\..*\.[0-9a-f]{8}\.(?P<host>[0-9a-f]{8})-(?P<process>\d+)\.unfinished(\.\w+)?")
OPEN_FILES = (Path("/dev/fd"), Path("/proc/self/fd"))
ABANDONED_S = 24 * 3600  # whether a process of another machine is alive cannot be asked

Outputs = Mapping[str, Path | None]  # by the flags that name them


def check_outputs(inputs: Iterable[Path | str], outputs: Outputs) -> None:
    """Refuse an output that is read, another output, or where no file can be made."""
    check_apart(inputs, outputs)
    check_places(outputs)


def check_places(outputs: Outputs) -> None:
    """Refuse an output where no file can be made."""
    for flag, path in outputs.items():
        if path is not None:
            check_place(path, f"{flag} {path}")


def check_apart(inputs: Iterable[Path | str], outputs: Outputs) -> None:
    """Refuse an output that is an input, lies in a folder that is one, or is another output."""
    inputs = list(inputs)
    taken = {identity(source): "is read in this run" for source in inputs}
    folders = {identity(source) for source in inputs if os.path.isdir(source)}  # noqa: PTH112
    streams: dict[int, str] = {}
    for flag, path in outputs.items():
        if path is None:
            continue
        if problem := taken.get(identity(path)):
            raise InputError(f"{flag} {path}: {problem}; name another file")
        if folders and any(identity(folder) in folders for folder in Path(os.path.realpath(path)).parents):
            raise InputError(f"{flag} {path}: lies in a folder that is read in this run; name another folder")
        if not is_stream(path):
            taken[identity(path)] = f"is what {flag} writes"
        elif (number := open_number(path)) is not None:  # /dev/null, a stream too, takes any number of outputs
            if number in streams:
                raise InputError(f"{flag} {path}: is what {streams[number]} writes; name a file")
            streams[number] = flag


def identity(path: Path | str) -> tuple[int, int] | str:
    """What two names of one file have in common: its number on its disk, or where it would lie."""
    try:
        status = os.stat(path)  # noqa: PTH116  a name may be no path at all
    except (OSError, ValueError):
        return place_of(path)
    return status.st_dev, status.st_ino


def place_of(path: Path | str) -> str:
    """Where a file would lie, in the form that is the same for all names that a disk might take for one.

    Those of macOS and Windows, and USB sticks anywhere, do not tell a.jpg from A.JPG, nor an accent from a letter with one.
    """
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def check_place(path: Path, name: str) -> None:
    """Refuse a `path` where no file can be made; `name` is what the error calls it."""
    if path.is_dir():
        raise InputError(f"{name}: is a folder; name a file")
    if is_stream(path):
        return
    if not path.parent.is_dir():
        raise InputError(f"{name}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{name}: the folder {path.parent} cannot be written to")


def check_folder(folder: Path, flag: str = "-o") -> None:
    """Refuse a `folder`, which `flag` names, that is not there and cannot be made; makes nothing yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        raise InputError(f"{folder}: cannot be made ({there} is no folder); name another folder with {flag}")
    if not os.access(there, os.W_OK):
        raise InputError(f"{folder}: cannot be made ({there} cannot be written to); name another folder with {flag}")


def make_folder(folder: Path, flag: str = "-o") -> None:
    """Make a folder of outputs, which `flag` names. InputError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({reason(error)}); name another folder with {flag}") from None


def check_figure(path: Path | None) -> None:
    """Refuse a figure whose file does not end like one, and any where only what predicts is installed."""
    if path and not find_spec("matplotlib"):
        raise InputError(f"{path}: a figure needs matplotlib; pip install matplotlib")
    if path and path.suffix.lower() not in FIGURES:
        raise InputError(f"{path}: a figure is written as {', '.join(FIGURES)}; name it so")


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
    try:
        for path in paths:
            clear_unfinished(path.parent)
        with writing(paths[0]):
            yield unfinished
            for path, old in zip(paths[:-1], kept, strict=False):  # what is moved last needs no way back
                with contextlib.suppress(OSError):  # nothing there yet, or a disk without hard links
                    old.hardlink_to(path)
            try:
                for file, path in zip(unfinished, paths, strict=True):
                    put_in_place(file, path)
            except OSError:
                for path, old in zip(paths, kept, strict=True):
                    if old.exists():
                        old.replace(path)
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
