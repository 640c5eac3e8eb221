"""The keys of a live camera's window, and what it shows."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from emotion.cli import live_view
from emotion.cli.live_view import FpsMeter, LiveView
from emotion.cli.window import ESCAPE, SPACE, Q, S

FRAME = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


class FakeWindow:
    def __init__(self, title, width, height):
        self.opened, self.screens, self.pressed = (title, width, height), [], -1

    def show(self, frame):
        self.screens.append(frame.copy())

    def key(self, wait_ms=1):
        self.waited = wait_ms
        return self.pressed

    def __exit__(self, *exception):
        self.opened = None


@pytest.fixture
def view(monkeypatch, tmp_path, notes):
    monkeypatch.setattr(live_view, "Window", FakeWindow)
    monkeypatch.chdir(tmp_path)
    with LiveView("Emotions: 0") as view:
        yield view


def press(view, key):
    view.window.pressed = key
    view.handle_keys()


def test_before_the_first_frame_there_is_no_window_and_nothing_to_hear(view):
    view.handle_keys()
    assert (view.window, view.quit, view.paused) == (None, False, False)


def test_the_text_is_on_the_screen_and_not_on_the_frame(view):
    frame = FRAME.copy()
    view.show(frame, "30 fps  12 ms")
    view.show(frame, "")
    with_text, without = view.window.screens
    assert view.window.opened == ("Emotions: 0", 160, 120)
    assert np.array_equal(frame, FRAME)
    assert np.array_equal(without, FRAME)
    assert not np.array_equal(with_text[:10, :30], FRAME[:10, :30])
    assert np.array_equal(with_text[60:], FRAME[60:])


def test_a_text_wider_than_the_frame_is_cut(view):
    view.show(FRAME[:8, :8], "30 fps  12 ms")
    assert view.window.screens[0].shape == (8, 8, 3)


@pytest.mark.parametrize("key", [Q, ESCAPE], ids=["q", "Esc"])
def test_q_and_escape_quit(view, key):
    view.show(FRAME, "")
    press(view, -1)
    assert not view.quit
    press(view, key)
    assert (view.quit, view.paused) == (True, False)


def test_space_pauses_and_goes_on(view):
    view.show(FRAME, "")
    heard = []
    for key in (SPACE, -1, SPACE):
        press(view, key)
        heard.append(view.paused)
    assert heard == [True, True, False]
    assert not view.quit


def test_a_pause_waits_for_a_key(view):
    view.show(FRAME, "")
    view.handle_keys(0.03)
    assert view.window.waited == 30


def test_s_saves_the_frame_without_the_text_of_the_screen(view, tmp_path, notes):
    view.show(FRAME, "30 fps  12 ms")
    press(view, S)
    (path,) = (tmp_path / "output").iterdir()
    assert np.array_equal(cv2.imread(str(path)), FRAME)
    assert notes == [f"snapshot: {Path('output', path.name)}"]


def test_a_snapshot_that_cannot_be_written_does_not_end_the_show(view, tmp_path, notes):
    (tmp_path / "output").write_text("mine")
    view.show(FRAME, "")
    press(view, S)
    assert not view.quit
    assert notes[0].startswith("no snapshot: ")
    assert (tmp_path / "output").read_text() == "mine"


def test_the_window_closes_with_the_view(view):
    view.show(FRAME, "")
    view.__exit__(None, None, None)
    assert view.window.opened is None


def test_the_frame_rate_is_renewed_twice_a_second(monkeypatch):
    now = 10.0
    monkeypatch.setattr(live_view, "time", SimpleNamespace(monotonic=lambda: now))
    meter, seen = FpsMeter(30.0), []
    for now in (10.1, 10.2, 10.3, 10.4, 10.5, 10.6):
        meter.tick(now - 0.02)
        seen.append((round(meter.fps), meter.text))
    assert seen == [(30, "")] * 4 + [(10, "10 fps  20 ms")] * 2
