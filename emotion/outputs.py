"""Which files a script may write: what is not possible is refused before the work starts."""

import os
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from emotion.errors import InputError, reason
from emotion.files import is_stream, open_number

OUTPUT = Path("output")  # the folder of what nobody has named a place for
FIGURES = (".png", ".jpg", ".webp", ".pdf", ".svg")

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
