"""A sheet of faces before and after augmentation: what the network is shown, for a person to judge."""

from pathlib import Path

import cv2
import numpy as np

from emotion.media.photo import write_photo
from emotion.training.augmentation import DEFAULT_RANGES, Ranges, augment

ROWS, VARIANTS = 8, 9  # faces on the sheet, and changed copies of each
ENLARGE = 2  # screen pixels a pixel
GAP = 4  # white pixels between the faces, and twice between before and after


def preview_augmentation(faces: np.ndarray, path: Path, ranges: Ranges = DEFAULT_RANGES, seed: int = 0) -> None:
    """Draw faces of `faces`, uint8 (N, 48, 48), into the image file `path`: each row one face, as it is and changed.

    `ranges`: the augmentation of a recipe. InputError where `path` cannot be written.
    """
    rng = np.random.default_rng(seed)
    chosen = faces[np.sort(rng.choice(len(faces), min(ROWS, len(faces)), replace=False))]
    repeated = np.repeat(chosen, VARIANTS, axis=0)
    changed = augment(repeated, rng, ranges).reshape(len(chosen), VARIANTS, *chosen.shape[1:])
    rows = [sheet_row(face, variants) for face, variants in zip(chosen, changed, strict=True)]
    sheet = cv2.copyMakeBorder(np.concatenate(rows), 0, GAP, 0, GAP, cv2.BORDER_CONSTANT, value=255)
    write_photo(path, sheet)


def sheet_row(face: np.ndarray, variants: np.ndarray) -> np.ndarray:
    """A face and what became of it, uint8 (V, 48, 48), side by side with white between."""
    tiles = [padded(face, left=GAP)] + [
        padded(variant, left=GAP * (3 if i == 0 else 1)) for i, variant in enumerate(variants)
    ]
    return np.concatenate(tiles, axis=1)


def padded(face: np.ndarray, left: int) -> np.ndarray:
    """`face` enlarged, with white above it and on its left."""
    face = face.repeat(ENLARGE, axis=0).repeat(ENLARGE, axis=1)
    return cv2.copyMakeBorder(face, GAP, 0, left, 0, cv2.BORDER_CONSTANT, value=255)
