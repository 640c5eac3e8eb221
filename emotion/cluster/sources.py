"""What a batch reads: photos and films on disk or in an object store, one text each."""

import contextlib
import glob
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from emotion.errors import InputError, reason
from emotion.media.decode import MAX_PIXELS, decode_photo
from emotion.media.photo import SUFFIXES, read_photo

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp",
}  # fmt: skip


def is_remote(source: str) -> bool:
    """Whether `source` is an address for fsspec, such as s3://bucket/a.jpg, and no path."""
    return "://" in source


def is_video(source: str) -> bool:
    return PurePosixPath(source).suffix.lower() in VIDEO_SUFFIXES


def find_sources(arguments: Iterable[str], skip: Path) -> Iterator[str]:
    """The photos and films that `arguments` name, in order: files, folders, globs, addresses.

    Folders are walked in order of names, but not `skip`, and nothing hidden. What cannot be found is given as it is: it
    fails by itself when it is read.
    """
    for argument in arguments:
        if is_remote(argument):
            yield from find_remote(argument)
            continue
        found = [] if os.path.exists(argument) else sorted(glob.iglob(argument, recursive=True))  # noqa: PTH110, PTH207
        for path in found or [argument]:
            if os.path.isdir(path):  # noqa: PTH112
                yield from walk(path, skip)
            else:
                yield path


def walk(folder: str, skip: Path) -> Iterator[str]:
    """The photos and films in `folder` and below it. Last, the folders that may not be entered."""
    locked: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=locked.append):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and Path(here, f).resolve() != skip.resolve())
        # str(Path): without a leading ./, as img_predict.py writes it.
        yield from (str(Path(here, name)) for name in sorted(names) if is_wanted(name))
    yield from (error.filename for error in locked)


def is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.name.startswith(".") and path.suffix.lower() in SUFFIXES | VIDEO_SUFFIXES


def find_remote(address: str) -> Iterator[str]:
    """The photos and films at or below `address`; the web has no folders, so there it is one file."""
    if address.startswith(("http://", "https://")):
        yield address
        return
    with remote(address):
        import fsspec

        files, path = fsspec.url_to_fs(address)
        if glob.has_magic(path):
            found = sorted(files.glob(path))
        elif files.isdir(path):
            found = [name for name in files.find(path) if is_wanted(name)]
        else:
            found = [path]
    yield from map(files.unstrip_protocol, found)


@contextlib.contextmanager
def remote(address: str) -> Iterator[None]:
    """Turns whatever a store or its client raises into an InputError that names `address`."""
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        raise InputError(f"{address}: {reason(error)}; pip install -r requirements-cluster.txt") from None
    except Exception as error:  # each store's client has errors of its own
        raise InputError(f"{address}: cannot be fetched ({reason(error)[:150]})") from None


def read_source(source: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The photo `source` as BGR uint8 (H, W, 3). InputError where it cannot be fetched or is no picture."""
    if not is_remote(source):
        return read_photo(Path(source), max_pixels)
    with remote(source):
        import fsspec

        with fsspec.open(source, "rb") as file:
            data = file.read()
    return decode_photo(data, source, max_pixels)


@contextlib.contextmanager
def local_video(source: str) -> Iterator[Path]:
    """The film `source` as a file on this machine: itself, or a copy that is gone afterwards."""
    if not is_remote(source):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="emotion-") as folder:
        copy = Path(folder, PurePosixPath(source).name)
        with remote(source):
            import fsspec

            files, path = fsspec.url_to_fs(source)
            files.get_file(path, str(copy))
        yield copy
