"""Ctrl-C and its like, as a question."""

import signal

import pytest

from emotion.cli.interrupt import SIGNALS, Interrupt, signals


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_the_first_signal_asks_and_the_next_acts(number):
    acted = []
    before = signal.signal(number, lambda *_: acted.append(number))
    try:
        with Interrupt() as interrupt:
            assert not interrupt
            signal.raise_signal(number)
            assert interrupt
            assert acted == []
            signal.raise_signal(number)
            assert acted == [number]
    finally:
        signal.signal(number, before)


def test_who_leaves_gives_the_signals_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupt():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows closes no terminals")
@pytest.mark.parametrize(
    ("handler", "heard"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)], ids=["shell", "nohup"]
)
def test_a_closed_terminal_is_heard_unless_it_is_ignored(handler, heard):
    before = signal.signal(signal.SIGHUP, handler)
    try:
        assert (signal.SIGHUP in signals()) == heard
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_key_may_ask_as_well():
    with Interrupt() as interrupt:
        interrupt.ask()
        assert interrupt
