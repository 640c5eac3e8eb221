"""A signal at any moment of any script: no traceback, and 130."""

import signal
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send"),
]


HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)  # a terminal that is closed; Windows has none
MOMENTS = [
    ("img_predict.py", "signal"),  # the first that the script asks for
    ("img_predict.py", "emotion.errors"),
    ("img_predict.py", "numpy"),
    ("img_predict.py", "cv2"),
    ("img_predict.py", "emotion.results.records"),
    ("img_predict.py", "ai_edge_litert.interpreter"),  # the network is being loaded
    ("vid_predict.py", "numpy"),
    ("live_cam_predict.py", "numpy"),
    ("fer.py", "numpy"),
    ("batch_predict.py", "numpy"),
]


@pytest.mark.parametrize(
    ("script", "imported", "number"),
    [
        *((*moment, number) for number in (signal.SIGINT, signal.SIGTERM) for moment in MOMENTS),
        pytest.param(
            "img_predict.py", "numpy", HANGUP,
            marks=pytest.mark.skipif(signal.getsignal(HANGUP) is signal.SIG_IGN, reason="run by nohup"),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value,
)  # fmt: skip
def test_a_signal_is_no_traceback(script, imported, number, repository, tmp_path, sample):
    """Python says by -v which import is done."""
    command = [sys.executable, "-v", str(repository / script), str(sample)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = process.stderr.readline()
        while told and f"import '{imported}'" not in told:
            told = process.stderr.readline()
        assert told
        if imported == "signal":
            while told and "import 'logging'" not in told:  # the next, by when the handlers are there
                told = process.stderr.readline()
        process.send_signal(number)
        out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
