"""What a batch reads: photos and films on disk or in an object store, one text each."""

import contextlib
import functools
import glob
import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import numpy as np

from emotion.errors import InputError, reason
from emotion.media.address import hide_password
from emotion.media.decode import MAX_PIXELS, decode_photo
from emotion.media.download import download
from emotion.media.folders import walk
from emotion.media.photo import read_bounded, read_photo
from emotion.media.suffixes import PHOTOS, VIDEOS

HOST = socket.gethostname()
WEB = ("http://", "https://")


class WorkerError(InputError):
    """This worker cannot do what the run needs: no fault of the file that it was to read."""


def is_remote(source: str) -> bool:
    """Whether `source` is an address for fsspec, such as s3://bucket/a.jpg, and no path."""
    return "://" in source


def is_video(source: str) -> bool:
    return PurePosixPath(path_of(source)).suffix.lower() in VIDEOS


def path_of(source: str) -> str:
    """`source` as far as it names a file: of an address of the web, what comes before a question mark."""
    try:
        return urlsplit(source).path if source.startswith(WEB) else source
    except ValueError:  # http://[typo: `download` says what is wrong with it
        return source


def find_sources(arguments: Iterable[str], skip: Path) -> Iterator[str]:
    """The photos and films that `arguments` name, in order: files, folders, globs, addresses.

    Folders are walked as `media.folders` does it, but not `skip`. What cannot be found is given as it is: it fails by itself
    when it is read.
    """
    run = os.path.realpath(skip)  # not Path.resolve, which raises where a link leads to itself
    within = functools.cache(lambda folder: Path(os.path.realpath(folder)).is_relative_to(run))
    for argument in arguments:
        if is_remote(argument):
            yield from find_remote(argument)
            continue
        found = [] if os.path.exists(argument) else sorted(glob.iglob(argument, recursive=True))  # noqa: PTH110, PTH207
        for path in found or [argument]:
            is_folder = os.path.isdir(path)  # noqa: PTH112
            if found and within(path if is_folder else os.path.dirname(path)):  # noqa: PTH120  copies of the last start
                continue
            if is_folder:
                if "**" not in argument:  # it finds by itself what lies below
                    yield from map(str, walk(Path(path), PHOTOS | VIDEOS, skip))
            else:
                yield path


def is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.name.startswith(".") and path.suffix.lower() in PHOTOS | VIDEOS


def find_remote(address: str) -> Iterator[str]:
    """The photos and films at or below `address`; the web has no folders, so there it is one file."""
    if address.startswith(WEB):
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
    """Turns whatever a store or its client raises into an InputError that names `address`, without its password."""
    shown = hide_password(address)
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        raise WorkerError(f"{HOST}: {shown}: {reason(error)}; pip install -r requirements-cluster.txt") from None
    except Exception as error:  # each store's client has errors of its own
        problem = reason(error).replace(address, shown)[:150]
        raise InputError(f"{shown}: cannot be fetched ({problem})") from None


def read_source(source: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The photo `source` as BGR uint8 (H, W, 3). InputError where it cannot be fetched or is no picture."""
    if not is_remote(source):
        return read_photo(Path(source), max_pixels)
    if source.startswith(WEB):
        return decode_photo(download(source), source, max_pixels)
    with remote(source):
        import fsspec

        with fsspec.open(source, "rb") as file:
            data = read_bounded(file, source, max_pixels)
    return decode_photo(data, source, max_pixels)


@contextlib.contextmanager
def local_video(source: str, fetched: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """The film `source` as a file on this machine: itself, or a copy that is gone afterwards.

    `fetched` is called for each piece of the copy, from another thread.
    """
    if not is_remote(source):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="emotion-") as folder:
        copy = Path(folder, f"film{PurePosixPath(path_of(source)).suffix}")
        with remote(source):
            import fsspec

            files, path = fsspec.url_to_fs(source)
            files.get_file(path, str(copy), callback=fsspec.Callback(hooks={"fetched": lambda *_, **__: fetched()}))
        yield copy
