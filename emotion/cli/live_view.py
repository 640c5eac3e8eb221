"""What is seen of a live camera, and the keys that control it."""

import logging
import time

import numpy as np

from emotion.cli.window import ESCAPE, SPACE, Q, S, Window
from emotion.errors import InputError
from emotion.media.photo import write_photo
from emotion.outputs import OUTPUT
from emotion.results.overlay import label_image

logger = logging.getLogger(__name__)

GREY = (60, 60, 60)


class FpsMeter:
    """Frames a second and milliseconds from capture to screen, renewed twice a second, so that they can be read."""

    def __init__(self, fps: float):
        self.fps = fps
        self.text = ""
        self.frames, self.delay_s, self.since_s = 0, 0.0, time.monotonic()

    def tick(self, captured_s: float) -> None:
        """Count a frame that was captured at `captured_s`, by time.monotonic(), and is on the screen now."""
        now = time.monotonic()
        self.frames += 1
        self.delay_s += now - captured_s
        if now - self.since_s >= 0.5:
            self.fps = self.frames / (now - self.since_s)
            self.text = f"{self.fps:.0f} fps  {1000 * self.delay_s / self.frames:.0f} ms"
            self.frames, self.delay_s, self.since_s = 0, 0.0, now


class LiveView:
    """A window with the newest frame; q, Esc or its cross quits, space pauses, s saves a snapshot. A context manager."""

    def __init__(self, title: str):
        self.title = title
        self.window: Window | None = None
        self.frame: np.ndarray | None = None
        self.paused = self.quit = False

    def __enter__(self) -> "LiveView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.window:
            self.window.__exit__(*exception)

    def show(self, frame: np.ndarray, text: str) -> None:
        """Show the annotated `frame`, BGR uint8 (H, W, 3), with `text` in its corner; the frame stays as it is."""
        if self.window is None:
            self.window = Window(self.title, frame.shape[1], frame.shape[0])
        self.frame = frame
        screen = frame.copy()
        if text:
            label = label_image(text, max(16, frame.shape[0] // 30 // 2 * 2), GREY)
            screen[: label.shape[0], : label.shape[1]] = label[: screen.shape[0], : screen.shape[1]]
        self.window.show(screen)

    def handle_keys(self, wait_s: float = 0) -> None:
        """Do what the keys pressed since the last time, or within `wait_s`, say; to be called often, or the window
        seems dead.
        """
        key = self.window.key(round(1000 * wait_s)) if self.window else -1
        if key in (Q, ESCAPE):
            self.quit = True
        elif key == SPACE:
            self.paused = not self.paused
        elif key == S and self.frame is not None:
            self.save_snapshot(self.frame)

    def save_snapshot(self, frame: np.ndarray) -> None:
        path = OUTPUT / f"snapshot-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() // 10**6 % 1000:03}.png"
        try:
            write_photo(path, frame)
        except InputError as error:
            logger.info(f"no snapshot: {error}")  # no reason to end
        else:
            logger.info(f"snapshot: {path}")
