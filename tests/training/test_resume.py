"""A run that was killed and resumed is the unbroken run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def train(tmp_path, repository):
    """train("jax", "run", 2) -> its exit code; in the folder `run`, killed after 2 epochs."""

    def start(backend: str, name: str, *last: int) -> int:
        script = Path(__file__).with_name("resumable.py")
        command = [sys.executable, script, tmp_path / name, tmp_path / f"{name}.npz", *last]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "tests")]),
            "KERAS_BACKEND": backend,
            "CUDA_VISIBLE_DEVICES": "-1",
            "JAX_PLATFORMS": "cpu",
        }
        return subprocess.run(list(map(str, command)), env=environment, capture_output=True, timeout=300).returncode

    return start


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "tolerance"), [("jax", 0), ("tensorflow", 1e-3)])
def test_killed_with_9_and_resumed_it_ends_as_the_unbroken_run_dropout_and_all(backend, tolerance, train, tmp_path):
    pytest.importorskip(backend)
    assert train(backend, "whole") == 0
    assert train(backend, "broken", 2) == -9
    assert train(backend, "broken") == 0
    whole, broken = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "broken.npz")
    assert set(whole) == set(broken)
    for name in whole:
        np.testing.assert_allclose(broken[name], whole[name], rtol=tolerance, atol=tolerance, err_msg=name)
