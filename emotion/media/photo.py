"""Photos in and out, whatever they are called and however they are stored."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from emotion.errors import InputError, reason
from emotion.files import atomic_file
from emotion.media.decode import MAX_PIXELS, MORE, decode_photo

WRITABLE = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
FILE_BYTES = 4  # a pixel that is allowed: a file of more is nothing but a bomb, or a picture beyond the limit


def read_photo(path: Path | str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The picture in the file `path` as BGR uint8 (H, W, 3), upright by its orientation tag; of an animation, the first.

    Grey, palette, CMYK, 10- to 16-bit and HEIC pictures become 8-bit colour; what is transparent becomes white.
    InputError where the file cannot be read, is no regular one, or holds more than `max_pixels`.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: a folder without a picture, or one that may not be entered")
    return decode_photo(read_file(path, max_pixels), path, max_pixels)


def read_file(path: Path, max_pixels: int) -> bytes:
    """All that the file of a picture holds. InputError where it cannot be read, or has more than `max_pixels` take."""
    try:
        # Not cv2.imread: on Windows it cannot open a path outside the code page, and it never says what was wrong.
        with open_regular(path) as file:
            return read_bounded(file, path, max_pixels)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None


def open_regular(path: Path) -> BinaryIO:
    """`path`, opened to be read; InputError where it is a pipe or a device, which might never end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise InputError(f"{path}: a pipe or a device, no file; what comes through a pipe is read as -")
    return file


def read_bounded(file: BinaryIO, name: Path | str, max_pixels: int) -> bytes:
    """All that `file` holds; InputError for more bytes than a picture of `max_pixels` has."""
    limit = FILE_BYTES * max_pixels
    data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{name}: more than {limit / 1e6:.0f} MB, too large for a picture; {MORE}")
    return data


def check_picture(image: object) -> None:
    """Refuse what is no picture as OpenCV and `read_photo` give it, BGR uint8 (H, W, 3): a path, grey, RGBA, floats."""
    if not isinstance(image, np.ndarray):
        raise InputError(
            f"expected a picture, BGR uint8 (H, W, 3), not {type(image).__name__}; read_photo reads a file"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise InputError(f"expected a picture, BGR uint8 (H, W, 3), not {image.dtype} {image.shape}; see cv2.cvtColor")


def write_photo(path: Path | str, picture: np.ndarray) -> None:
    """Write BGR uint8 (H, W, 3) or grey (H, W) to `path`, whole or not at all; makes its folder.

    The format is that of the suffix of `path`. InputError where it is unknown or `path` cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise InputError(f"{path}: cannot write that kind of picture; name a .jpg or .png")
    if not (isinstance(picture, np.ndarray) and picture.ndim == 2 and picture.dtype == np.uint8 and picture.size):
        check_picture(picture)  # of floats OpenCV would write their whole parts, black
    done, encoded = cv2.imencode(path.suffix, picture)
    if not done:  # WebP ends at 16,383 pixels a side, JPEG at 65,500
        raise InputError(f"{path}: {picture.shape[1]}x{picture.shape[0]} is too large for that format; name a .png")
    with atomic_file(path) as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(encoded.tobytes())
