#!/usr/bin/env python3
"""Kills scripts with signal 9 at many moments, and looks at what they leave; by hand, on Linux or macOS.

python tests/fuzz/kill.py                       ten moments each of photos, video, camera, training and export
python tests/fuzz/kill.py photos video --moments 50

What lies under its own name must be whole. What is hidden and unfinished must be gone after the next run.
"""

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parent.parent
REPOSITORY = TESTS.parent
sys.path[:0] = [str(TESTS), str(REPOSITORY)]
SAMPLES = REPOSITORY / "data" / "samples"

FER = ["fer.py", "--data", "data", "--quiet"]
COMMANDS = {
    "photos": ["img_predict.py", "many", "--json", "a.json", "--csv", "a.csv", "--quiet"],
    "video": [
        "vid_predict.py",
        SAMPLES / "astronaut.mp4",
        "-o",
        "a.mp4",
        "--json",
        "a.json",
        "--csv",
        "a.csv",
        "--quiet",
    ],
    "camera": [
        "live_cam_predict.py",
        "--camera",
        SAMPLES / "astronaut.mp4",
        "-o",
        "a.mp4",
        "--csv",
        "a.csv",
        "--quiet",
    ],
    "training": [*FER, "--network", "mini_xception", "--epochs", "2", "--output", "a.h5", "--resume"],
    "export": [*FER, "--export-images", "faces"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="*", metavar="WORK", help=f"of {', '.join(COMMANDS)} (default: all)")
    parser.add_argument("--moments", type=int, default=10)
    args = parser.parse_args()
    for work in args.work or COMMANDS:
        series(work, args.moments)


def series(work: str, moments: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        prepare(work, here)
        begun = time.monotonic()
        run(work, here)
        whole_s = time.monotonic() - begun
        names = sorted(path.name for path in here.iterdir())
        left, faults = 0, []
        for moment in range(moments):
            if work == "export":
                shutil.rmtree(here / "faces", ignore_errors=True)
            run(work, here, kill_after_s=whole_s * (moment + 0.5) / moments)
            left += sum(".unfinished" in path.name for path in here.rglob("*"))
            faults += [f"at {moment}: {fault}" for fault in damage(here)]
        if work == "export":
            shutil.rmtree(here / "faces", ignore_errors=True)
        run(work, here)
        faults += damage(here)
        faults += [f"left: {path.name}" for path in here.rglob("*") if ".unfinished" in path.name]
        faults += [f"new: {name}" for name in sorted(path.name for path in here.iterdir()) if name not in names]
    print(
        f"{work:9} {moments} moments in {whole_s:.1f} s, {left} unfinished files on the way, faults: {faults or 'none'}"
    )
    sys.stdout.flush()


def prepare(work: str, here: Path) -> None:
    from small_fer2013 import write_small_fer2013

    if work == "photos":
        (here / "many").mkdir()
        for number in range(20):
            shutil.copy(SAMPLES / "astronaut.jpg", here / "many" / f"{number:02}.jpg")
    if work in ("training", "export"):
        write_small_fer2013(here / "data")


def run(work: str, here: Path, kill_after_s: float | None = None) -> bool:
    """Whether it had to be killed."""
    command = [sys.executable, REPOSITORY / COMMANDS[work][0], *COMMANDS[work][1:]]
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    process = subprocess.Popen(
        list(map(str, command)), cwd=here, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        errors = process.communicate(timeout=kill_after_s)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    if process.returncode:
        raise SystemExit(f"{work}: ended with {process.returncode}: {errors}")
    return False


def damage(here: Path) -> list[str]:
    """What is not whole of the files under their own names."""
    found = []
    for path in here.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(here).parts):
            try:
                look(path)
            except Exception as error:
                found.append(f"{path.relative_to(here)}: {type(error).__name__}: {error}")
    return found


def look(path: Path) -> None:
    """Read a file to its end."""
    from emotion.media.photo import read_photo
    from emotion.media.video_reader import VideoReader

    if path.suffix == ".json":
        json.loads(path.read_text())
    elif path.suffix == ".csv" and path.parent.name != "data":
        with path.open(newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1, "rows of different lengths"
    elif path.suffix in (".jpg", ".png"):
        read_photo(path)
    elif path.suffix == ".mp4":
        with VideoReader(path) as video:
            assert sum(1 for _ in video), "no frame"
            assert video.problem is None, video.problem
    elif path.suffix == ".h5" and ".weights" not in path.name:
        import h5py

        with h5py.File(path) as file:
            card = json.loads(file.attrs["card"])
        assert card == json.loads(path.with_suffix(".json").read_text()), "model and card are not of one run"


if __name__ == "__main__":
    main()
