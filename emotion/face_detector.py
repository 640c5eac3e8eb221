"""Where the faces are: OpenCV's Haar cascade, or its YuNet network where the user has its file."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emotion.errors import InputError

CASCADE = Path(__file__).parent.parent / "haarcascade_frontalface_default.xml"
MIN_FACE = 30  # pixels: the cascade's own window is 24


class Box(NamedTuple):
    """A face: its top left corner and its size, in whole pixels of the frame; x right, y down; inside the frame."""

    x: int
    y: int
    width: int
    height: int


class HaarDetector:
    """Viola and Jones's cascade of boosted Haar features, as trained by Rainer Lienhart for OpenCV."""

    def __init__(self, min_face: int = MIN_FACE, cascade: Path = CASCADE):
        self.min_face = min_face
        self.cascade = cv2.CascadeClassifier()
        if not Path(cascade).is_file():
            raise InputError(f"{cascade}: no such cascade file; it belongs beside the scripts, fetch it again")
        if not self.cascade.load(str(cascade)) or self.cascade.empty():
            raise InputError(f"{cascade}: not a Haar cascade that OpenCV can read; fetch the file again")

    def detect(self, gray: np.ndarray) -> list[Box]:
        """The faces of a whole photo, uint8 (H, W): the careful search."""
        return self.search(gray, 1.1, 5, self.min_face)

    def search(
        self, gray: np.ndarray, scale_factor: float, neighbours: int, min_size: int, max_size: int | None = None
    ) -> list[Box]:
        """One pass of the cascade over uint8 (H, W); sizes are the sides of the square window, in pixels."""
        found = self.cascade.detectMultiScale(
            gray,
            scaleFactor=scale_factor,
            minNeighbors=neighbours,
            minSize=(min_size, min_size),
            maxSize=(max_size, max_size) if max_size else (0, 0),
        )
        return [Box(*map(int, face)) for face in found]
