"""What a person sees on the terminal, or a pipe on stdout and stderr: results, notes, errors, progress."""

import argparse
import errno
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

STDOUT = Path("/dev/stdout")
T = TypeVar("T")

# What moves the cursor, changes colours, turns the direction of writing or starts a line. The name of a file may do so.
CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        0x61C,
        0x200E,
        0x200F,
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
    )
} | {ord(letter): escape for letter, escape in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))}


def printable(line: str) -> str:
    """`line` as it may be shown on a terminal: what controls it is escaped."""
    return line.translate(CONTROLS)


def print_error(problem: object) -> None:
    """Print on stderr, as one line, what went wrong."""
    print(printable(f"{script_name()}: error: {problem}"), file=sys.stderr)


def script_name() -> str:
    """What the user has called."""
    return Path(sys.argv[0]).name


def log_to_stderr(quiet: bool) -> None:
    """From here on what the package logs for a person is a line on stderr; under --quiet, warnings alone."""
    logger = logging.getLogger("emotion")
    logger.handlers = [LineHandler()]
    logger.propagate = False  # Keras gives the root logger a handler of its own: each line would be there twice
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


class LineHandler(logging.Handler):
    """A line on stderr, above the progress bar if there is one; below it the traceback of an error, line by line."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = [record.getMessage()]
        if record.exc_info:
            lines += logging.Formatter().formatException(record.exc_info).split("\n")
        write("\n".join(map(printable, lines)), sys.stderr)


def progress(items: Sequence[T], unit: str, args: argparse.Namespace) -> Iterable[T]:
    """`items` behind a progress bar on stderr, where a person watches and there is something to wait for."""
    from tqdm import tqdm

    hidden = args.quiet or len(items) < 2 or not sys.stderr.isatty()
    bar: Iterable[T] = tqdm(items, unit=unit, disable=hidden, smoothing=0.1)
    return bar


def meter(total: int | None, done: int, unit: str, args: argparse.Namespace) -> Any:
    """A progress bar on stderr for what is counted elsewhere, of which `done` are done; a context manager.

    `total` is None where nobody knows it.
    """
    from tqdm import tqdm

    hidden = args.quiet or not sys.stderr.isatty()
    return tqdm(total=total, initial=done, unit=unit, disable=hidden, smoothing=0.05)


def say(line: str) -> None:
    """Print a line of results on stdout, above the progress bar if there is one."""
    write(printable(line), sys.stdout)


def say_table(text: str) -> None:
    """Print lines that were laid out together."""
    for line in text.split("\n"):
        say(line)


def write(text: str, stream: TextIO) -> None:
    """Write `text` above the progress bar, at once: whoever reads a pipe sees each photo when it is done."""
    from tqdm import tqdm  # after `import emotion` is paid for: a photo without a note does without

    try:
        tqdm.write(text, file=stream)
        stream.flush()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The terminal is closed. Its signal is on the way and ends the work in good order.


def speaker(*outputs: Path | None) -> Callable[[str], None]:
    """What prints the lines of results: `say`, or a note where one of `outputs` takes stdout for itself."""
    return logging.getLogger("emotion").info if STDOUT in outputs else say
