"""Which files a command line means: names, folders, globs, URLs and - for stdin."""

import glob
import logging
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from emotion.media.folders import ANNOTATED, walk
from emotion.outputs import place_of

logger = logging.getLogger("emotion")

STDIN = "-"
NAME_BYTES = 255  # the longest name of a file


def find_inputs(
    arguments: list[str],
    suffixes: Collection[str],
    copies: Path,
    skip: Collection[Path] = (),
    left_out: Collection[str] = (),
) -> Iterator[tuple[Path | str, Path]]:
    """(input, its name below the folder it was found in) for each file, folder, glob and URL of the command line.

    Folders are walked for files of these `suffixes`, but not `copies`, where the copies go, nor any folder of
    `skip`. What cannot be found, and a folder without such a file, is given as it is: it is reported with the errors of the
    others. How many videos a folder holds, files of the suffixes `left_out`, is said in a note.
    """
    for argument in arguments:
        if argument == STDIN:
            yield STDIN, Path("stdin")
        elif "://" in argument:
            yield argument, url_name(argument)
        else:
            yield from find_files(argument, suffixes, copies, skip, left_out)


def find_files(
    argument: str,
    suffixes: Collection[str],
    copies: Path,
    skip: Collection[Path] = (),
    left_out: Collection[str] = (),
) -> Iterator[tuple[Path, Path]]:
    # A shell has expanded its globs; Windows and quotes have not. Not Path.glob: it takes no absolute patterns.
    # os.path, because Path raises where a folder may not be entered or a name is too long.
    found = [] if os.path.exists(argument) else sorted(glob.glob(argument, recursive=True))  # noqa: PTH110, PTH207
    for path in map(Path, found or [argument]):
        if os.path.isdir(path):  # noqa: PTH112
            files = list(walk(path, {*suffixes, *left_out}, copies, skip))
            wanted = [file for file in files if file.suffix.lower() not in left_out]
            if passed := len(files) - len(wanted):
                logger.info(f"{path}: left out {passed} {'video' if passed == 1 else 'videos'}; see vid_predict.py")
            yield from ((file, file.relative_to(path)) for file in wanted or [path])
        else:
            yield path, Path(path.name)


def url_name(url: str) -> Path:
    """What a file from `url` is called."""
    try:
        parts = urlsplit(url)
    except ValueError:  # http://[typo: `download` says what is wrong with it
        return Path("download")
    return Path(Path(unquote(parts.path).replace("\\", "/")).name or parts.hostname or "download")


def free_name(copy: Path, originals: set[str], taken: set[str]) -> Path:
    """`copy`, with a number where the name is taken; `originals` and `taken` as `place_of` gives them.

    Among the originals it is called annotated: so it never hits one that this call does not name, and the next call
    knows it for a copy.
    """
    stem, number = copy.stem, 1
    if place_of(copy.parent) in {os.path.dirname(original) for original in originals}:  # noqa: PTH120
        stem += ANNOTATED
    while True:
        ending = f"-{number}{copy.suffix}" if number > 1 else copy.suffix
        # A name that is cut inside a letter loses it.
        whole = os.fsencode(stem)[: NAME_BYTES - len(os.fsencode(ending))]
        candidate = copy.with_name(whole.decode(sys.getfilesystemencoding(), "ignore") + ending)
        if is_free(candidate, taken):
            return candidate
        number += 1


def is_free(path: Path, taken: set[str]) -> bool:
    """Whether nothing else goes to `path`, nor to where a link leads, which nobody named."""
    return place_of(path) not in taken and not path.is_symlink()
