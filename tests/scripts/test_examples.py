"""What the help of a script shows works as it is typed."""

import os
import shutil

import pytest

pytestmark = pytest.mark.slow

HEADLESS = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("img_predict.py", {"output", "annotated", "faces", "emotions.json", "emotions.csv"}),
        ("vid_predict.py", {"output", "annotated.mp4", "timeline.png", "emotions.json"}),
        ("live_cam_predict.py", {"recording.mp4", "emotions.csv"}),
    ],
)
def test_help_shows_three_examples_that_work(run_script, repository, tmp_path, script, files):
    lines = run_script(script, "-h").stdout.splitlines()
    examples = [line.split() for line in lines if line.strip().startswith(f"python {script}")]
    assert len(examples) == 3
    shutil.copytree(repository / "data" / "samples", tmp_path / "data" / "samples")
    for _, _, *arguments in examples:
        if script == "live_cam_predict.py" and "data/samples/astronaut.mp4" not in arguments:
            continue  # a camera, and a page that is served until Ctrl-C
        done = run_script(script, *(argument.strip('"') for argument in arguments), env=HEADLESS)
        assert done.returncode == 0, done.stderr
        assert "happiness" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"data", *files}
