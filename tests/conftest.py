"""What several test files stand on: the repository, its scripts run as a user runs them, a photo, a model."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from hypothesis import settings
from small_fer2013 import COUNTS, write_small_fer2013

settings.register_profile("here", deadline=None)  # a first call may import SciPy, on a machine that is busy
settings.load_profile("here")

REPOSITORY = Path(__file__).parent.parent


SLOW_FIXTURES = {"run_script", "tiny_model", "tiny_light"}


def pytest_configure():
    """A shell that starts the tests in the background has them ignore Ctrl-C, and so would the scripts that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Whatever starts a script, or needs a network that Keras makes, is slow."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory):
    """Nothing that a test caches or sets for its devices may outlive it; no proxy stands before its own servers."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    with patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache), "no_proxy": "127.0.0.1"}):
        yield


@pytest.fixture
def notes():
    """What the package logs for a person, a text a note."""
    texts: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record):
            texts.append(record.getMessage())

    logger, handler = logging.getLogger("emotion"), Keep()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield texts
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def largest_file():
    """`with largest_file(100_000):` no file grows larger in there, which is as good as a full disk.

    Not for a whole test: pytest itself may be writing into a file.
    """
    resource = pytest.importorskip("resource", reason="Windows has no such limit")

    @contextmanager
    def limit(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture
def disk_with(monkeypatch):
    """`disk_with(100_000)`: from here on every disk says that it has no more bytes free."""

    def limit(size):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: os_usage(folder)._replace(free=size))

    os_usage = shutil.disk_usage
    return limit


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder with both csv files, a few rows in each split."""
    return write_small_fer2013(tmp_path / "data", COUNTS)


@pytest.fixture
def run_script(tmp_path):
    """run_script("img_predict.py", "a.jpg", "--quiet") -> CompletedProcess with text, run in an empty folder."""

    def run(name: str, *arguments, cwd: Path = tmp_path, **options) -> subprocess.CompletedProcess:
        command = [sys.executable, REPOSITORY / name, *arguments]
        return subprocess.run(
            list(map(str, command)), cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=600, **options
        )

    return run


@pytest.fixture(scope="session")
def sample() -> Path:
    """The photo that ships: one smiling face."""
    return REPOSITORY / "data" / "samples" / "astronaut.jpg"


@pytest.fixture
def face_photo(sample) -> np.ndarray:
    """The same as BGR uint8 (512, 512, 3); the face is about (225, 114), 95 pixels wide."""
    return cv2.imread(str(sample))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A small untrained .h5 with its card and its light copy: what is tested on it is its way, not its wisdom."""
    import keras
    from keras import layers

    from emotion.labels import SEVEN_EMOTIONS
    from emotion.model_file.h5 import save_model
    from emotion.model_file.light import write_light

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, strides=3, activation="relu"),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )
    path = tmp_path_factory.mktemp("models") / "tiny.h5"
    save_model(model, path, {"labels": list(SEVEN_EMOTIONS), "protocol": "none: untrained"})
    with patch.dict(os.environ, {"XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "cache")}):
        write_light(path, path.with_suffix(".tflite"))
    return path


@pytest.fixture(scope="session")
def tiny_light(tiny_model) -> Path:
    """The light file beside the small model."""
    return tiny_model.with_suffix(".tflite")
