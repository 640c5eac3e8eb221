"""A camera, a stream or a file as one: always its newest frame, and patience when it goes away."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

import av
import cv2
import numpy as np

from emotion.errors import InputError
from emotion.media.video_reader import TIMEOUT_S, URL_OPTIONS, VideoReader, matrix

logger = logging.getLogger(__name__)

# No time spent on getting to know a stream that is about to be shown, none on putting late packets in order.
QUICK_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "500000", "probesize": "500000"}
RETRY_S = 1.0
LAST_CAMERA = 2**31 - 1  # OpenCV takes no larger number


class Camera:
    """Reads `source` in a thread and keeps only the newest frame; a context manager.

    `source` is a camera's number, a URL or a file. A file, here or behind a URL, is played once, at its own pace, from
    when it is first looked at; a camera that goes away is waited for. Raises InputError if it
    cannot be opened at first.
    """

    def __init__(self, source: str):
        self.source = source
        self.mirrored = source.isdecimal()  # a person before a camera expects a mirror; a street does not
        self.film: VideoReader | None = None  # what is played, if it is a file
        self.lost = self.ended = False
        self.error: Exception | None = None  # what ended the thread before its time
        self.number, self.image, self.captured_s = 0, None, 0.0
        self.taken, self.first_s = 0, 0.0  # number of the frame given last; when the first that was given was captured
        self.fresh, self.watched, self.stop = threading.Condition(), threading.Event(), threading.Event()
        self.frames = self.open()
        self.thread = threading.Thread(target=self._read, name="camera", daemon=True)
        self.thread.start()

    def open(self) -> Iterator[np.ndarray]:
        """The frames from now on, each given when it arrives."""
        if self.mirrored:
            return numbered_camera(int(self.source))
        if "://" in self.source:
            stream = open_stream(self.source)
            if not stream.duration:
                return live(stream)
            stream.close()  # a file: its first frames went into the opening, so it is opened with more care
        self.film = VideoReader(self.source)
        return self._play(self.film)

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *exception) -> None:
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
            self.first_s = self.first_s or self.captured_s
            return self.image, self.captured_s - self.first_s, self.captured_s

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

    def _play(self, film: VideoReader) -> Iterator[np.ndarray]:
        """The frames of a video file, each when its time has come."""
        with film:
            self.watched.wait()  # who loads a network meanwhile misses nothing
            started = time.monotonic()
            for image, time_s, _ in film:
                self.stop.wait(max(0.0, started + time_s - time.monotonic()))
                yield image

    def _keep(self, image: np.ndarray) -> None:
        if self.lost:
            self.lost = False
            logger.info(f"{self.source}: is back")
        with self.fresh:
            self.number, self.image, self.captured_s = self.number + 1, image, time.monotonic()
            self.fresh.notify()

    def _wait_for_return(self) -> None:
        """Try again until it can be opened, or nobody wants it any more."""
        if not self.lost and not self.stop.is_set():
            self.lost = True
            logger.info(f"{self.source}: lost; waiting for it to come back")
        while not self.stop.wait(RETRY_S):
            try:
                self.frames = self.open()
                return
            except InputError:
                continue


def numbered_camera(number: int) -> Iterator[np.ndarray]:
    """The frames of a camera of this machine, until it goes away."""
    capture = cv2.VideoCapture()
    if number > LAST_CAMERA or not capture.open(number):
        raise InputError(f"--camera {number}: cannot be opened; is it plugged in, and free of other programs?")
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in the driver is old

    def frames():
        try:
            while (read := capture.read())[0]:
                yield read[1]
        finally:
            capture.release()

    return frames()


def open_stream(url: str) -> av.container.InputContainer:
    """What is behind `url`. It has a duration if it is a file, and none if it is live."""
    try:
        container = av.open(url, options=URL_OPTIONS | QUICK_OPTIONS, timeout=TIMEOUT_S)
        container.streams.best("video").thread_type = "SLICE"  # threads by frame would keep some back
    except (av.error.FFmpegError, OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "no video in it"
        raise InputError(f"--camera {url}: cannot be opened ({reason.lower()})") from None
    return container


def live(container: av.container.InputContainer) -> Iterator[np.ndarray]:
    """The frames of a network stream as they arrive, until it breaks off; a damaged packet costs itself."""
    with container, contextlib.suppress(av.error.FFmpegError, OSError):
        for packet in container.demux(container.streams.best("video")):
            # Nor can a stream that is joined between two key frames be decoded before the next.
            with contextlib.suppress(av.error.InvalidDataError):
                for frame in packet.decode():
                    frame.colorspace = matrix(frame)
                    yield frame.to_ndarray(format="bgr24")
