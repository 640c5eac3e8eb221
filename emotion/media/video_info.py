"""Properties of a video and of each of its frames."""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np

# FFmpeg's numbers of the Y'CbCr matrices that its swscale knows. A frame that names another is refused by it.
MATRICES = {1, 4, 5, 6, 7, 9}


class Frame(NamedTuple):
    """One picture: BGR uint8 (H, W, 3), upright. `time_s` counts from the start of the file, sound included;
    `duration_s` is 0 where the file does not tell.
    """

    image: np.ndarray
    time_s: float
    duration_s: float = 0.0


@dataclass(frozen=True)
class Colours:
    """FFmpeg's numbers for how Y'CbCr came from light: the output carries the same, so that no colour shifts."""

    matrix: int = 2  # 2: unspecified, as in FFmpeg
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True)
class VideoInfo:
    """What a video is. Width and height in pixels as shown, that is, after its rotation tag."""

    width: int
    height: int
    fps: float  # on average: a phone's frames come when they come
    frames: int = 0  # what the file promises; 0 where it does not say
    time_base: Fraction = Fraction(1, 90000)
    pixel_aspect: Fraction = Fraction(1)  # width over height of one pixel
    colours: Colours = Colours()


def matrix(frame: av.VideoFrame) -> int:
    """The Y'CbCr matrix of `frame`, FFmpeg's number, one of MATRICES.

    Where its tag is none of them it is what browsers assume of no tag: BT.709 from 720 lines on.
    """
    if frame.colorspace in MATRICES:
        return frame.colorspace
    return 1 if max(frame.width, frame.height) >= 1280 or min(frame.width, frame.height) >= 720 else 6
