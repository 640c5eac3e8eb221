"""A camera, a stream or a file as one: always its newest frame; what goes away is waited for."""

import contextlib
import logging
import threading
import time
from collections.abc import Generator
from pathlib import Path

import av
import cv2
import numpy as np

from emotion.errors import InputError, reason
from emotion.media.address import check_scheme, hide_password
from emotion.media.container import TIMEOUT_S, URL_OPTIONS
from emotion.media.video_info import matrix
from emotion.media.video_reader import VideoReader

logger = logging.getLogger(__name__)

# No time spent on getting to know a stream that is about to be shown, none on putting late packets in order.
QUICK_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "500000", "probesize": "500000"}
RETRY_S = 1.0
LAST_CAMERA = 2**31 - 1  # OpenCV takes no larger number


class Clock:
    """Time as it passes; a test has one that it moves by hand."""

    def now(self) -> float:
        """Seconds, by time.monotonic()."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for `event`, but no longer than so many seconds; returns whether it is set."""
        return event.wait(seconds)


class Camera:
    """Reads `source` in a thread and keeps only the newest frame; a context manager.

    `source` is a camera's number, a URL or a file. A file, here or behind a URL, is played once, at its own pace, from
    when it is first looked at; a camera that goes away is waited for. `name` is `source` without a password. Raises
    InputError if it cannot be opened at first.
    """

    def __init__(self, source: str, clock: Clock | None = None):
        self.source, self.name = source, hide_password(source)
        self.clock = clock or Clock()
        self.mirrored = source.isdecimal()  # a person before a camera expects a mirror; a street does not
        self.film: VideoReader | None = None  # what is played, if it is a file
        self.lost = self.ended = False
        self.error: Exception | None = None  # what ended the thread before its time
        self.number, self.image, self.captured_s = 0, np.empty((0, 0, 3), np.uint8), 0.0
        self.taken = 0  # number of the frame given last
        self.first_s: float | None = None  # when the first that was given was captured
        self.fresh, self.watched, self.stop = threading.Condition(), threading.Event(), threading.Event()
        self.frames = self.open()
        self.thread = threading.Thread(target=self._read, name="camera", daemon=True)
        self.thread.start()

    def open(self) -> Generator[np.ndarray]:
        """The frames from now on, each given when it arrives."""
        if self.mirrored:
            return numbered_camera(int(self.source))
        try:
            if "://" in self.source:
                stream = open_stream(self.source)
                if not is_file(stream):
                    return live(stream)
                stream.close()  # its first frames went into the opening, so it is opened with more care
            self.film = VideoReader(self.source)
        except InputError as error:
            raise InputError(str(error).replace(self.source, self.name)) from None
        return self._play(self.film)

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop.set()
        self.watched.set()  # or a file that was never looked at would wait on
        self.thread.join(TIMEOUT_S)

    def newest(self, wait_s: float) -> tuple[np.ndarray, float, float] | None:
        """The newest frame not given yet, BGR uint8 (H, W, 3), and when it was captured: seconds since the first given,
        and by time.monotonic(). None if there is none within `wait_s`. Raises what went wrong in the thread.
        """
        self.watched.set()
        with self.fresh:
            self.fresh.wait_for(lambda: self.number != self.taken or self.ended, wait_s)
            if self.number == self.taken:
                if self.error:
                    raise self.error
                return None
            self.taken = self.number
            self.first_s = self.captured_s if self.first_s is None else self.first_s
            return self.image, self.captured_s - self.first_s, self.captured_s

    @property
    def files(self) -> list[Path]:
        """The file of this machine that is played, if it is one."""
        return self.film.files if self.film else []

    @property
    def finished(self) -> bool:
        """Whether there will be no more frames: true of a file at its end only."""
        return self.ended and self.error is None and self.number == self.taken

    @property
    def problem(self) -> str | None:
        """What was wrong with the file, in a few words, once it has been played; None of a camera."""
        return self.film.problem if self.film else None

    def _read(self) -> None:
        try:
            while not self.stop.is_set():
                with contextlib.closing(self.frames):
                    for image in self.frames:
                        self._keep(cv2.flip(image, 1) if self.mirrored else image)
                        if self.stop.is_set():
                            break
                if self.film:
                    break
                self._wait_for_return()
        except Exception as error:
            self.error = error  # raised where somebody can do something about it
        finally:
            with self.fresh:
                self.ended = True
                self.fresh.notify()

    def _play(self, film: VideoReader) -> Generator[np.ndarray]:
        """The frames of a video file, each when its time has come."""
        with film:
            self.watched.wait()  # playback starts at the first request: no frame is lost while the network loads
            started = self.clock.now()
            for image, time_s, _ in film:
                self.clock.wait(self.stop, max(0.0, started + time_s - self.clock.now()))
                yield image

    def _keep(self, image: np.ndarray) -> None:
        if self.lost:
            self.lost = False
            logger.info(f"{self.name}: is back")
        with self.fresh:
            self.number, self.image, self.captured_s = self.number + 1, image, self.clock.now()
            self.fresh.notify()

    def _wait_for_return(self) -> None:
        """Try again until it can be opened, or nobody wants it any more."""
        if not self.lost and not self.stop.is_set():
            self.lost = True
            logger.info(f"{self.name}: lost; waiting for it to come back")
        while not self.clock.wait(self.stop, RETRY_S):
            try:
                self.frames = self.open()
                return
            except InputError:
                continue


def numbered_camera(number: int) -> Generator[np.ndarray]:
    """The frames of a camera of this machine, until it goes away."""
    capture = cv2.VideoCapture()
    if number > LAST_CAMERA or not capture.open(number):
        raise InputError(f"--camera {number}: cannot be opened; is it plugged in, and free of other programs?")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in the driver is old

    def frames() -> Generator[np.ndarray]:
        try:
            while (read := capture.read())[0]:
                yield read[1]
        finally:
            capture.release()

    return frames()


def open_stream(url: str) -> av.container.InputContainer:
    """What is behind `url`, a file or a live camera. InputError where there is nothing."""
    check_scheme(url)
    try:
        container = av.open(url, options=URL_OPTIONS | QUICK_OPTIONS, timeout=TIMEOUT_S)
        find_stream(container).thread_type = "SLICE"  # threads by frame would keep some back
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"--camera {url}: cannot be opened ({reason(error)})") from None
    return container


def find_stream(container: av.container.InputContainer) -> av.VideoStream:
    """The best of the container's video streams. ValueError where it has none."""
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream):
        raise ValueError("no video in it")
    return stream


def is_file(container: av.container.InputContainer) -> bool:
    """Whether it has an end: its header says how long it is, as an MP4's does, or its server how large, as of a .ts."""
    return bool(container.duration) or container.size > 0


def live(container: av.container.InputContainer) -> Generator[np.ndarray]:
    """The frames of a network stream as they arrive, until it breaks off; a damaged packet costs itself."""
    with container, contextlib.suppress(av.error.FFmpegError, OSError):
        stream = find_stream(container)
        for packet in container.demux(stream):
            # Nor can a stream that is joined between two key frames be decoded before the next.
            with contextlib.suppress(av.error.InvalidDataError):
                for frame in stream.decode(packet):
                    frame.colorspace = matrix(frame)
                    yield frame.to_ndarray(format="bgr24")
