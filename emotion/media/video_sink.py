"""Frames to an H.264 MP4 that plays in a browser, with the times, the colours and the sound of its source."""

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from emotion.errors import InputError
from emotion.files import clear_unfinished, put_in_place, unfinished_path, writing
from emotion.media.soundtrack import Soundtrack
from emotion.media.video_info import VideoInfo
from emotion.outputs import check_place

WRITABLE = (".mp4", ".m4v", ".mov")
LIMITED_RANGE = 1  # FFmpeg's number for Y' of 16-235, the range that every player expects

# On two cores the encoder is the largest cost after the cascade: `veryfast` takes three times as long as `ultrafast`,
# which spends bits instead (measured in tests/benchmarks). One thread: the other stages keep the cores busy.
ENCODER = {"preset": "ultrafast", "crf": "23"}


class VideoSink:
    """Writes an MP4 beside `path` and moves it there when it is complete; a context manager.

    An interruption completes it early: what is done is a playable file. Any other exception leaves nothing.
    Raises InputError where the file cannot be written.
    """

    def __init__(self, path: Path, info: VideoInfo, sound_from: Path | None = None, from_s: float = 0.0):
        """`sound_from`: the video whose sound comes along, from `from_s` seconds on, which is where the copy begins."""
        check_writable(path)
        clear_unfinished(path.parent)
        self.path = path
        self.partial = unfinished_path(path.absolute())  # FFmpeg would take a relative a:b.mp4 for a protocol
        self.frames = 0
        self.last_pts = -1
        self.durations: dict[int, int] = {}
        with writing(self.path, av.error.FFmpegError):
            self.container = av.open(str(self.partial), "w", format="mp4", options={"movflags": "+faststart"})
        self.stream = self._add_video(info)
        self.reformatter = VideoReformatter()
        self.as_yuv: dict[str, Any] = {"format": "yuv420p", "threads": 1,
                                       "dst_colorspace": info.colours.matrix, "dst_color_range": LIMITED_RANGE}  # fmt: skip
        self.info = info
        self.sound = Soundtrack(sound_from, self.container, from_s) if sound_from else None

    def _add_video(self, info: VideoInfo) -> av.VideoStream:
        rate = Fraction(info.fps).limit_denominator(1001)
        stream = self.container.add_stream("libx264", rate=rate, options=ENCODER)
        # 4:2:0 halves the colours' sides: an odd picture gets one more column or row, the last one again.
        stream.width, stream.height = info.width + info.width % 2, info.height + info.height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = info.time_base
        context.thread_count = 1
        context.sample_aspect_ratio = info.pixel_aspect
        context.colorspace = info.colours.matrix
        context.color_primaries, context.color_trc = info.colours.primaries, info.colours.transfer
        context.color_range = LIMITED_RANGE
        return stream

    def __enter__(self) -> "VideoSink":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self.frames and (kind is None or issubclass(kind, KeyboardInterrupt)):
                self.complete()
        finally:
            self.discard()  # what is not complete

    def write(self, image: np.ndarray, time_s: float, duration_s: float = 0.0) -> None:
        """Add a picture, BGR uint8 (H, W, 3), shown from `time_s` on."""
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="bgr24")
        frame = self.reformatter.reformat(frame, **self.as_yuv)
        # A player needs times that only grow; clocks and damaged files do not always oblige.
        frame.pts = max(round(time_s / self.info.time_base), self.last_pts + 1)
        frame.time_base = self.info.time_base
        self.durations[frame.pts] = round(duration_s / self.info.time_base)
        self.last_pts = frame.pts
        with writing(self.path, av.error.FFmpegError):
            self._mux(self.stream.encode(frame))
            if self.sound:
                self.sound.copy_until(time_s)
        self.frames += 1

    def complete(self) -> None:
        """Finish the file and move it to its place."""
        with writing(self.path, av.error.FFmpegError):
            self._mux(self.stream.encode(None))
            if self.sound:
                end = self.last_pts * self.info.time_base
                self.sound.copy_until(float(end) + 1 / self.info.fps)
                self.sound.close()
            self.container.close()
            put_in_place(self.partial, self.path)

    def discard(self) -> None:
        """Leave nothing unfinished behind."""
        with contextlib.suppress(OSError, av.error.FFmpegError):  # a full disk, or no frame to make a header from
            self.container.close()
        if self.sound:
            self.sound.input.close()
        self.partial.unlink(missing_ok=True)

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            # MP4 takes the last frame's duration from its packet alone; the others end where the next begins.
            duration = self.durations.pop(packet.pts or 0, 0)
            if duration:
                packet.duration = duration
            self.container.mux(packet)


def check_writable(path: Path) -> None:
    """Refuse, before the work is done, a `path` that is no place for a video."""
    if path.suffix.lower() not in WRITABLE:
        raise InputError(f"{path}: the output is an MP4; give it the ending .mp4")
    check_place(path, str(path))
