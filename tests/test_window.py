import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
@pytest.mark.parametrize(("display", "reason"), [(None, "DISPLAY is not set"), (":4711", "cannot be opened")])
def test_a_missing_display_is_noticed_and_kills_nothing(repository, display, reason):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if display:
        environment["DISPLAY"] = display
    code = "from emotion.window import missing_display; print(missing_display())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert reason in done.stdout
