"""What goes over the WebSocket: pictures in as JPEG, faces out as JSON. Whatever comes in is bounded.

A picture, either way, is a binary message: its number (4 bytes, big-endian), the length of a JSON text (4 bytes), the
text, and the JPEG. Everything else is JSON text.
"""

import io
import json
import math
import time

import cv2
import numpy as np
from aiohttp import WSCloseCode
from PIL import JpegImagePlugin

from emotion.faces.recognition import Recognition

MAX_MESSAGE = 4 * 2**20  # bytes: a 4-megapixel JPEG of good quality has 1 to 2
MAX_PIXELS = 2**22
MAX_FPS = 60  # frames a second from one visitor, on average over
BURST_S = 2  # seconds
HEAD = 8
JPEG_QUALITY = 85
TAKEN_OVER, ENDED = 4001, 4002  # close codes of our own: the page does not come back after them


class RefusedError(Exception):
    """What a visitor sent ends the connection: `code` is the WebSocket's close code."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code, self.reason = code, reason


def decode_picture(data: bytes) -> tuple[int, np.ndarray]:
    """The number and the picture, BGR uint8 (H, W, 3), of a binary message. Raises RefusedError."""
    number, jpeg = int.from_bytes(data[:4], "big"), data[HEAD:]
    try:
        # Not Image.open: its limit on pixels is one for the whole process. Only the header is read here.
        header = JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg))
    except Exception:  # what junk makes of Pillow has no end
        raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "not a JPEG") from None
    if math.prod(header.size) > MAX_PIXELS:
        raise RefusedError(WSCloseCode.MESSAGE_TOO_BIG, "too many pixels")
    if header.info.get("progressive"):  # no browser's canvas writes one, and a thousand passes can hide in it
        raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "a progressive JPEG")
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "a damaged JPEG")
    return number, image


def encode_picture(number: int, message: dict, image: np.ndarray) -> bytes:
    """A picture, BGR uint8 (H, W, 3), with what is said of it."""
    text = json.dumps(message, ensure_ascii=False).encode(errors="backslashreplace")
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    return number.to_bytes(4, "big") + len(text).to_bytes(4, "big") + text + jpeg


def decode_text(text: str) -> dict:
    """A JSON message. Raises RefusedError."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "not a message")
    return message


def faces_message(number: int, image: np.ndarray, time_s: float, faces: list[Recognition]) -> dict:
    """What is said of a frame: its faces as in the records, in pixels of a picture of `width` and `height`."""
    height, width = image.shape[:2]
    return {
        "type": "faces",
        "number": number,
        "time_s": round(time_s, 4),
        "width": width,
        "height": height,
        "faces": [face.as_dict() for face in faces],
    }


class RateLimit:
    """A token bucket: `rate` a second, with as many in hand as `burst_s` seconds give."""

    def __init__(self, rate: float, burst_s: float):
        self.rate, self.most = rate, rate * burst_s
        self.left, self.since_s = self.most, time.monotonic()

    def take(self) -> None:
        """Count one. Raises RefusedError where there were too many."""
        now = time.monotonic()
        self.left = min(self.most, self.left + self.rate * (now - self.since_s)) - 1
        self.since_s = now
        if self.left < 0:
            raise RefusedError(WSCloseCode.POLICY_VIOLATION, f"more than {self.rate:.0f} messages a second")
