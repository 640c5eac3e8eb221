"""Chromium as the tests start it, and what its camera plays."""

import shutil
from pathlib import Path

import av
import cv2
import numpy as np

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
]  # fmt: skip


def write_y4m(path: Path, pictures: list[np.ndarray]) -> None:
    """The raw video that Chromium's fake camera plays, over and over."""
    height, width = pictures[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
            file.write(b"FRAME\n" + frame.to_ndarray().tobytes())


def camera_picture(sample: Path) -> np.ndarray:
    """What the camera sees in the tests: the sample's upper part, BGR uint8 (480, 640, 3)."""
    return cv2.resize(cv2.imread(str(sample))[:384], (640, 480))
