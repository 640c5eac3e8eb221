import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small_fer2013 import faces_and_codes

from emotion.backend.keras_setup import every_gpu, has_bfloat16, silenced, start_keras, why_not
from emotion.errors import InputError
from emotion.training.checkpoint import Checkpoint
from emotion.training.fit import classifier_of, fit
from emotion.training.recipes import Recipe

pytestmark = pytest.mark.slow

FACES, CODES = faces_and_codes(7)
PAIR = FACES, np.eye(7, dtype=np.float32)[CODES]

# Two devices of one CPU stand for two GPUs: the same strategy shares out each batch and joins what they learnt.
ON_TWO_DEVICES = """
import sys
sys.path[:0] = [{repository!r}, {repository!r} + "/tests"]
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.distribute.MirroredStrategy = lambda: both
from pathlib import Path
import keras, numpy as np
from emotion.backend.keras_setup import every_gpu
from emotion.training.checkpoint import Checkpoint
from emotion.training.recipes import Recipe
from emotion.training.fit import fit
from small_fer2013 import faces_and_codes
faces, codes = faces_and_codes(32)
pair = faces, np.eye(7, dtype=np.float32)[codes]
for resume in (False, True):
    with every_gpu(["one", "two"]):
        model = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7, "softmax")])
        checkpoint = Checkpoint(Path({folder!r}), {{}}, resume)
        fit(model, pair, pair, Recipe(epochs=1 + resume, batch_size=16), checkpoint, quiet=True)
        shared_among = tf.distribute.get_strategy().num_replicas_in_sync
print(shared_among, checkpoint.epoch)
"""


def test_all_gpus_of_a_machine_train_together_and_resume(repository, tmp_path):
    program = ON_TWO_DEVICES.format(repository=str(repository), folder=str(tmp_path / "run"))
    settings = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=settings)
    assert done.stdout.split() == ["2", "2"], done.stderr


def test_on_jax_nobody_talks_though_seeding_imports_tensorflow(repository):
    pytest.importorskip("jax")
    program = (
        "from emotion.backend.keras_setup import seed_everything, start_keras\n"
        "start_keras('cpu')\n"
        "seed_everything(3)\n"
        "import random; print(random.random())"
    )
    settings = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(repository)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=settings)
    assert (done.stdout, done.stderr) == (f"{random.Random(3).random()}\n", "")


class Network:
    """What training and prediction ask of a network; each face's answer is its first pixel."""

    def compile(self, **how):
        pass

    def fit(self, batches, **how):
        self.shown = how
        raise ReachedError

    def predict(self, faces, batch_size, verbose):
        self.asked = len(faces), batch_size
        return faces[:, 0, 0]


class ReachedError(Exception):
    pass


@pytest.fixture(params=[2, 3])
def gpus(request, monkeypatch):
    """So many GPUs among which each batch is shared out."""
    monkeypatch.setattr("emotion.training.fit.devices", lambda: request.param)
    return request.param


def test_a_batch_that_cannot_be_shared_out_among_the_gpus_is_refused(gpus, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", {})
    with pytest.raises(InputError, match=f"--batch-size 7: cannot be shared out evenly among {gpus} devices"):
        fit(Network(), PAIR, PAIR, Recipe(batch_size=7), checkpoint, quiet=True)
    assert not checkpoint.folder.exists()


def test_faces_to_select_on_are_shared_out_among_the_gpus(gpus, tmp_path):
    network = Network()
    with pytest.raises(ReachedError):
        fit(network, PAIR, PAIR, Recipe(batch_size=6), Checkpoint(tmp_path / "run", {}), quiet=True)
    faces, targets = network.shown["validation_data"]
    assert len(faces) == len(targets) == 7 // gpus * gpus
    assert network.shown["validation_batch_size"] % gpus == 0


def test_faces_to_classify_are_filled_up_for_the_gpus_and_answered_alone(gpus):
    network = Network()
    answers = classifier_of(network)(PAIR[0])
    assert answers.tolist() == PAIR[0][:, 0, :1].tolist()
    assert [number % gpus for number in network.asked] == [0, 0]


def test_one_device_needs_no_scope():
    with every_gpu([]) as scope:
        assert scope is None


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr("keras.distribution.list_devices", lambda: ["cpu:0"])
    with pytest.raises(InputError, match=r"--device gpu: .* no CUDA GPU"):
        start_keras("gpu")


def test_keras_that_is_not_installed_is_one_line_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)  # as the import system says that there is none
    with pytest.raises(InputError, match=r"Keras is not installed; pip install -r requirements.txt .*--device cpu"):
        start_keras("gpu")


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("jax", "KERAS_BACKEND=jax: No module named 'jax'; use tensorflow"),
        (None, "Keras cannot start (No module named 'tensorflow'); pip install -r requirements.txt"),
    ],
    ids=str,
)
def test_a_backend_that_is_not_installed(monkeypatch, backend, says):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if backend:
        monkeypatch.setenv("KERAS_BACKEND", backend)
    missing = backend or "tensorflow"
    assert why_not(ModuleNotFoundError(f"No module named '{missing}'", name=missing)) == says


