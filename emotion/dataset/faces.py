"""One picture of a face, of any kind and size, as a data set holds it."""

from pathlib import Path, PurePath

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.geometry import FACE_SIDE, resized
from emotion.media.photo import decode_photo
from emotion.media.suffixes import PHOTOS

LARGEST = 2**26  # bytes of a file that may be the picture of one face


def is_image(path: PurePath) -> bool:
    return path.suffix.lower() in PHOTOS


def read_face(data: bytes, name: Path | str) -> np.ndarray:
    """The bytes of a picture -> uint8 (48, 48), grey: the square about its middle. InputError where they are none."""
    if len(data) > LARGEST:
        raise InputError(f"{name}: too large for the picture of a face")
    face = cv2.cvtColor(decode_photo(data, name), cv2.COLOR_BGR2GRAY)
    height, width = face.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resized(face[top : top + side, left : left + side], FACE_SIDE)
