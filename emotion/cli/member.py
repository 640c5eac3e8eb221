"""A script as one process of several, which may be ended from outside Python.

Where its partners are gone, JAX ends a process by abort(), under a page of C++; a parent that watches says it in a line.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Callable

from emotion.backend.hosts import ENDED, VARIABLES
from emotion.cli import app
from emotion.errors import InputError


def run(main: Callable[[], int | None]) -> None:
    """`app.run`, in a child process that is watched, where the environment makes this one of several.

    On Windows, which has no fork, by itself.
    """
    watched = hasattr(os, "fork") and any(name in os.environ for name in VARIABLES)
    app.run((lambda: watch(main)) if watched else main)


def watch(main: Callable[[], int | None]) -> int:
    """The exit code of a child that runs `main`; InputError where a signal ended it that was not sent through here."""
    with tempfile.TemporaryFile() as chatter:
        child = os.fork()  # nothing has been imported yet that has threads
        if child == 0:
            # Python's lines still go to stdout and stderr; what C++ says goes nowhere.
            sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", buffering=1, errors="backslashreplace") for n in (1, 2))
            os.dup2(chatter.fileno(), 1)
            os.dup2(chatter.fileno(), 2)
            leave_with(main)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the child as well
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGABRT:
        raise InputError(f"{ENDED}, or cannot be reached; start all of them again with --resume")
    if code < 0:
        raise InputError(
            f"ended by {signal.Signals(-code).name}; start all processes of this training again with --resume"
        )
    return code


def leave_with(main: Callable[[], int | None]) -> None:
    """Run `main` and end this process, without JAX's wait for partners that may be dead."""
    try:
        app.run(main)
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
