"""Which photos a command line means, and where their annotated copies go."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emotion.cli.input_paths import STDIN, find_inputs, free_name
from emotion.errors import InputError
from emotion.media.address import hide_password
from emotion.media.decode import decode_photo
from emotion.media.photo import WRITABLE, read_bounded, read_photo
from emotion.media.suffixes import PHOTOS, VIDEOS
from emotion.outputs import OUTPUT, check_folder, place_of


class PhotoTask(NamedTuple):
    """A photo, by its path, its URL or - for stdin, and the place of its annotated copy, if there is to be one."""

    photo: Path | str
    copy: Path | None

    @property
    def name(self) -> str:
        """The photo as it is reported: without a password, if it is a URL."""
        if not self.is_url:
            return "stdin" if self.photo == STDIN else str(self.photo)
        return hide_password(str(self.photo))

    @property
    def is_url(self) -> bool:
        return isinstance(self.photo, str) and self.photo != STDIN

    def read(self, max_pixels: int) -> np.ndarray:
        """The photo as BGR uint8 (H, W, 3). InputError where it cannot be had."""
        if isinstance(self.photo, Path):
            return read_photo(self.photo, max_pixels)
        if self.is_url:
            from emotion.media.download import download  # few need it, and TLS takes its time

            data = download(self.photo)
        else:
            data = read_bounded(sys.stdin.buffer, self.name, max_pixels)
        return decode_photo(data, self.name, max_pixels)


def plan_photos(
    arguments: list[str], output: Path | None, copies: bool = True, crops: Path | None = None
) -> list[PhotoTask]:
    """The photos of the command line, each with a copy of its own: no copy hits a photo or another copy.

    `output` is a folder, or for a single photo a file; None is the folder output/. Without `copies` there are none.
    The faces of an earlier run, in the folder `crops`, are walked past.
    """
    as_file = output is not None and not output.is_dir() and output.suffix.lower() in PHOTOS | WRITABLE
    folder = output or OUTPUT
    photos = list(find_inputs(arguments, PHOTOS, folder, [crops] if crops else [], left_out=VIDEOS))
    if all(os.path.isdir(photo) for photo, _ in photos):  # noqa: PTH112
        raise InputError(f"{' '.join(arguments)}: no picture in there; looked for {' '.join(sorted(PHOTOS))}")
    if arguments.count(STDIN) > 1:
        raise InputError("-: stdin can be read once")
    if not copies:
        return [PhotoTask(photo, None) for photo, _ in photos]
    if as_file and output:
        return [PhotoTask(photos[0][0], check_copy(output, photos))]
    check_folder(folder)
    originals = {place_of(photo) for photo, _ in photos if isinstance(photo, Path)}
    taken = set(originals)
    tasks = []
    for photo, name in photos:
        # As a .png if its own format cannot be written.
        copy = folder / name if name.suffix.lower() in WRITABLE else (folder / name).with_suffix(".png")
        copy = free_name(copy, originals, taken)
        taken.add(place_of(copy))
        tasks.append(PhotoTask(photo, copy))
    return tasks


def check_copy(output: Path, photos: list[tuple[Path | str, Path]]) -> Path:
    """`output` as the copy of the only one of `photos`."""
    if len(photos) > 1:
        raise InputError(f"-o {output}: one file for {len(photos)} photos; name a folder")
    if os.path.realpath(output) == os.path.realpath(photos[0][0]):
        raise InputError(f"-o {output}: is the photo itself; name another file")
    if output.suffix.lower() not in WRITABLE:
        raise InputError(f"-o {output}: cannot write that kind of picture; name a .jpg or .png")
    return output
