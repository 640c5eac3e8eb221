"""The sessions there are: begun, taken up again by a page that comes back, and completed."""

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Executor

from emotion.faces.recognizer import Recognizer
from emotion.web.connection import Connection
from emotion.web.messages import TAKEN_OVER
from emotion.web.session import Outputs, Session

GRACE_S = 30.0  # a page that comes back within this goes on as the same visitor, in the same recording
MOST_WAITING = 8  # sessions whose page is gone, kept for it


class Sessions:
    """One a visitor. `ended` is called with each that has ended, if it has seen a picture."""

    def __init__(self, recognizer: Recognizer, outputs: Outputs, pool: Executor, ended: Callable[[Session], None]):
        self.recognizer, self.outputs, self.pool, self.ended = recognizer, outputs, pool, ended
        self.numbers = itertools.count(1)
        self.open: dict[str, Session] = {}  # by their keys
        self.connections: dict[str, Connection] = {}  # by the session's key
        self.waiting: dict[str, asyncio.TimerHandle] = {}  # by the key: what ends a session whose page is gone
        self.finishing: set[asyncio.Task] = set()

    def begin(self, source: str) -> Session:
        """A new session, with outputs that are there of no other."""
        number = next(self.numbers)
        while number > 1 and self.outputs.numbered(number).exist:  # what nobody named is not overwritten
            number = next(self.numbers)
        session = Session(number, self.recognizer.new_stream(), self.outputs.numbered(number), source)
        self.open[session.key] = session
        return session

    async def resume(self, key: object) -> Session | None:
        """The session that a page knows by `key`, if there still is one; another page that has it is closed."""
        session = self.open.get(key) if isinstance(key, str) else None
        if session and (timer := self.waiting.pop(session.key, None)):
            timer.cancel()
        if session and (other := self.connections.pop(session.key, None)):
            await other.close(TAKEN_OVER, "taken over by another page")
        return session

    def connect(self, connection: Connection) -> None:
        self.connections[connection.session.key] = connection

    def disconnect(self, connection: Connection) -> None:
        """Keep the session for a while: its page may come back."""
        key = connection.session.key
        if self.connections.get(key) is not connection:  # taken over
            return
        del self.connections[key]
        if connection.session.started_s is None:
            self.end(key)
            return
        self.waiting[key] = asyncio.get_running_loop().call_later(GRACE_S, self.end, key)
        while len(self.waiting) > MOST_WAITING:
            self.end(next(iter(self.waiting)))

    def end(self, key: str) -> None:
        if timer := self.waiting.pop(key, None):
            timer.cancel()
        session = self.open.pop(key)
        task = asyncio.get_running_loop().create_task(self._finish(session))
        self.finishing.add(task)
        task.add_done_callback(self.finishing.discard)

    async def _finish(self, session: Session) -> None:
        await asyncio.get_running_loop().run_in_executor(self.pool, session.finish)
        if session.timeline.frames:
            self.ended(session)

    async def end_all(self) -> None:
        for key in list(self.open):
            self.end(key)
        await asyncio.gather(*self.finishing)
