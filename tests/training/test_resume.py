"""A run that was killed and resumed is the unbroken run, by one process and by several that train together."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.backend.hosts import VARIABLES


@pytest.fixture
def start(tmp_path, repository):
    """start(("run", 2)) -> a process that trains in the folder `run` on JAX, and is killed after 2 epochs; 0: never."""
    started = []

    def start(*runs: tuple[str, int], **variables) -> subprocess.Popen:
        script = Path(__file__).with_name("resumable.py")
        place = variables.get(VARIABLES[2], "")
        arguments = [word for name, last in runs for word in (tmp_path / name, tmp_path / f"{name}{place}.npz", last)]
        environment = os.environ | variables | {
            "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "tests")]),
            "KERAS_BACKEND": "jax",
            # Compiling is most of so short a training: without LLVM's optimization it takes a third less, and once is enough.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
            "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }  # fmt: skip
        command = list(map(str, (sys.executable, script, *arguments)))
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def start_two(start):
    """Two processes of one training on the loopback; the second may be killed after some epochs."""

    def start_two(name: str, last: int = 0) -> list[subprocess.Popen]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        common = {VARIABLES[0]: f"127.0.0.1:{port}", VARIABLES[1]: "2"}
        return [start((name, last * place), **common, **{VARIABLES[2]: str(place)}) for place in (0, 1)]

    return start_two


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """The exit code, and the last line on stderr; nobody writes on stdout."""
    stdout, stderr = process.communicate(timeout=300)
    assert stdout == ""
    return process.returncode, (stderr.splitlines() or [""])[-1]


def assert_same(one: Path, other: Path) -> None:
    first, second = np.load(one), np.load(other)
    assert set(first) == set(second)
    for name in first:
        np.testing.assert_array_equal(second[name], first[name], err_msg=name)


def assert_close(one: Path, other: Path) -> None:
    """Sums over two devices are rounded otherwise; a bias before a normalization has no gradient but that rounding."""
    first, second = np.load(one), np.load(other)
    for name in ("losses", "answers"):
        np.testing.assert_allclose(second[name], first[name], atol=1e-4, err_msg=name)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a member is watched by its parent")
def test_killed_with_9_and_resumed_it_ends_as_the_unbroken_run_by_one_process_or_two(start, start_two, tmp_path):
    """Bit for bit, dropout and all. That TensorFlow resumes so, too, is tests/training/test_fit.py's."""
    pytest.importorskip("jax")
    whole_and_one, two, broken = start(("whole", 0), ("one", 2)), start_two("two"), start_two("broken", 2)
    assert finish(whole_and_one)[0] == -9
    for process, word in zip(broken, ("another process of this training has ended", "ended by SIGKILL"), strict=True):
        code, line = finish(process)
        assert (code, word in line, "--resume" in line) == (2, True, True), line
    resumed = start(("one", 0), ("broken", 0))  # one process goes on with what two began
    for process in (*two, resumed):
        assert finish(process)[0] == 0
    assert_same(tmp_path / "whole.npz", tmp_path / "one.npz")
    assert_same(tmp_path / "two0.npz", tmp_path / "two1.npz")
    assert_close(tmp_path / "whole.npz", tmp_path / "two0.npz")
    assert_close(tmp_path / "whole.npz", tmp_path / "broken.npz")
