"""A window on the screen, where there is a screen: looked for before, since Qt ends the process over a missing one."""

import os
import subprocess
import sys

import cv2
import numpy as np

Q, ESCAPE, SPACE, S = ord("q"), 27, ord(" "), ord("s")


class Window:
    """Shows frames and hears keys; a context manager."""

    def __init__(self, title: str, width: int, height: int):
        # A file's name may hold bytes that are no text, of which Qt crashes.
        self.title = title.encode(errors="replace").decode()
        cv2.namedWindow(self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        scale = min(1.0, 1280 / width, 720 / height)
        cv2.resizeWindow(self.title, round(width * scale), round(height * scale))
        self.shown = False

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.closed():
            cv2.destroyWindow(self.title)

    def show(self, frame: np.ndarray) -> None:
        """Show `frame`, BGR uint8 (H, W, 3)."""
        cv2.imshow(self.title, frame)
        self.shown = True

    def key(self, wait_ms: int = 1) -> int:
        """The key pressed within `wait_ms`, or -1; a closed window counts as q."""
        key = cv2.waitKey(max(1, wait_ms))
        if self.shown and self.closed():
            return Q
        return key & 0xFF if key >= 0 else -1

    def closed(self) -> bool:
        """Whether the user has closed the window by its cross."""
        try:
            return cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:
            return True


def missing_display() -> str | None:
    """Why no window can be opened here, in a few words; None if one can."""
    if "GUI:                           NONE" in cv2.getBuildInformation():
        return "this OpenCV is built without windows (opencv-python-headless); install opencv-python"
    if sys.platform in ("win32", "darwin"):
        return None
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return "there is no display (DISPLAY is not set)"
    # Only Qt knows whether Qt can start: a stale DISPLAY, a refused connection, a missing library all abort it.
    # So another process tries first, and ends before its window is seen.
    attempt = "import cv2, os; cv2.namedWindow('trial'); os._exit(0)"
    trial = subprocess.run([sys.executable, "-c", attempt], capture_output=True, check=False)
    return None if trial.returncode == 0 else f"the display {os.environ.get('DISPLAY', '')} cannot be opened"
