"""The photos and films in a folder and below it."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

ANNOTATED = "-annotated"  # ends the name of a copy that lies among the originals, but for a number where that is taken
COPY = re.compile(rf"(?P<original>.+){ANNOTATED}(-\d+)?")


def walk(folder: Path, suffixes: Collection[str], copies: Path, skip: Collection[Path] = ()) -> Iterator[Path]:
    """The files of these `suffixes` in `folder` and below it, in order of their names. Last, the folders that are locked.

    Nothing that is hidden, none of the annotated copies of an earlier run, and nothing in `copies`, where they go, or in
    one of the folders `skip`. Links to folders are not followed; a file is given by each of its names, whatever it turns
    out to be.
    """
    locked: list[OSError] = []
    of_copies = os.path.realpath(copies)  # not Path.resolve, which raises where a link leads to itself
    skipped = {of_copies, *map(os.path.realpath, skip)}
    for root, folders, names in os.walk(folder, onerror=locked.append):
        here = Path(root)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and os.path.realpath(here / f) not in skipped)
        originals = {Path(name).stem for name in names} if any(map(COPY.match, names)) else set()
        with_copies = Path(os.path.realpath(here)).is_relative_to(of_copies)  # -o is this folder or one above
        for name in sorted(names):
            copied = COPY.fullmatch(Path(name).stem)
            ours = copied and (with_copies or copied["original"] in originals)  # written by an earlier run
            if not name.startswith(".") and not ours and Path(name).suffix.lower() in suffixes:
                yield here / name
    yield from (Path(error.filename) for error in locked)
