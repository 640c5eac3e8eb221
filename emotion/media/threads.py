"""Work in other threads, in order: FFmpeg, OpenCV and the network let go of Python's lock while they work.

Both queues are short: a fast stage waits for a slow one, and memory does not depend on the video's length.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

AHEAD = 3  # frames of up to 25 MB each; of larger ones fewer, of those of 8K none
QUEUE_BYTES = 75_000_000
END = object()


def frames_ahead(width: int, height: int) -> int:
    """How many frames of so many pixels may wait in a queue; 0 where no thread should hold any."""
    return min(AHEAD, QUEUE_BYTES // (3 * width * height))


@contextlib.contextmanager
def read_ahead(items: Iterable, ahead: int = AHEAD) -> Iterator[Iterator]:
    """`items`, fetched by a thread a few `ahead` of their use; what fetching raises is raised where they are used.

    `ahead` of 0: no thread. At the end of the `with` nothing works on `items` any more: their file can be closed.
    """
    if not ahead:
        yield iter(items)
        return
    waiting: queue.Queue = queue.Queue(ahead)
    stop = threading.Event()

    def fetch() -> None:
        try:
            for item in items:
                if not put(waiting, (item, None), stop):
                    return
        except BaseException as error:
            put(waiting, (END, error), stop)
        else:
            put(waiting, (END, None), stop)

    thread = threading.Thread(target=fetch, name="read ahead", daemon=True)
    thread.start()
    try:
        yield take(waiting)
    finally:
        stop.set()
        join(thread)


def take(waiting: queue.Queue) -> Iterator:
    """What arrives in the queue, up to its end."""
    while True:
        item, error = waiting.get()
        if error:
            raise error
        if item is END:
            return
        yield item


def put(waiting: queue.Queue, item: object, stop: threading.Event) -> bool:
    """Wait for room in the queue, but not longer than until `stop`."""
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            waiting.put(item, timeout=0.1)
            return True
    return False


def join(thread: threading.Thread) -> None:
    """Wait for the end of `thread`, also where Ctrl-C comes meanwhile: FFmpeg bears no second user of what is closed next."""
    try:
        thread.join()
    finally:
        thread.join()


class WriteBehind:
    """Calls `write` in a thread, in the order of the calls, a few `behind`; a context manager that waits for the last.

    What `write` raises is raised by the next call, or at the end. `behind` of 0: no thread, and raised at once.
    """

    def __init__(self, write: Callable, behind: int = AHEAD):
        self.write = write
        self.waiting: queue.Queue = queue.Queue(behind)
        self.error: BaseException | None = None
        self.given_up = False
        self.thread = threading.Thread(target=self._work, name="write behind", daemon=True) if behind else None
        if self.thread:
            self.thread.start()

    def __call__(self, *arguments: object) -> None:
        if self.thread is None:
            self.write(*arguments)
            return
        self._raise()
        self.waiting.put(arguments)

    def __enter__(self) -> "WriteBehind":
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if self.thread is None:
            return
        try:
            self.waiting.put(END)
            self.thread.join()
        except BaseException:  # Ctrl-C once more: what waits is given up, what is being written is not
            self.given_up = True
            self.waiting.put(END)
            join(self.thread)
            raise
        if kind is None:
            self._raise()

    def _work(self) -> None:
        while (arguments := self.waiting.get()) is not END:
            if self.error is None and not self.given_up:  # the rest is only taken off the queue
                try:
                    self.write(*arguments)
                except BaseException as error:
                    self.error = error

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error
