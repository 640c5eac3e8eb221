"""How every script starts and ends: its call, its signals, its errors, its exit code."""

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import cv2

from emotion.cli.interrupt import exit_on_signals, raise_on_signals
from emotion.cli.terminal import log_to_stderr, print_error, script_name
from emotion.errors import InputError, reason
from emotion.native_stderr import OWNED

DONE, PARTLY, FAILED, INTERRUPTED = 0, 1, 2, 130


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
    except MemoryError as error:
        print_error(reason(error))
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
