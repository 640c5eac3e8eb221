#!/usr/bin/env python3
"""Damaged files for the readers of strangers' files, as many as there is time for; by hand.

python tests/fuzz/run.py --seconds 60                  every reader, 60 CPU seconds each
python tests/fuzz/run.py photo video --seconds 3600
python tests/fuzz/run.py model --atheris 600           libFuzzer, led by the lines of ours that an input reaches
python tests/fuzz/run.py --again FOUND/photo-17-a.png  one input once more

Each reader works in a process of its own, with 4 GB and 20 seconds an input: a crash, a hang or a bomb (more than 1.5 GB)
is a finding, its input is kept in ./fuzz-findings, and the exit code is 1.
"""

import argparse
import collections
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

FOUND = Path("fuzz-findings")
MEMORY = 4 * 2**30
BOMB = 1_500_000_000  # bytes; what a damaged file of a few kilobytes may take, and the Python that reads it
HANG_S = 20


def main() -> None:
    from fuzz.readers import READERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds a reader (default: 60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", type=int, metavar="SECONDS", help="let atheris choose the damage")
    parser.add_argument("--again", type=Path, metavar="FILE", help="read this finding once more")
    parser.add_argument("--worker", metavar="READER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.again:
        reader, _, name = args.again.name.split("-", 2)
        again(READERS[reader], name, args.again.read_bytes())
    elif args.worker:
        work(args.worker, args.seconds, args.seed)
    elif args.atheris:
        lead(args.readers[0], args.atheris)
    else:
        sound = [watch(name, args.seconds, args.seed) for name in args.readers or READERS]
        sys.exit(0 if all(sound) else 1)


def watch(name: str, seconds: float, seed: int) -> bool:
    """Let a process try one reader, and another where the first one died, until the time is up; whether none is found."""
    left, tried, outcomes, faults, peak = seconds, 0, collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        while left > 0:
            command = [sys.executable, __file__, "--worker", name, "--seconds", str(left), "--seed", str(seed)]
            worker = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
            report = json.loads((Path(folder) / "report.json").read_text())
            tried, left, seed = tried + report["tried"], left - max(report["cpu_s"], 0.1), seed + 1
            peak = max(peak, report["peak"])
            outcomes.update(report["outcomes"])
            faults.update(report["faults"])
            if worker.returncode:
                faults[f"died with {worker.returncode}"] += 1
                keep(Path(folder) / "current", name)
            for path in Path(folder).glob("finding-*"):
                keep(path, name)
    print(f"{name:9} {tried:7} inputs, {dict(outcomes)}, peak {peak / 2**20:.0f} MB, faults: {dict(faults) or 'none'}")
    sys.stdout.flush()
    return not faults


def keep(finding: Path, reader: str) -> None:
    FOUND.mkdir(exist_ok=True)
    for path in finding.iterdir():
        shutil.copy(path, FOUND / f"{reader}-{time.monotonic_ns()}-{path.name}")
    shutil.rmtree(finding)


def work(name: str, seconds: float, seed: int) -> None:
    """The work of `watch`, in the process that may die: what it is at lies in current/, what it found in finding-*/."""
    import cv2
    from fuzz.readers import READERS, attempt, inputs

    from emotion.native_stderr import OWNED

    warnings.simplefilter("ignore")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # as the scripts do
    OWNED.set()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    reader, here = READERS[name], Path.cwd()
    report = {"tried": 0, "cpu_s": 0.0, "peak": 0, "outcomes": collections.Counter(), "faults": collections.Counter()}
    signal.signal(signal.SIGALRM, hang)
    for file, data in inputs(reader, here / "good", seed):
        shutil.rmtree(here / "current", ignore_errors=True)
        (here / "report.json").write_text(json.dumps(report))
        if report["cpu_s"] > seconds:
            break
        signal.alarm(HANG_S)
        try:
            report["outcomes"][attempt(reader, file, data, here / "current")] += 1
            if memory_peak() > max(BOMB, report["peak"]):
                raise MemoryError(f"more than {BOMB / 1e9:g} GB")
        except (Exception, KeyboardInterrupt) as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            if not report["faults"][kind]:
                (here / f"finding-{report['tried']}").mkdir()
                (here / f"finding-{report['tried']}" / file).write_bytes(data)
            report["faults"][kind] += 1
        signal.alarm(0)
        report["tried"] += 1
        report["cpu_s"], report["peak"] = time.process_time(), memory_peak()


def memory_peak() -> int:
    """The most memory that this process has held, in bytes; macOS counts in bytes, Linux in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def hang(*_: object) -> None:
    raise TimeoutError(f"more than {HANG_S} seconds")


def again(reader, name: str, data: bytes) -> None:
    from fuzz.readers import attempt

    with tempfile.TemporaryDirectory() as folder:
        print(attempt(reader, name, data, Path(folder) / "again"))


def lead(name: str, seconds: int) -> None:
    """libFuzzer's own loop over one reader; it ends the process, and keeps what it found in the folder it began in."""
    import atheris

    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    (folder / "good").mkdir()
    for module in [module for module in sys.modules if module.partition(".")[0] in ("emotion", "fuzz")]:
        del sys.modules[module]  # what is imported already would not be instrumented
    with atheris.instrument_imports(include=["emotion"]):
        from fuzz.readers import READERS, attempt

        reader = READERS[name]
        good = reader.seeds(folder / "good")
        for path in good:  # imports what a reader only imports when it reads
            attempt(reader, path.name, path.read_bytes(), folder / "first")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, path in enumerate(good):
        shutil.copy(path, corpus / str(number))

    def one(data: bytes) -> None:
        shutil.rmtree(folder / "current", ignore_errors=True)
        attempt(reader, good[0].name, data, folder / "current")

    limits = [f"-max_total_time={seconds}", f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY >> 20}"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
