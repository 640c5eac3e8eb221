"""What libjpeg, libtiff and their like print on stderr by themselves."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

LONGEST = 10_000  # bytes of it that are looked at


@contextlib.contextmanager
def native_stderr() -> Iterator[list[str]]:
    """A list that in the end holds the lines that were meanwhile printed on stderr, and are not shown: they name no file.

    Stderr is the whole process's: this is done in the main thread alone, and elsewhere the list stays empty.
    """
    said: list[str] = []
    try:
        stderr = os.dup(2) if threading.current_thread() is threading.main_thread() else None
    except OSError:  # it is closed
        stderr = None
    if stderr is None:
        yield said
        return
    with tempfile.TemporaryFile() as hidden:
        sys.stderr.flush()
        os.dup2(hidden.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            hidden.seek(0)
            said += hidden.read(LONGEST).decode(errors="replace").splitlines()
