"""Ctrl-C as a question asked between two frames, not an exception in the middle of one."""

import signal


class Interrupt:
    """While in its `with`, the first Ctrl-C, or the signal to terminate, only makes it true; the next acts at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.asked = False

    def __bool__(self) -> bool:
        return self.asked

    def __enter__(self) -> "Interrupt":
        self.before = {number: signal.signal(number, self._ask) for number in self.SIGNALS}
        return self

    def __exit__(self, *exception) -> None:
        self._give_back()

    def ask(self) -> None:
        """End as if by Ctrl-C."""
        self.asked = True

    def _ask(self, *_) -> None:
        self.ask()
        self._give_back()

    def _give_back(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
