"""Each face as a picture of its own, in a folder of its emotion."""

import os
import re
from collections.abc import Iterable
from math import isqrt
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import LONGEST_CROP, crop_resized, whole_square
from emotion.media.photo import write_photo
from emotion.outputs import identity


def check_crops(folder: Path, labels: Iterable[str], photos: Iterable[Path]) -> None:
    """Refuse a `folder` of crops with one of `photos` in the folder of an emotion: a crop might take its place."""
    folders = {identity(folder / plain(label)) for label in labels}
    for photo in photos:
        if identity(Path(os.path.realpath(photo)).parent) in folders:
            raise InputError(
                f"--crops {folder}: {photo} is read in this run and lies where crops go; name another folder"
            )


def write_crops(folder: Path, name: str, image: np.ndarray, faces: list[Recognition]) -> None:
    """Write the `faces` of `image`, BGR uint8 (H, W, 3), as folder/EMOTION/NAME-NUMBER.png.

    `name` is that of the photo, which no other of the run has. InputError where they cannot be written.
    """
    # The square about a strip of 65000 x 3000 has 4 gigapixels: it takes no more room than its photo, or is shrunk to that.
    longest = max(LONGEST_CROP, isqrt(image.shape[0] * image.shape[1]))
    for number, face in enumerate(faces, 1):
        x, y, side = whole_square(face.box, image.shape)
        crop = crop_resized(image, x, y, side, min(round(side), longest), cv2.BORDER_REPLICATE)
        write_photo(folder / plain(face.emotion) / f"{plain(name)}-{number}.png", crop)


def plain(text: str) -> str:
    """`text` as part of a file's name: somebody's label may hold a slash, or be two dots."""
    return re.sub(r"[^\w .()-]", "-", text).strip(". ").encode()[:200].decode(errors="ignore") or "face"
