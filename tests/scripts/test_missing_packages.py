"""Where only requirements-predict.txt is installed: every script says how it is called, and what it lacks."""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# Runs the script argv[2] where none of the packages argv[1] can be imported.
WITHOUT = """
import pathlib, runpy, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
del sys.argv[:2]
sys.path[0] = str(pathlib.Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def predict_only(repository, tmp_path):
    """predict_only("fer.py", "-h") -> CompletedProcess, in an empty folder."""

    def names(file):
        return set(re.findall(r"^[\w-]+", (repository / file).read_text(encoding="utf-8"), re.MULTILINE))

    lacking = names("requirements.txt") | names("requirements-cluster.txt")
    lacking = {{"scikit-learn": "sklearn"}.get(name, name) for name in lacking - names("requirements-predict.txt")}
    assert {"tensorflow", "pandas", "sklearn", "filelock", "distributed"} <= lacking

    def run(script, *flags):
        command = [sys.executable, "-c", WITHOUT, ",".join(lacking), repository / script, *flags]
        return subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, timeout=600)

    return run


@pytest.mark.parametrize(
    "script", ["img_predict.py", "vid_predict.py", "live_cam_predict.py", "batch_predict.py", "fer.py"]
)
def test_every_script_says_how_it_is_called(script, predict_only):
    done = predict_only(script, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage:")


def test_training_names_what_it_lacks_and_the_way_out(predict_only, data):
    done = predict_only("fer.py", "--data", data)
    assert done.returncode == 2
    assert done.stderr == "fer.py: error: pandas is not installed; pip install -r requirements.txt\n"


def test_a_batch_names_what_it_lacks_and_the_way_out(predict_only, sample):
    done = predict_only("batch_predict.py", sample, "run")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "batch_predict.py: error: filelock is not installed; pip install -r requirements-cluster.txt\n"
    )
