"""Keras's start: quiet, on the device that was asked for, on all GPUs of the machine, with all hosts of the run.

TensorFlow is Keras's default; KERAS_BACKEND=jax or torch in the environment trains the same code on JAX or PyTorch.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from emotion.backend import hosts
from emotion.errors import InputError
from emotion.native_stderr import stderr_led_to


def start_keras(device: str = "auto", precision: str | None = None) -> list[str]:
    """Import Keras for `device` (auto, cpu, gpu) and return the GPUs it will use, [] for the CPU.

    `precision` is auto, float32 or mixed, for every layer built from here on; auto is mixed where the GPU, or without one
    the CPU, gains from it; None leaves it as it is: a teacher must not change that of its student. InputError where a GPU
    is asked for and there is none, or where Keras or its backend is not installed. To be called before anything else
    imports Keras.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        with silenced():
            import keras
    except (ImportError, ValueError) as error:
        raise InputError(why_not(error)) from None
    if (backend := keras.backend.backend()) not in ("tensorflow", "jax", "torch"):
        raise InputError(f"KERAS_BACKEND={backend}: Keras trains nothing by that; use tensorflow, jax or torch")
    hosts.join()
    with silenced():
        gpus = gpu_names()
    if device == "gpu" and not gpus:
        raise InputError(f"--device gpu: Keras finds no CUDA GPU here, by {keras.backend.backend()}; use --device cpu")
    if precision:
        mixed = precision == "mixed" or (precision == "auto" and gains_from_bfloat16(gpus))
        # bfloat16 has float32's range: no loss scaling, and nothing to go wrong in it.
        keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")
    return gpus


def seed_everything(seed: int) -> None:
    """Whatever Keras, NumPy and Python draw from here on follows from `seed`."""
    import keras

    with silenced():  # it also imports TensorFlow, on JAX too, and that prints on stderr
        keras.utils.set_random_seed(seed)


def why_not(error: ImportError | ValueError) -> str:
    """Why Keras cannot be imported, and what to do: it, or its backend, is not installed, or there is no such backend."""
    if getattr(error, "name", None) == "keras":
        return (
            "Keras is not installed; pip install -r requirements.txt (to predict on the CPU needs none: --device cpu)"
        )
    if backend := os.environ.get("KERAS_BACKEND"):
        return f"KERAS_BACKEND={backend}: {error}; use tensorflow"
    return f"Keras cannot start ({error}); pip install -r requirements.txt"


def gpu_names() -> list[str]:
    """The CUDA GPUs that the backend will use: all of them, on PyTorch the first."""
    import keras

    if keras.backend.backend() == "torch":
        import torch

        return ["cuda:0"] if torch.cuda.is_available() else []
    return [name for name in keras.distribution.list_devices() if name.startswith(("gpu", "cuda"))]


def capabilities() -> list[tuple[int, int]]:
    """The CUDA compute capability of each GPU; (0, 0) where it is not known."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
        return [gpu.get("compute_capability", (0, 0)) for gpu in details]
    if keras.backend.backend() == "torch":
        import torch

        return [torch.cuda.get_device_capability()]
    import jax

    found = [str(getattr(gpu, "compute_capability", "0.0")).partition(".") for gpu in jax.devices()]
    return [(int(major), int(minor)) if (major + minor).isdecimal() else (0, 0) for major, _, minor in found]


def gains_from_bfloat16(gpus: list[str]) -> bool:
    """Whether what trains, the `gpus` or without one the CPU, multiplies in bfloat16."""
    return has_bfloat16(capabilities()) if gpus else cpu_has_bfloat16()


def has_bfloat16(gpus: list[tuple[int, int]]) -> bool:
    """Whether GPUs of these compute capabilities compute in bfloat16: older ones than 8.0 only convert, and lose time."""
    return min(gpus, default=(0, 0)) >= (8, 0)


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16, and the backend makes use of it; False where it is not known, as on a Mac.

    A training step of the five-block network, 64 faces, one core of an AMD EPYC (Zen 4): TensorFlow 266 ms in float32 and
    194 mixed, PyTorch 392 and 262. JAX was not tried.
    """
    import keras

    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return False
    return keras.backend.backend() != "jax" and not words.isdisjoint({"avx512_bf16", "amx_bf16"})


def every_gpu(gpus: list[str]) -> contextlib.AbstractContextManager:
    """The scope in which a model must be built and trained to use all `gpus` and hosts, by the framework's own means.

    Each batch is shared out among them. On JAX that holds from here on, and the scope is empty.
    """
    import keras

    if len(gpus) > 1 and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy().scope()
    if len(gpus) > 1 or hosts.members() > 1:
        # Each process hands over its share of a batch. With auto_shard_dataset Keras would refuse batches like ours.
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    return contextlib.nullcontext()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Holds back what C++ libraries print on stderr while they load; shown after all if loading fails."""
    with tempfile.TemporaryFile() as hidden, stderr_led_to(hidden) as stderr:
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(stderr, hidden.read())
            raise
