"""One process of several that train together: what the environment must say. tests/training/test_resume.py trains."""

import keras
import pytest

from emotion.backend import hosts
from emotion.errors import InputError


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
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    for name, value in zip(hosts.VARIABLES, values, strict=True):
        if value:
            monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=word):
        hosts.join()