@pytest.mark.parametrize(
    ("gpus", "gain"),
    [([(9, 0)], True), ([(8, 0), (8, 6)], True), ([(7, 5)], False), ([(9, 0), (7, 5)], False), ([(0, 0)], False)],
    ids=["Hopper", "two Ampere", "Turing", "one of two", "unknown"],
)
def test_half_precision_is_for_gpus_that_compute_in_it(gpus, gain):
    assert has_bfloat16(gpus) == gain


@pytest.mark.parametrize("backend", ["nonsense", "numpy"])
def test_a_backend_that_cannot_be_used_is_one_line(repository, backend, data):
    settings = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, repository / "fer.py", "--data", data, "--dry-run", "--quiet"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, env=settings)
    assert done.returncode == 2
    assert done.stderr.startswith(f"fer.py: error: KERAS_BACKEND={backend}: ")
    assert done.stderr.count("\n") == 1


def test_pytorch_trains_too(repository, data, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed; requirements-dev.txt leaves it out for its size")
    settings = os.environ | {"KERAS_BACKEND": "torch"}
    command = [sys.executable, repository / "fer.py", "--data", data, "--dry-run", "--quiet", "--network", "simple_cnn",
               "--device", "cpu", "--output", tmp_path / "torch.h5"]  # fmt: skip
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, env=settings)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "torch.tflite").is_file()


@pytest.mark.parametrize(
    ("precision", "set_to"), [("mixed", ["mixed_bfloat16"]), ("float32", ["float32"]), (None, [])], ids=str
)
def test_precision_is_set_where_it_is_asked_for(monkeypatch, precision, set_to):
    policies = []
    monkeypatch.setattr("keras.distribution.list_devices", lambda: ["cpu:0", "gpu:0"])
    monkeypatch.setattr("keras.mixed_precision.set_global_policy", policies.append)
    assert start_keras("auto", precision) == ["gpu:0"]
    assert policies == set_to


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("fpu avx2 avx512_bf16 fsrm", "mixed_bfloat16"),
        ("fpu avx512_bf16 amx_bf16 amx_tile", "mixed_bfloat16"),
        ("fpu avx2 avx512f", "float32"),
        (None, "float32"),
    ],
    ids=["AVX-512", "AMX", "neither", "untold"],
)
def test_a_cpu_that_multiplies_in_bfloat16_trains_mixed(monkeypatch, flags, policy):
    def read_text(path, **_):
        if flags is None:
            raise FileNotFoundError(path)
        return f"processor\t: 0\nflags\t\t: {flags}\n"

    policies = []
    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr("keras.mixed_precision.set_global_policy", policies.append)
    assert start_keras("auto", "auto") == []
    assert policies == [policy]


def test_the_cpu_alone_hides_the_gpus_from_every_framework(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    start_keras("cpu")
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ["JAX_PLATFORMS"]) == ("-1", "cpu")


def test_talk_of_libraries_is_held_back(capfd):
    with silenced():
        os.write(2, b"chatter")
    assert capfd.readouterr().err == ""


def test_several_threads_leave_stderr_where_it_was(capfd):
    def hush(_):
        with silenced():
            os.write(2, b"chatter")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hush, range(50)))
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_unless_they_fail(capfd):
    with pytest.raises(ImportError), silenced():
        os.write(2, b"the reason")
        raise ImportError
    assert capfd.readouterr().err == "the reason"
