import os
import subprocess
import sys

import numpy as np
import pytest

from emotion.cli.window import Window

pytestmark = pytest.mark.slow


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
@pytest.mark.parametrize(("display", "reason"), [(None, "DISPLAY is not set"), (":4711", "cannot be opened")])
def test_a_missing_display_is_noticed_and_kills_nothing(repository, display, reason):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if display:
        environment["DISPLAY"] = display
    code = "from emotion.cli.window import missing_display; print(missing_display())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert reason in done.stdout


def test_a_title_that_is_no_text_reaches_the_screen_as_text(monkeypatch):
    titles = []
    for name in ("namedWindow", "resizeWindow", "imshow"):
        monkeypatch.setattr(f"emotion.cli.window.cv2.{name}", lambda title, *_: titles.append(title))
    Window("caf\udce9.jpg", 80, 60).show(np.zeros((60, 80, 3), np.uint8))
    assert titles == ["caf?.jpg"] * 3


@pytest.mark.parametrize(
    ("size", "shown"),
    [((80, 60), (80, 60)), ((2560, 1440), (1280, 720)), ((1000, 1440), (500, 720))],
    ids=["small", "wide", "tall"],
)
def test_a_window_fits_the_screen_and_enlarges_nothing(monkeypatch, size, shown):
    sizes = []
    monkeypatch.setattr("emotion.cli.window.cv2.namedWindow", lambda *_: None)
    monkeypatch.setattr("emotion.cli.window.cv2.resizeWindow", lambda title, *size: sizes.append(size))
    Window("a", *size)
    assert sizes == [shown]
