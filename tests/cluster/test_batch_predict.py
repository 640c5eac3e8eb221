"""`batch_predict.py` as a user runs it, on Dask: two processes on this machine, over 24 small photos."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


@pytest.fixture
def photos(sample, tmp_path) -> Path:
    """24 photos of 100 to 200 pixels in two folders, two of them damaged."""
    face = cv2.imread(str(sample))[20:300, 130:330]
    folder = tmp_path / "photos"
    for i in range(24):
        path = folder / f"{i % 2}" / f"{i:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.resize(face, None, fx=0.5 + i / 48, fy=0.5 + i / 48))
    (folder / "0" / "04.jpg").write_bytes(b"no picture")
    (folder / "1" / "05.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def command(repository):
    def command(*arguments, workers=2) -> list[str]:
        flags = ["--workers", workers, "--quiet"]
        return list(map(str, [sys.executable, repository / "batch_predict.py", *arguments, *flags]))

    return command


def run(command: list[str], folder: Path, **variables) -> subprocess.CompletedProcess:
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def results(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]


def failed(run: Path) -> list[str]:
    with (run / "failed.csv").open(newline="") as file:
        return [f"{Path(row['source']).name} {row['problem']}" for row in csv.DictReader(file)]


DAMAGED = [
    "04.jpg not a picture that can be read, or a damaged one; save it as JPEG or PNG again",
    "05.jpg an empty file",
]


def test_it_says_what_img_predict_says_and_goes_on_where_it_was_killed(photos, command, run_script, tmp_path):
    run_script("img_predict.py", "photos", "--json", "img.json", "--no-copies", "--quiet")
    expected = json.loads((tmp_path / "img.json").read_text())["frames"]
    done = run(command("photos", "run"), tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout == f"run/results.jsonl: 24 files, {sum(len(f['faces']) for f in expected)} faces\n"
    assert done.stderr == "batch_predict.py: error: 2 of 24 could not be processed; see run/failed.csv\n"
    assert results(tmp_path / "run") == expected
    assert failed(tmp_path / "run") == DAMAGED

    before = (tmp_path / "run" / "results.jsonl").read_bytes()
    (tmp_path / "run" / "parts" / "part-00000.jsonl").unlink()
    again = run(command("photos", "run"), tmp_path)
    assert again.returncode == 1
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == before
    other = run(command("photos", "run", "--min-face", 60), tmp_path)
    assert other.returncode == 2
    assert other.stderr.startswith("batch_predict.py: error: run: is another run (flags.min_face was None, is 60)")


def test_what_kills_and_what_hangs_is_named_and_the_rest_is_done(photos, command, tmp_path):
    for name, end in ("0/10.jpg", b"POISON"), ("1/11.jpg", b"HANG"):
        with (photos / name).open("ab") as file:
            file.write(end)
    poison = Path(__file__).with_name("poison")
    done = run(command("photos", "run", "--timeout", 8), tmp_path, PYTHONPATH=poison)
    assert done.returncode == 1, done.stderr
    assert failed(tmp_path / "run") == [
        DAMAGED[0],
        "10.jpg ends the process that reads it; look at it by itself",
        DAMAGED[1],
        "11.jpg not done within 8 s; --timeout allows more",
    ]
    assert sum("problem" not in record for record in results(tmp_path / "run")) == 20


def children(pid: int) -> list[int]:
    """The processes that `pid` has started, in whatever thread, and those that they have."""
    own = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return own + [below for child in own for below in children(child)]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
def test_killed_workers_and_a_killed_driver_cost_nothing(photos, command, tmp_path):
    for i in range(20):  # three shards, so that there is something to kill
        shutil.copytree(photos / "0", photos / f"more{i:02}")
    whole = run(command("photos", "whole"), tmp_path)
    assert whole.returncode == 1, whole.stderr

    driver = subprocess.Popen(
        command("photos", "run", workers=1), cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    parts = tmp_path / "run" / "parts"
    end = time.monotonic() + 120
    while time.monotonic() < end and not (parts.is_dir() and any(parts.iterdir())):
        time.sleep(0.02)
    workers = [pid for pid in children(driver.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    time.sleep(1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()

    again = run(command("photos", "run"), tmp_path)
    assert again.returncode == 1, again.stderr
    for name in "results.jsonl", "results.csv", "failed.csv":
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list((tmp_path / "run").rglob(".*"))
