"""Ctrl-C, and the signals to terminate and of a closed terminal, which mean the same to every script."""

import os
import signal
from types import FrameType


def signals() -> tuple[int, ...]:
    """Those that end a script. `nohup` has SIGHUP ignored, and ignored it stays."""
    ending = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # Windows has none
        ending.append(signal.SIGHUP)
    return tuple(ending)


SIGNALS = signals()
TERMINALS = [stream for stream in (1, 2) if os.isatty(stream)]  # one that is closed is none any more


def raise_on_signals() -> None:
    """From here on each of the signals raises KeyboardInterrupt."""
    for number in SIGNALS:
        signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    leave_terminal(number)
    raise KeyboardInterrupt


def leave_terminal(number: int) -> None:
    """After SIGHUP what is printed goes nowhere: writing to a terminal that is closed would be an error."""
    if number in (signal.SIGINT, signal.SIGTERM):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in TERMINALS:
        os.dup2(nowhere, stream)


def exit_on_signals(code: int) -> None:
    """From here on each of the signals ends the process with `code` at once: the work is done, or given up."""
    for number in SIGNALS:
        signal.signal(number, lambda *_: os._exit(code))


class Interrupt:
    """A question asked between two frames: while in its `with`, the first signal only makes it true; the next acts."""

    def __init__(self) -> None:
        self.asked = False

    def __bool__(self) -> bool:
        return self.asked

    def __enter__(self) -> "Interrupt":
        self.before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        self._give_back()

    def ask(self) -> None:
        """End as if by Ctrl-C."""
        self.asked = True

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        leave_terminal(number)
        self.ask()
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
