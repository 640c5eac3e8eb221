import os
import signal
import sys
import threading
import time
from contextlib import nullcontext

import pytest

from emotion.media.threads import END, WriteBehind, frames_ahead, read_ahead


def test_items_arrive_in_order_from_another_thread():
    def items():
        for i in range(100):
            yield i, threading.current_thread().name

    with read_ahead(items()) as ahead:
        got = list(ahead)
    assert [i for i, _ in got] == list(range(100))
    assert {name for _, name in got} == {"read ahead"}


def test_reading_stays_a_few_ahead():
    made = []

    def items():
        for i in range(100):
            made.append(i)
            yield i

    with read_ahead(items(), ahead=3) as ahead:
        next(ahead)
        time.sleep(0.2)
        assert len(made) <= 5


def test_an_error_of_reading_comes_where_the_item_was_due():
    def items():
        yield 1
        raise ValueError("broken")

    with read_ahead(items()) as ahead:
        assert next(ahead) == 1
        with pytest.raises(ValueError, match="broken"):
            next(ahead)


def test_leaving_early_ends_the_thread():
    def items():
        while True:
            yield 0

    with read_ahead(items()) as ahead:
        next(ahead)
    assert "read ahead" not in [thread.name for thread in threading.enumerate()]


def test_what_is_written_behind_is_written_in_order_and_before_the_end():
    written = []
    with WriteBehind(lambda a, b: (time.sleep(0.002), written.append((a, b)))) as write:
        for i in range(20):
            write(i, -i)
    assert written == [(i, -i) for i in range(20)]


def test_an_error_of_writing_is_raised_to_the_writer_and_never_blocks_it():
    def full(_):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"), WriteBehind(full) as write:
        for i in range(50):
            write(i)
            time.sleep(0.005)


def test_an_error_of_the_last_write_is_raised_at_the_end():
    def full(_):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"), WriteBehind(full) as write:
        write(1)


def test_after_an_error_nothing_more_is_written():
    tried, all_given = [], threading.Event()

    def full(item):
        all_given.wait(5)
        tried.append(item)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"), WriteBehind(full) as write:
        for i in range(3):
            write(i)
        all_given.set()
        for _ in range(100):
            write(3)
    assert tried == [0]


def test_an_error_of_the_one_who_writes_is_not_hidden_by_one_of_writing():
    def full(_):
        raise OSError("no space")

    with pytest.raises(ZeroDivisionError), WriteBehind(full) as write:
        write(1)
        raise ZeroDivisionError


def test_of_large_frames_fewer_wait():
    assert [frames_ahead(*size) for size in ((640, 480), (3840, 2160), (5120, 2880), (7680, 4320))] == [3, 3, 1, 0]


def test_with_none_ahead_and_none_behind_no_thread_holds_a_frame():
    names = []
    with read_ahead(iter("ab"), ahead=0) as ahead, WriteBehind(names.append, behind=0) as write:
        for item in ahead:
            write(item + threading.current_thread().name)
    assert names == ["aMainThread", "bMainThread"]


def test_an_error_of_writing_with_none_behind_is_raised_at_once():
    def full(_):
        raise OSError("no space")

    with WriteBehind(full, behind=0) as write, pytest.raises(OSError, match="no space"):
        write(1)


def wait_until(true):
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.fixture
def ctrl_c():
    """It raises KeyboardInterrupt, whatever a script that ran in this process made of it, or the shell that started it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill would end the process")
@pytest.mark.parametrize("interrupted", [False, True], ids=["to the end", "interrupted"])
def test_ctrl_c_at_the_end_waits_for_what_is_being_written_and_for_no_more(interrupted, ctrl_c):
    begun, written, go_on = threading.Event(), [], threading.Event()

    def write(item):
        begun.set()
        go_on.wait(10)
        written.append(item)

    def press_ctrl_c():
        begun.wait(10)
        wait_until(lambda: END in behind.waiting.queue)
        if interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            wait_until(lambda: behind.given_up)
        go_on.set()

    behind = WriteBehind(write)
    user = threading.Thread(target=press_ctrl_c)
    user.start()
    with pytest.raises(KeyboardInterrupt) if interrupted else nullcontext(), behind:
        for item in range(3):
            behind(item)
    assert written == ([0] if interrupted else [0, 1, 2])
    assert not behind.thread.is_alive()
    user.join()


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill would end the process")
def test_ctrl_c_at_the_end_waits_for_what_is_being_read(ctrl_c):
    begun, go_on = threading.Event(), threading.Event()
    let_go = []

    def items():
        yield 1
        begun.set()
        go_on.wait(10)
        let_go.append(True)
        yield 2

    def press_ctrl_c():
        begun.wait(10)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)  # for the signal to arrive
        go_on.set()

    user = threading.Thread(target=press_ctrl_c)
    with pytest.raises(KeyboardInterrupt), read_ahead(items()) as ahead:
        next(ahead)
        user.start()
    assert let_go
    user.join()
