"""A photo that is dropped on the page: recognized by itself, and given back as a JPEG that every browser can show."""

import asyncio
import io
from concurrent.futures import Executor
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from aiohttp import web
from PIL import Image

from emotion.errors import InputError
from emotion.faces.recognizer import Recognizer
from emotion.media.photo import read_photo
from emotion.web.messages import encode_picture, faces_message

MAX_PHOTO = 50 * 2**20  # bytes
MAX_PIXELS = 89_000_000  # Pillow's own warning begins at 89.5 million
UPLOAD_S = 30.0
LARGEST_SHOWN = 2048  # pixels of a side
MOST_WAITING = 4


class Photos:
    """Takes photos one at a time: a large one fills the memory of a small machine."""

    def __init__(self, recognizer: Recognizer, pool: Executor):
        self.recognizer, self.pool = recognizer, pool
        self.lock = asyncio.Lock()
        self.waiting = 0

    async def handle(self, request: web.Request) -> web.Response:
        if self.waiting >= MOST_WAITING:
            raise web.HTTPServiceUnavailable(text="Too many photos at once; try again.")
        self.waiting += 1
        try:
            async with asyncio.timeout(UPLOAD_S):
                data = await request.read()
            async with self.lock:
                loop = asyncio.get_running_loop()
                body = await loop.run_in_executor(self.pool, self._recognize, data)
            return web.Response(body=body, content_type="application/octet-stream")
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="The photo took too long to arrive.") from None
        except InputError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        finally:
            self.waiting -= 1

    def _recognize(self, data: bytes) -> bytes:
        """The faces in a file's bytes, and the picture, as messages.py packs them."""
        image = decode_photo(data)
        message = faces_message(0, image, 0.0, self.recognizer.recognize(image))
        scale = LARGEST_SHOWN / max(image.shape[:2])
        shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        return encode_picture(0, message, shown)


def decode_photo(data: bytes) -> np.ndarray:
    """A file's bytes as BGR uint8 (H, W, 3). InputError where they are no picture, or one too large for a guest."""
    try:
        with Image.open(io.BytesIO(data)) as header:  # nothing is decoded yet
            pixels = header.width * header.height
    except Exception:  # what junk makes of Pillow has no end; OpenCV may know it yet
        pixels = 0
    if pixels > MAX_PIXELS:
        raise InputError(f"it has more than {MAX_PIXELS // 10**6} million pixels; img_predict.py takes it")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(data)
        try:
            return read_photo(path)
        except InputError:
            raise InputError("not a picture that can be read, or a damaged one; save it as JPEG or PNG again") from None
