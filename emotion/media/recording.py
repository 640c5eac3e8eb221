"""A live camera on disk: each frame at the time it was captured, so that it plays at the speed of what was seen."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from emotion.media.threads import WriteBehind, frames_ahead
from emotion.media.video_info import VideoInfo
from emotion.media.video_sink import VideoSink, check_writable

USUAL_FPS = 30.0  # what the encoder plans for; the frames' own times are what is written


class Recording:
    """An MP4 that takes its size from the first frame; a context manager."""

    def __init__(self, path: Path):
        check_writable(path)
        self.path = path
        self.sink: VideoSink | None = None
        self.stack = ExitStack()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stack.__exit__(kind, error, traceback)

    def write(self, frame: np.ndarray, time_s: float) -> None:
        """Add `frame`, BGR uint8 (H, W, 3), captured `time_s` seconds after the first; it must not change afterwards."""
        if self.sink is None:
            height, width = frame.shape[:2]
            info = VideoInfo(width, height, USUAL_FPS, time_base=Fraction(1, 90000))
            self.sink = self.stack.enter_context(VideoSink(self.path, info))
            self.write_behind = self.stack.enter_context(WriteBehind(self.sink.write, frames_ahead(width, height)))
        size = self.sink.info.width, self.sink.info.height
        if frame.shape[1::-1] != size:  # a camera may come back with another resolution
            frame = cv2.resize(frame, size)
        self.write_behind(frame, time_s)
