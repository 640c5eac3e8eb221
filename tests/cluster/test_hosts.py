"""`batch_predict.py` on a Dask cluster that was started as docs/cluster.md says: closed by certificates, and on two hosts."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from emotion import Recognizer, read_photo

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
LIMIT_S = 300


@pytest.fixture
def start(repository, tmp_path):
    """start("scheduler", ..., on=["ip", "netns", "exec", "h1"]) -> a process of Dask's command line that ends with the test."""
    started = []

    def start(*arguments, on=()) -> subprocess.Popen:
        command = [*on, sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        environment = os.environ | {
            "PYTHONPATH": str(repository),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
            "DASK_TEMPORARY_DIRECTORY": str(tmp_path),
        }
        with (tmp_path / f"dask{len(started)}.log").open("w") as log:
            process = subprocess.Popen(list(map(str, command)), env=environment, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(30)


def wait_for(there, what: str) -> None:
    end = time.monotonic() + LIMIT_S
    while not there():
        assert time.monotonic() < end, f"no {what} within {LIMIT_S} s"
        time.sleep(0.05)


def address_in(file: Path) -> str:
    """What a scheduler has written down of itself."""
    wait_for(lambda: file.is_file() and file.read_text().endswith("}"), "scheduler")
    return json.loads(file.read_text())["address"]


def batch(repository, folder: Path, *arguments, on=()) -> subprocess.CompletedProcess:
    command = [*on, sys.executable, repository / "batch_predict.py", *arguments, "--quiet"]
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)


def test_a_cluster_that_is_closed_by_certificates(start, repository, sample, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    closed = ("--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key)
    there = tmp_path / "scheduler.json"
    start("scheduler", "--host", "127.0.0.1", "--port", 0, "--protocol", "tls", *closed, "--scheduler-file", there)
    address = address_in(there)
    assert address.startswith("tls://127.0.0.1:")
    start("worker", address, "--host", "127.0.0.1", "--nworkers", 1, "--nthreads", 1, *closed)
    keys = ("--tls-ca", cert, "--tls-cert", cert, "--tls-key", key)
    done = batch(repository, tmp_path, sample, "run", "--cluster", address, *keys)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "run/results.jsonl: 1 files, 1 faces\n"

    without = batch(repository, tmp_path, sample, "other", "--cluster", address)
    assert without.returncode == 2
    assert without.stderr.startswith(f"batch_predict.py: error: --cluster {address}: no Dask scheduler answers there (")
    assert without.stderr.count("\n") == 1


@pytest.fixture
def two_hosts():
    """Two network namespaces that are joined by a cable, 10.99.0.1 and 10.99.0.2, as what starts a command in them."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces are made by Linux's root, with iproute2")
    names = [f"emotion-{os.getpid()}-{i}" for i in (1, 2)]

    def ip(*words) -> bool:
        return subprocess.run(["ip", *map(str, words)], capture_output=True).returncode == 0

    made = all(ip("netns", "add", name) for name in names)
    made = made and ip(
        "link", "add", "eth0", "netns", names[0], "type", "veth", "peer", "name", "eth0", "netns", names[1]
    )
    for i, name in enumerate(names, 1):
        made = made and ip("-n", name, "addr", "add", f"10.99.0.{i}/24", "dev", "eth0")
        made = made and all(ip("-n", name, "link", "set", link, "up") for link in ("eth0", "lo"))
    if made:
        yield [["ip", "netns", "exec", name] for name in names]
    for name in names:
        ip("netns", "del", name)
    if not made:
        pytest.skip("this system lets root make no network namespaces")


def test_two_hosts_one_of_which_dies(start, two_hosts, repository, sample, tmp_path):
    head, other = two_hosts
    photos = tmp_path / "photos"
    photos.mkdir()
    face = tmp_path / "face.png"
    cv2.imwrite(str(face), cv2.resize(cv2.imread(str(sample))[20:300, 130:330], None, fx=0.5, fy=0.5))
    for i in range(401):
        (photos / f"{i:03}.jpg").symlink_to(face)
    (photos / "400.jpg").unlink()
    (photos / "400.jpg").write_bytes(b"no picture")
    there = tmp_path / "scheduler.json"
    start("scheduler", "--host", "10.99.0.1", "--port", 0, "--scheduler-file", there, on=head)
    address = address_in(there)
    one = ("--nworkers", 1, "--nthreads", 1)
    dying = start("worker", address, "--host", "10.99.0.2", *one, on=other)
    command = [*head, sys.executable, repository / "batch_predict.py", "photos", "run", "--cluster", address, "--quiet"]
    driver = subprocess.Popen(
        list(map(str, command)), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: any((tmp_path / "run").glob("parts/part-*.jsonl")), "part")
        for pid in subprocess.run(["ip", "netns", "pids", other[-1]], capture_output=True, text=True).stdout.split():
            os.kill(int(pid), 9)
        dying.wait()
        start("worker", address, "--host", "10.99.0.1", *one, on=head)
        stdout, stderr = driver.communicate(timeout=LIMIT_S)
    finally:
        driver.kill()
        driver.communicate()
    assert stdout == "run/results.jsonl: 401 files, 400 faces\n", stderr
    faces = [face.as_dict() for face in Recognizer.for_photos().recognize(read_photo(face))]
    *records, failed = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()]
    assert records == [{"source": f"photos/{i:03}.jpg", "index": i, "time_s": None, "faces": faces} for i in range(400)]
    assert failed["problem"].startswith("not a picture")
