"""Each face as a picture of its own, in a folder of its emotion."""

import re
from pathlib import Path

import numpy as np

from emotion.faces.recognition import Recognition
from emotion.geometry import crop_square, whole_square
from emotion.media.photo import write_photo


def write_crops(folder: Path, name: str, image: np.ndarray, faces: list[Recognition]) -> None:
    """Write the `faces` of `image`, BGR uint8 (H, W, 3), as folder/EMOTION/NAME-NUMBER.png.

    `name` is that of the photo, which no other of the run has. InputError where they cannot be written.
    """
    for number, face in enumerate(faces, 1):
        crop = crop_square(image, *whole_square(face.box, image.shape))
        write_photo(folder / plain(face.emotion) / f"{plain(name)}-{number}.png", crop)


def plain(text: str) -> str:
    """`text` as part of a file's name: somebody's label may hold a slash, or be two dots."""
    return re.sub(r"[^\w .()-]", "-", text).strip(". ").encode()[:200].decode(errors="ignore") or "face"
