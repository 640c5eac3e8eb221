"""What a script writes: refused before the work starts, and whole or not there at all when it ends."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from emotion.errors import InputError, reason

# Where what ships with the code lies.
REPOSITORY = Path(__file__).parent.parent
MODEL = REPOSITORY / "models" / "fer.h5"
CASCADE = REPOSITORY / "haarcascade_frontalface_default.xml"

FIGURES = (".png", ".jpg", ".webp", ".pdf", ".svg")


def check_outputs(inputs: Iterable[Path | str], outputs: dict[str, Path | None]) -> None:
    """Refuse an output that is an input, another output, or in a folder that is not there.

    `outputs` are paths by their flags.
    """
    check_apart(inputs, outputs)
    check_places(outputs)


def check_places(outputs: dict[str, Path | None]) -> None:
    """Refuse an output where no file can be made."""
    for flag, path in outputs.items():
        if path is not None:
            check_place(path, f"{flag} {path}")


def check_apart(inputs: Iterable[Path | str], outputs: dict[str, Path | None]) -> None:
    """Refuse an output that is an input or another output."""
    taken = {Path(source).resolve(): "the input" for source in inputs}
    for flag, path in outputs.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise InputError(f"{flag} {path}: is {taken[path.resolve()]}; name another file")
        taken[path.resolve()] = f"what {flag} writes"


def check_place(path: Path, name: str) -> None:
    """Refuse a `path` where no file can be made; `name` is what the error calls it."""
    if path.is_dir():
        raise InputError(f"{name}: is a folder; name a file")
    if not path.parent.is_dir():
        raise InputError(f"{name}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{name}: the folder {path.parent} cannot be written to")


def make_folder(folder: Path) -> None:
    """Make the folder of the copies, before the work is done for them. InputError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({reason(error)}); name another folder with -o") from None


def check_figure(path: Path | None) -> None:
    """Refuse a figure whose file does not end like one."""
    if path and path.suffix.lower() not in FIGURES:
        raise InputError(f"{path}: a figure is written as {', '.join(FIGURES)}; name it so")


@contextlib.contextmanager
def writing(name: Path | str, *errors: type[Exception]) -> Iterator[None]:
    """Turns an OSError of the block, or one of `errors`, into an InputError that names `name`."""
    try:
        yield
    except (OSError, *errors) as error:
        raise InputError(f"{name}: cannot be written ({reason(error)})") from None


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to: when the block is done it becomes `path`, and if it fails it is cleared away.

    InputError where the system refuses.
    """
    unfinished = unfinished_path(path)
    try:
        with writing(path):
            yield unfinished
            unfinished.replace(path)
    finally:
        with contextlib.suppress(OSError):  # there may be nothing to clear away, or no folder
            unfinished.unlink()


def unfinished_path(path: Path) -> Path:
    """Where a file waits until it is whole: hidden, this process's own, and of the kind that its ending tells."""
    return path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")


def check_room(path: Path, size: int) -> None:
    """Raise OSError where `size` bytes have no room: as many zeros are written to `path`, and taken away again.

    For what cannot bear a full disk: HDF5 ends the process there.
    """
    try:
        path.write_bytes(bytes(size))
    finally:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all. InputError where it cannot be written."""
    with atomic_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
