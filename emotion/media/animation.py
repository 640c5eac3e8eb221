"""Animated pictures as videos: GIF, WebP, PNG and AVIF, whose frames Pillow puts together as a browser does."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from emotion.errors import InputError
from emotion.media.decode import ANIMATIONS, MAX_PIXELS, by_pillow, check_pixels, open_header
from emotion.media.part import WHOLE, Part
from emotion.media.photo import read_file
from emotion.media.video_info import Frame, VideoInfo
from emotion.media.video_reader import VideoReader

SUFFIXES = {".gif", ".webp", ".png", ".apng", ".avif"}
SHORTEST_S = 0.02  # browsers take a shorter time for a slip, and show such a frame for a tenth of a second
USUAL_S = 0.1


class AnimationReader:
    """The frames of an animated picture, in order; as a VideoReader, without sound. A context manager."""

    def __init__(self, path: Path, part: Part = WHOLE, max_pixels: int = MAX_PIXELS):
        self.problem: str | None = None
        self.files, self.part = [path], part
        data = read_file(path, max_pixels)
        self.image = open_header(data, path, max_pixels)
        check_pixels(self.image, len(data), path, max_pixels, moving=True)
        if self.image.format not in ANIMATIONS or not getattr(self.image, "is_animated", False):
            raise InputError(f"{path}: a picture, not a video; img_predict.py takes it")
        frames = getattr(self.image, "n_frames", 1)
        fps = min(1 / shown_s(self.image), 1 / part.every_s if part.every_s else np.inf)
        width, height = self.image.size
        count = part.count(frames, frames / fps, fps)
        self.info = VideoInfo(width, height, fps, count, time_base=Fraction(1, 1000))
        self.seen_s = 0.0
        self.wanted = self._wanted()
        self.first = next(self.wanted, None)
        if self.first is None:
            raise InputError(f"{path}: {self.problem or part.nothing(self.seen_s)}")

    def __enter__(self) -> "AnimationReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.image.close()

    def __iter__(self) -> Iterator[Frame]:
        if self.first is not None:
            first, self.first = self.first, None
            yield first
            yield from self.wanted

    def _wanted(self) -> Iterator[Frame]:
        wanted_s = self.part.start_s
        try:
            for frame in ImageSequence.Iterator(self.image):
                frame.load()  # its time stands with its pixels
                time_s, duration_s = self.seen_s, shown_s(frame)
                if time_s >= self.part.end_s:
                    return
                self.seen_s += duration_s
                if time_s >= wanted_s:
                    wanted_s = self.part.after(time_s)
                    yield Frame(by_pillow(frame), time_s, self.part.every_s or duration_s)
        except (OSError, SyntaxError, ValueError, EOFError):
            self.problem = "cannot be read to its end"


def shown_s(frame: Image.Image) -> float:
    """How long a frame is shown, in seconds, as browsers do."""
    duration_s = float(frame.info.get("duration", 0)) / 1000
    return duration_s if duration_s >= SHORTEST_S else USUAL_S


def open_video(path: Path, part: Part = WHOLE, max_pixels: int = MAX_PIXELS) -> VideoReader | AnimationReader:
    """The reader of the video or the animated picture in `path`. InputError where it is neither."""
    is_animation = path.suffix.lower() in SUFFIXES and path.is_file()
    return (AnimationReader if is_animation else VideoReader)(path, part, max_pixels)
