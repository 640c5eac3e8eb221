"""A face as a detector finds it, and what every detector can do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from emotion.geometry import Box

AREA, LARGEST_AREA = 2e6, 16e6  # pixels searched unless --min-face asks for more, and at most: bounds the time
USUAL_FACE = 30  # pixels: the smallest face looked for in the larger area
LONGEST = 8000  # pixels of a side searched: a strip that is turned fills a square


@dataclass(frozen=True)
class Detection:
    """One face of one picture.

    `box` in pixels, upright; `score` 0-1, how sure the detector is; `tilt` in degrees, how far the face leans clockwise:
    the box turned by it about its centre frames the face. `id` tells the faces of a video apart, None in a photo.
    """

    box: Box
    score: float = 1.0
    tilt: float = 0.0
    id: int | None = None


class Detector(Protocol):
    """Finds the faces of single pictures; may be called from several threads. `files` are what was read for it."""

    files: list[Path]

    def detect(self, image: np.ndarray) -> list[Detection]:
        """The faces of `image`, BGR uint8 (H, W, 3), from left to right."""
        ...


def search_scale(shape: tuple[int, ...], min_face: int | None) -> float:
    """The scale, at most 1, in which a picture of `shape` (height, width) is searched for faces from `min_face` on."""
    area = max(AREA, LARGEST_AREA * min(1, (USUAL_FACE / min_face) ** 2)) if min_face else AREA
    return min(1.0, (area / (shape[0] * shape[1])) ** 0.5, LONGEST / max(shape[:2]))
