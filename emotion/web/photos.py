"""A photo that is dropped on the page: recognized by itself, and given back as a JPEG that every browser can show."""

import asyncio
from concurrent.futures import Executor

import cv2
from aiohttp import web

from emotion.errors import InputError
from emotion.faces.recognizer import Recognizer
from emotion.media.decode import decode_photo
from emotion.web.messages import encode_picture, faces_message

MAX_PHOTO = 50 * 2**20  # bytes
MAX_PIXELS = 50_000_000  # a quarter of what img_predict.py takes: 150 MB as 8-bit colour
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
        except (web.RequestPayloadError, ConnectionError):  # the visitor has hung up
            raise web.HTTPBadRequest(text="The photo did not arrive whole.") from None
        except InputError as error:
            reason, _, _flag = str(error).partition("; --")  # a flag is the way out on a command line alone
            raise web.HTTPUnprocessableEntity(text=reason) from None
        finally:
            self.waiting -= 1

    def _recognize(self, data: bytes) -> bytes:
        """The faces in a file's bytes, and the picture, as messages.py packs them."""
        image = decode_photo(data, "this file", MAX_PIXELS)
        message = faces_message(0, image, 0.0, self.recognizer.recognize(image))
        scale = LARGEST_SHOWN / max(image.shape[:2])
        shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        return encode_picture(0, message, shown)
