"""Stderr as C libraries know it, file descriptor 2: the whole process's, and led elsewhere for a while."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

LOCK = threading.RLock()
OWNED = threading.Event()  # set by the scripts; in a library user's process other threads print on stderr as well
LONGEST = 10_000  # bytes that are looked at of what was printed


@contextlib.contextmanager
def stderr_led_to(file: IO[bytes]) -> Iterator[int]:
    """What any thread prints on stderr meanwhile goes into `file`; yields a descriptor of the real one.

    One thread at a time: of two that overlap, the last to end would leave it there. Where stderr was led elsewhere
    meanwhile, as by the signal of a closed terminal, there it stays. OSError where it is closed.
    """
    with LOCK:
        sys.stderr.flush()
        real = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield real
        finally:
            if os.path.samestat(os.fstat(2), os.fstat(file.fileno())):
                os.dup2(real, 2)
            os.close(real)


@contextlib.contextmanager
def native_stderr() -> Iterator[list[str]]:
    """A list that in the end holds the lines that were meanwhile printed on stderr, and are not shown: they name no file.

    In the main thread of a script alone; elsewhere the list stays empty, and they are shown.
    """
    said: list[str] = []
    with contextlib.ExitStack() as stack:
        if OWNED.is_set() and threading.current_thread() is threading.main_thread():
            hidden = stack.enter_context(tempfile.TemporaryFile())
            with contextlib.suppress(OSError):  # it is closed
                stack.enter_context(stderr_led_to(hidden))
                stack.callback(lambda: said.extend(lines(hidden)))
        yield said


def lines(file: IO[bytes]) -> list[str]:
    file.seek(0)
    return file.read(LONGEST).decode(errors="replace").splitlines()
