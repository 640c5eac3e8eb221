"""What the scripts share on the command line: how they start and end, notes, progress, errors, exit codes."""

import argparse
import errno
import io
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

import cv2

from emotion.cli.interrupt import exit_on_signals, raise_on_signals
from emotion.errors import InputError, reason
from emotion.native_stderr import OWNED

DONE, PARTLY, FAILED, INTERRUPTED = 0, 1, 2, 130
STDOUT = Path("/dev/stdout")
T = TypeVar("T")


def run(main: Callable[[], int | None]) -> None:
    """Call a script's `main` and exit with the code it returns; an InputError is one line on stderr and exit code 2."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what goes wrong is reported once, by us
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold what a pipe's encoding does not
    OWNED.set()
    raise_on_signals()
    try:
        code = main() or DONE
        sys.stdout.flush()
    except InputError as error:
        print_error(error)
        code = FAILED
    except KeyboardInterrupt:
        exit_on_signals(INTERRUPTED)
        code = ended(interrupted=True)
    except BrokenPipeError:
        # `img_predict.py ... | head`: whoever read has seen enough. Python would complain once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except MemoryError:
        print_error("too large for the memory of this machine")
        code = FAILED
    except ModuleNotFoundError as error:  # a script that trains or measures, where only prediction was installed
        if error.name is None or error.name.partition(".")[0] == "emotion":
            raise
        print_error(f"{error.name} is not installed; pip install -r requirements.txt")
        code = FAILED
    except OSError as error:  # a full disk, a folder that may not be entered
        print_error(f"{error.filename or 'a file'}: {reason(error)}")
        code = FAILED
    exit_on_signals(code)
    sys.exit(code)


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


class Parser(argparse.ArgumentParser):
    """Shows its description as it is typed; a wrong call is an InputError like any other. Notes follow --quiet."""

    def __init__(self, description: str):
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self._negative_number_matcher = re.compile(r"-\d+$|-\d*\.\d+$|-1-1$")  # --scaling -1-1 is no flag either

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; -h shows how to call it")

    def parse_args(self, args: Sequence[str] | None = None) -> argparse.Namespace:  # type: ignore[override]
        parsed = super().parse_args(args)
        log_to_stderr(parsed.quiet)
        return parsed


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


def meter(total: int, done: int, unit: str, args: argparse.Namespace) -> Any:
    """A progress bar on stderr for what is counted elsewhere, of which `done` are done; a context manager."""
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


def ended(interrupted: bool, source: str | Path = "", problem: str | None = None) -> int:
    """Say on stderr how the work on `source` ended before its time, if it did; returns the exit code."""
    if interrupted:
        print(f"{script_name()}: interrupted; what was done is kept", file=sys.stderr)
        return INTERRUPTED
    if problem:
        print_error(f"{source}: {problem}")
        return PARTLY
    return DONE


def report(failures: list[str], total: int, interrupted: bool = False) -> int:
    """Name on stderr what could not be processed, of `total` inputs; returns the exit code."""
    for failure in failures:
        print_error(failure)
    if interrupted:
        return ended(interrupted)
    return DONE if not failures else FAILED if len(failures) == total else PARTLY


def report_table(table: Path, failed: int, total: int, useful: int) -> int:
    """Say on stderr that `failed` of `total` inputs had a problem, and that `table` names them; returns the exit code.

    `useful` is how many photos and frames there are all the same: a film that breaks has those before.
    """
    if failed:
        print_error(f"{failed} of {total} could not be processed; see {table}")
    return DONE if not failed else PARTLY if useful else FAILED
