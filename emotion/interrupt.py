"""Ctrl-C as a question asked between two frames, not an exception in the middle of one."""

import signal


class Interrupt:
    """While in its `with`, the first Ctrl-C only makes it true; the second interrupts at once, as always."""

    def __init__(self):
        self.asked = False

    def __bool__(self) -> bool:
        return self.asked

    def __enter__(self) -> "Interrupt":
        self.before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *exception) -> None:
        signal.signal(signal.SIGINT, self.before)

    def ask(self) -> None:
        """End as if by Ctrl-C."""
        self.asked = True

    def _ask(self, *_) -> None:
        self.ask()
        signal.signal(signal.SIGINT, self.before)
