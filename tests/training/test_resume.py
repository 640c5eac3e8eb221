"""A run that was killed and resumed is the unbroken run, by one process and by several that train together."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.model_file.hosts import VARIABLES


@pytest.fixture
def start(tmp_path, repository):
    """start("jax", "run", 2) -> a process that trains in the folder `run` and is killed after 2 epochs."""
    started = []

    def start(backend: str, name: str, *last: int, **variables) -> subprocess.Popen:
        script = Path(__file__).with_name("resumable.py")
        result = tmp_path / f"{name}{variables.get(VARIABLES[2], '')}.npz"
        command = [sys.executable, script, tmp_path / name, result, *last]
        environment = os.environ | variables | {
            "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "tests")]),
            "KERAS_BACKEND": backend,
            # Compiling is most of so short a training: without LLVM's optimization it takes a third less.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        }  # fmt: skip
        process = subprocess.Popen(
            list(map(str, command)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def start_two(start):
    """Two processes of one training on the loopback; the second may be killed after some epochs."""

    def start_two(name: str, *last: int) -> list[subprocess.Popen]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        common = {VARIABLES[0]: f"127.0.0.1:{port}", VARIABLES[1]: "2"}
        return [
            start("jax", name, *(last if place else ()), **common, **{VARIABLES[2]: str(place)}) for place in (0, 1)
        ]

    return start_two


def finish(process: subprocess.Popen) -> tuple[int, str]:
    """The exit code, and the last line on stderr; nobody writes on stdout."""
    stdout, stderr = process.communicate(timeout=300)
    assert stdout == ""
    return process.returncode, (stderr.splitlines() or [""])[-1]


def assert_same(one: Path, other: Path, tolerance: float = 0) -> None:
    first, second = np.load(one), np.load(other)
    assert set(first) == set(second)
    for name in first:
        np.testing.assert_allclose(second[name], first[name], rtol=tolerance, atol=tolerance, err_msg=name)


def assert_close(one: Path, other: Path) -> None:
    """Sums over two devices are rounded otherwise; a bias before a normalization has no gradient but that rounding."""
    first, second = np.load(one), np.load(other)
    for name in ("losses", "answers"):
        np.testing.assert_allclose(second[name], first[name], atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_killed_with_9_and_resumed_it_ends_as_the_unbroken_run_on_tensorflow(start, tmp_path):
    pytest.importorskip("tensorflow")
    whole, broken = start("tensorflow", "whole"), start("tensorflow", "broken", 2)
    assert finish(broken)[0] == -9
    assert finish(start("tensorflow", "broken"))[0] == 0
    assert finish(whole)[0] == 0
    assert_same(tmp_path / "whole.npz", tmp_path / "broken.npz", tolerance=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a member is watched by its parent")
def test_on_jax_bit_for_bit_dropout_and_all_and_by_one_process_or_two(start, start_two, tmp_path):
    pytest.importorskip("jax")
    whole, broken, two, broken_two = (
        start("jax", "whole"),
        start("jax", "one", 2),
        start_two("two"),
        start_two("broken", 2),
    )
    assert finish(broken)[0] == -9
    resumed = start("jax", "one")
    for process in (whole, resumed, *two):
        assert finish(process)[0] == 0
    assert_same(tmp_path / "whole.npz", tmp_path / "one.npz")
    assert_same(tmp_path / "two0.npz", tmp_path / "two1.npz")
    assert_close(tmp_path / "whole.npz", tmp_path / "two0.npz")

    for process, word in zip(
        broken_two, ("another process of this training has ended", "ended by SIGKILL"), strict=True
    ):
        code, line = finish(process)
        assert (code, word in line, "--resume" in line) == (2, True, True), line
    assert finish(start("jax", "broken"))[0] == 0
    assert_close(tmp_path / "whole.npz", tmp_path / "broken.npz")


@pytest.mark.parametrize(
    ("backend", "values", "word"),
    [
        ("tensorflow", ("10.0.0.1:1", "2", "0"), "set KERAS_BACKEND=jax"),
        ("jax", ("10.0.0.1", "2", "0"), "expected an address with its port"),
        ("jax", ("10.0.0.1:1", "2", "2"), "expected an address with its port"),
        ("jax", ("10.0.0.1:1", None, "0"), "expected an address with its port"),
    ],
    ids=["another backend", "no port", "no such place", "one is missing"],
)
def test_variables_that_will_not_do_are_one_line(backend, values, word, monkeypatch):
    import keras

    from emotion.errors import InputError
    from emotion.model_file import hosts

    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    for name, value in zip(VARIABLES, values, strict=True):
        if value:
            monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=word):
        hosts.join()
