"""Ctrl-C, and the signal to terminate, which means the same to every script."""

import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def raise_on_signals() -> None:
    """From here on each of the signals raises KeyboardInterrupt."""
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


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

    def _ask(self, *_: object) -> None:
        self.ask()
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
