#!/usr/bin/env python3
"""How much memory a long video takes: `vid_predict.py` on ten minutes of it, watched as a process. Linux only.

python tests/benchmarks/video_memory.py
python tests/benchmarks/video_memory.py --minutes 1
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from video_speed import FPS, REPOSITORY, make_scene

SETTLED_S = 8  # until the first frames are through: what comes after is growth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of 1280x720 with one face (default: %(default)s)")
    args = parser.parse_args()
    frames = round(60 * FPS * args.minutes)
    with tempfile.TemporaryDirectory() as folder:
        video = make_scene(Path(folder), "720p", 1, frames)
        outputs = ["-o", f"{folder}/out.mp4", "--csv", f"{folder}/out.csv", "--json", f"{folder}/out.json"]
        command = [sys.executable, str(REPOSITORY / "vid_predict.py"), str(video), "--quiet", *outputs]
        held = watch(command)
    settled = next((size for time_s, size in held if time_s >= SETTLED_S), held[-1][1])
    print(f"{frames} frames in {held[-1][0]:.0f} s: {max(size for _, size in held):.0f} MB at most, {settled:.0f} MB")
    print(f"after {SETTLED_S} s, {held[-1][1]:.0f} MB at the end")


def watch(command: list[str], interval_s: float = 0.2) -> list[tuple[float, float]]:
    """Run `command`; (seconds since its start, megabytes it held in memory) from time to time."""
    started, held = time.monotonic(), []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        if size := resident_megabytes(process.pid):
            held.append((time.monotonic() - started, size))
        time.sleep(interval_s)
    if process.returncode:
        sys.exit(f"video_memory.py: error: vid_predict.py ended with {process.returncode}")
    return held


def resident_megabytes(pid: int) -> float | None:
    """What the process holds in memory; None once it has let go of it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = (line.split() for line in status.splitlines())
    return next((int(line[1]) * 1.024e-3 for line in lines if line[0] == "VmRSS:"), None)


if __name__ == "__main__":
    main()
