"""The page's server: the page, its WebSocket, a photo that is dropped on it.

On aiohttp: HTTP and WebSocket of one make, with limits on a message, on the time a request may take and on what waits
in a connection, and it runs in a thread beside the script. Starlette with uvicorn comes as five packages of three
makers for the same, gives a first request no deadline, and wants the process's signals.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web

from emotion.errors import InputError, reason
from emotion.faces.recognizer import Recognizer
from emotion.media.camera import Camera
from emotion.web.camera_feed import CameraFeed
from emotion.web.connection import Connection
from emotion.web.guard import Guard
from emotion.web.messages import ENDED, MAX_MESSAGE, RefusedError, decode_text
from emotion.web.photos import MAX_PHOTO, Photos
from emotion.web.session import NOWHERE, Outputs, Session
from emotion.web.sessions import Sessions

silent = logging.getLogger(f"{__name__}.http")  # aiohttp's: a traceback for each request that is no HTTP
silent.disabled = True

PAGE = Path(__file__).parent / "page"
MAX_VISITORS = 8
MAX_SOCKETS = 64  # connections of any kind, and BACKLOG more that come at the same moment
BACKLOG = 16
REQUEST_S = 15.0  # for the head of a request to be there, and between two
CLOSE_S = 2.0  # for the other side to answer a close code


class Server:
    """Serves the page at `host` and `port` from a thread; a context manager.

    `recognizer` is one of videos, of which each visitor gets a stream; `photos` one of photos. With a `camera` the page
    shows that, else each visitor's own. `ended` is called with each session that has ended. InputError where the place is
    taken or no place to be. Port 0 is any that is free.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        photos: Recognizer,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        outputs: Outputs = NOWHERE,
        camera: Camera | None = None,
        ended: Callable[[Session], None] = lambda session: None,
    ):
        self.host, self.port = host, port
        self.guard = Guard(host)
        self.camera = camera
        self.feed: CameraFeed | None = None
        self.pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="recognize")
        self.sessions = Sessions(recognizer, outputs, self.pool, ended)
        self.photos = Photos(photos, self.pool)
        self.connections: set[Connection] = set()
        self.contexts = ExitStack()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="web server", daemon=True)

    @property
    def addresses(self) -> list[str]:
        """What to type into a browser, the likeliest first."""
        return self.guard.addresses(self.port)

    def __enter__(self) -> "Server":
        self.thread.start()
        try:
            self._call(self._start())
        except OSError as error:
            self._stop_thread()
            place = f"--host {self.host} --port {self.port}"
            raise InputError(f"{place}: cannot be served ({reason(error)}); is it in use? try another --port") from None
        except BaseException:
            self._stop_thread()
            raise
        return self

    def __exit__(self, *exception) -> None:
        try:
            self.contexts.close()
            self._call(self._stop())
        finally:
            self._stop_thread()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def _stop_thread(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        self.pool.shutdown()

    async def _start(self) -> None:
        app = web.Application(middlewares=[self.guard.middleware], client_max_size=MAX_PHOTO)
        app.on_response_prepare.append(self.guard.add_headers)
        app.router.add_get("/", self._index)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/photo", self.photos.handle)
        app.router.add_static("/page", PAGE)
        self.runner = web.AppRunner(
            app,
            access_log=None,
            logger=silent,
            keepalive_timeout=REQUEST_S,
            lingering_time=CLOSE_S,
            auto_decompress=False,  # no browser packs what it sends, and 400 kB can be 400 MB
        )
        await self.runner.setup()
        http = self.runner.server
        assert http is not None  # after setup()

        def protocol() -> asyncio.BaseProtocol:
            return http() if len(http.connections) < MAX_SOCKETS else Refusal()

        self.listener = await self.loop.create_server(protocol, self.host, self.port, backlog=BACKLOG)
        self.port = self.listener.sockets[0].getsockname()[1]
        if self.camera:
            self.feed = CameraFeed(self.camera, self.sessions.begin(self.camera.name), self)
            self.contexts.enter_context(self.feed)

    async def _stop(self) -> None:
        self.listener.close()
        done = self.feed is not None and self.feed.ended
        code, why = (ENDED, "the video has ended") if done else (int(WSCloseCode.GOING_AWAY), "the server has ended")
        await asyncio.gather(*[connection.close(code, why) for connection in self.connections])
        await self.runner.cleanup()
        await self.sessions.end_all()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # what aiohttp still reads from those who hung up
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def show(self, picture: bytes) -> None:
        """Send a picture of the server's camera to everybody who looks; may be called by any thread."""

        def show() -> None:
            for connection in self.connections:
                connection.show(picture)

        self.loop.call_soon_threadsafe(show)

    @property
    def looked_at(self) -> bool:
        return bool(self.connections)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to show: true of a camera that is a file, at its end. Raises what broke it."""
        if self.feed and self.feed.error:
            raise self.feed.error
        return self.feed is not None and self.feed.ended

    async def _index(self, request: web.Request) -> web.StreamResponse:
        response = web.FileResponse(PAGE / "index.html")
        self.guard.remember(request, response)
        return response

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        # What is larger than a message may be is read and then refused: hung up on in the middle of a message, a sender
        # would not hear the close code. Much larger is not read.
        socket = web.WebSocketResponse(max_msg_size=2 * MAX_MESSAGE, compress=False, autoping=False, timeout=CLOSE_S)
        await socket.prepare(request)
        try:
            session = await self._greet(socket)
        except RefusedError as refusal:
            await socket.close(code=refusal.code, message=refusal.reason.encode())
            return socket
        connection = Connection(request, socket, session, self.pool, shows=self.feed is not None)
        self.connections.add(connection)
        if not self.feed:
            self.sessions.connect(connection)
        try:
            await connection.welcome(self.camera.name if self.camera else None)
            await connection.serve()
        finally:
            self.connections.discard(connection)
            self.sessions.disconnect(connection)
        return socket

    async def _greet(self, socket: web.WebSocketResponse) -> Session:
        """The session of the page, which greets with its key; a camera of the server has one for all.

        Raises RefusedError.
        """
        try:
            hello = await socket.receive(REQUEST_S)
        except TimeoutError:
            raise RefusedError(WSCloseCode.POLICY_VIOLATION, "no greeting") from None
        if hello.type is not WSMsgType.TEXT:
            raise RefusedError(WSCloseCode.UNSUPPORTED_DATA, "no greeting")
        key = str(decode_text(hello.data).get("session"))
        # Before its session is taken up: of a page that is refused, it still ends in time. Who takes over is no newcomer.
        if len(self.connections) - (key in self.sessions.connections) >= MAX_VISITORS:
            raise RefusedError(WSCloseCode.TRY_AGAIN_LATER, "too many visitors")
        if self.feed:
            return self.feed.session
        return await self.sessions.resume(key) or self.sessions.begin("browser")


class Refusal(asyncio.Protocol):
    """Hangs up."""

    def connection_made(self, transport) -> None:
        transport.abort()
