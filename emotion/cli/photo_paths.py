"""Which photos a command line means, and where their annotated copies go."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from emotion.errors import InputError
from emotion.files import check_folder
from emotion.media.photo import SUFFIXES, WRITABLE

OUTPUT = Path("output")


class Task(NamedTuple):
    """A photo and the place of its annotated copy."""

    photo: Path
    copy: Path


def find_photos(arguments: list[str], skip: Path) -> Iterator[tuple[Path, Path]]:
    """(photo, its name below the folder it was found in) for each file, folder and glob of the command line.

    Folders are walked, but not `skip`, where the copies go. What cannot be found, and a folder without a photo, is given
    as it is: it is told with the errors of the other photos.
    """
    for argument in arguments:
        # A shell has expanded its globs; Windows and quotes have not. Not Path.glob: it takes no absolute patterns.
        # os.path, because Path raises where a folder may not be entered or a name is too long.
        found = [] if os.path.exists(argument) else sorted(glob.glob(argument, recursive=True))  # noqa: PTH110, PTH207
        for path in map(Path, found or [argument]):
            if os.path.isdir(path):  # noqa: PTH112
                yield from ((photo, photo.relative_to(path)) for photo in list(walk(path, skip)) or [path])
            else:
                yield path, Path(path.name)


def walk(folder: Path, skip: Path) -> Iterator[Path]:
    """The photos in `folder` and below it, in order of their names; nothing hidden. Last, the folders that are locked."""
    locked: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=locked.append):
        here = Path(root)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (here / f).resolve() != skip.resolve())
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield here / name
    yield from (Path(error.filename) for error in locked)


def plan(arguments: list[str], output: Path | None) -> list[Task]:
    """The photos of the command line, each with a copy of its own: no copy hits a photo or another copy.

    `output` is a folder, or for a single photo a file; None is the folder output/.
    """
    as_file = output is not None and not output.is_dir() and output.suffix.lower() in SUFFIXES | WRITABLE
    folder = output or OUTPUT
    photos = list(find_photos(arguments, skip=folder))
    if all(os.path.isdir(photo) for photo, _ in photos):  # noqa: PTH112
        raise InputError(f"{' '.join(arguments)}: no picture in there; looked for {' '.join(sorted(SUFFIXES))}")
    if as_file:
        if len(photos) > 1:
            raise InputError(f"-o {output}: one file for {len(photos)} photos; name a folder")
        if output.resolve() == photos[0][0].resolve():
            raise InputError(f"-o {output}: is the photo itself; name another file")
        if output.suffix.lower() not in WRITABLE:
            raise InputError(f"-o {output}: cannot write that kind of picture; name a .jpg or .png")
        return [Task(photos[0][0], output)]
    check_folder(folder)
    originals = {photo.resolve() for photo, _ in photos}
    taken = set(originals)
    tasks = []
    for photo, name in photos:
        copy = free_name(folder / name, originals, taken)
        taken.add(copy.resolve())
        tasks.append(Task(photo, copy))
    return tasks


def free_name(copy: Path, originals: set[Path], taken: set[Path]) -> Path:
    """`copy`, as a .png if its own format cannot be written, with a number where the name is taken.

    Among the originals it is called annotated, so that it never hits one that this call does not name.
    """
    if copy.suffix.lower() not in WRITABLE:
        copy = copy.with_suffix(".png")
    if copy.resolve() in originals:
        copy = copy.with_stem(f"{copy.stem}-annotated")
    candidate, number = copy, 2
    while candidate.resolve() in taken:
        candidate, number = copy.with_stem(f"{copy.stem}-{number}"), number + 1
    return candidate
