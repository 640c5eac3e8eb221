import cv2
import numpy as np
import pytest

from emotion.errors import InputError, named


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "a.jpg: too large for the memory of this machine"),
        (InputError("b.jpg: cannot be written"), "b.jpg: cannot be written"),
        (OSError(28, "No space left on device"), "a.jpg: no space left on device"),
        (ValueError("first.\nsecond"), "a.jpg: first"),
        (ValueError(), "a.jpg: ValueError"),
    ],
    ids=["memory", "told already", "the system's", "the first line", "nothing"],
)
def test_what_was_wrong_names_the_file_once(error, told):
    assert named("a.jpg", error) == told


def test_what_opencv_refuses_is_told_in_its_words():
    with pytest.raises(cv2.error) as refused:
        cv2.resize(np.empty((0, 0), np.uint8), (1, 1))
    assert named("a.jpg", refused.value).startswith("a.jpg: !ssize.empty()")
