"""One WebSocket of one page, from its welcome to its close code. What the other side may cost is bounded."""

import asyncio
import contextlib
import json
import logging
from concurrent.futures import Executor
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web

from emotion.labels import css_colour
from emotion.web.messages import (
    BURST_S,
    MAX_FPS,
    MAX_MESSAGE,
    RateLimit,
    RefusedError,
    decode_picture,
    decode_text,
    faces_message,
)
from emotion.web.session import Session

logger = logging.getLogger(__name__)

IDLE_S = 90.0  # a page says that it is there every 15 s; a hidden one, whose timers are slowed, every 60
SEND_S = 10.0  # for the other side to take what it is sent
MESSAGES = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)
UNDER_WAY = 2  # pictures sent and not yet answered: one is worked on while the next travels


class Connection:
    """Takes a visitor's pictures and answers with their faces; or shows the pictures of a camera of the server.

    Either way only the newest picture waits: who is slow misses some and is never behind.
    """

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, session: Session, pool: Executor, shows: bool
    ):
        """`shows`: pictures go to the other side, and none are taken from it."""
        self.request, self.socket, self.session, self.pool, self.shows = request, socket, session, pool, shows
        self.limit = RateLimit(MAX_FPS, BURST_S)
        self.arrived = asyncio.Event()
        self.picture: bytes | None = None  # the visitor's, not recognized yet
        self.shown: bytes | None = None  # the server's, not sent yet
        self.under_way = 0  # of the server's: sent, and not acknowledged

    async def serve(self) -> None:
        """Until either side closes."""
        worker = asyncio.create_task(self._work())
        try:
            await self._receive()
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    def show(self, picture: bytes) -> None:
        """Send `picture` as soon as the one before the last has been acknowledged, unless a newer one comes."""
        self.shown = picture
        self.arrived.set()

    async def _receive(self) -> None:
        try:
            while (message := await self.socket.receive(IDLE_S)).type in MESSAGES:
                self.limit.take()
                if len(message.data) > MAX_MESSAGE:
                    raise RefusedError(WSCloseCode.MESSAGE_TOO_BIG, f"more than {MAX_MESSAGE} bytes")
                if message.type is WSMsgType.PING:
                    await self.socket.pong(message.data)
                elif message.type is WSMsgType.BINARY:
                    if self.shows:
                        raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "this server shows its own camera")
                    self.picture = message.data
                    self.arrived.set()
                elif message.type is WSMsgType.TEXT and decode_text(message.data).get("type") == "shown":
                    self.under_way = max(0, self.under_way - 1)
                    self.arrived.set()
        except RefusedError as refusal:
            await self.close(refusal.code, refusal.reason)
        except TimeoutError:
            await self.close(WSCloseCode.POLICY_VIOLATION, f"nothing came for {IDLE_S:.0f} seconds")

    async def _work(self) -> None:
        try:
            while True:
                await self.arrived.wait()
                self.arrived.clear()
                if self.picture is not None:
                    picture, self.picture = self.picture, None
                    loop = asyncio.get_running_loop()
                    await self.send(await loop.run_in_executor(self.pool, self._recognize, picture))
                if self.shown is not None and self.under_way < UNDER_WAY:
                    picture, self.shown = self.shown, None
                    self.under_way += 1
                    await self.send(picture)
        except RefusedError as refusal:
            await self.close(refusal.code, refusal.reason)
        except (TimeoutError, ConnectionError):
            self.abort()
        except Exception:
            logger.exception("a picture could not be worked on")
            await self.close(WSCloseCode.INTERNAL_ERROR, "an error on the server")

    def _recognize(self, data: bytes) -> dict:
        number, image = decode_picture(data)
        time_s, faces = self.session.take(image)
        return faces_message(number, image, time_s, faces) | {"problem": self.session.problem}

    async def welcome(self, camera: str | None) -> None:
        """Tell the page what it needs to know at first; `camera` is the server's that it shows, if it does."""
        session = self.session
        labels = session.recognizer.labels
        message = {
            "type": "welcome",
            "session": session.key,
            "labels": labels,
            "colours": [css_colour(label, labels) for label in labels],
            "recorded": [Path(name).name for name in session.outputs.names],
            "under_way": UNDER_WAY,
            "source": camera,
        }
        await self.send(message)

    async def send(self, message: dict | bytes) -> None:
        """Raises TimeoutError where the other side does not take it."""
        async with asyncio.timeout(SEND_S):
            if isinstance(message, bytes):
                await self.socket.send_bytes(message)
            else:
                await self.socket.send_str(json.dumps(message))

    async def close(self, code: int, reason: str) -> None:
        logger.info(f"visitor {self.session.number}: closed ({code}, {reason})")
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(SEND_S):
                await self.socket.close(code=code, message=reason.encode())

    def abort(self) -> None:
        """Let go of who does not read what it is sent: a close code would only wait behind it."""
        if self.request.transport:
            self.request.transport.abort()
