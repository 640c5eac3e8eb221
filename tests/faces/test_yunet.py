"""YuNet's file, and what becomes of what it finds."""

import threading

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.detector import YuNetDetector
from emotion.geometry import Box


def test_yunet_without_its_file(tmp_path):
    with pytest.raises(InputError, match=r"--detector: no such file: .*yunet\.onnx"):
        YuNetDetector(tmp_path / "yunet.onnx")


def relu() -> bytes:
    """An ONNX file of one layer: sound, but no YuNet."""

    def field(number, content):  # of Protocol Buffers
        return bytes([number << 3 | 2, len(content)]) + content

    def number(place, value):
        return bytes([place << 3, value])

    sides = b"".join(field(1, number(1, side)) for side in (1, 3, 32, 32))
    tensor = field(2, field(1, number(1, 1) + field(2, sides)))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    graph = field(1, node) + field(2, b"g") + field(11, field(1, b"x") + tensor) + field(12, field(1, b"y") + tensor)
    return number(1, 8) + field(7, graph) + field(8, number(2, 13))


@pytest.mark.parametrize("content", [b"no network", relu()], ids=["no network", "another network"])
def test_yunet_with_another_file(tmp_path, capfd, content):
    (tmp_path / "yunet.onnx").write_bytes(content)
    with pytest.raises(InputError, match="is no YuNet"):
        YuNetDetector(tmp_path / "yunet.onnx")


class FoundByYuNet:
    """In place of the network, whose file is not here: what it finds, and the size it was told to look at."""

    def __init__(self, *found):
        self.found = np.array(found, np.float32)

    def setInputSize(self, size):  # noqa: N802, OpenCV's name
        self.size = size

    def detect(self, picture):
        assert self.size == picture.shape[1::-1]
        return 1, self.found


def yunet(*found):
    detector = YuNetDetector.__new__(YuNetDetector)
    detector.min_face, detector.network, detector.lock = 10, FoundByYuNet(*found), threading.Lock()
    return detector


def test_yunets_oblong_faces_are_squares_about_their_middle():
    found = yunet((300, 100, 60, 100), (20, 20, 8, 8)).detect(np.zeros((200, 400), np.uint8))
    assert found == [Box(290, 112, 80, 80)], "and what is smaller than asked for is none"


def test_yunets_faces_of_a_large_photo_are_in_its_own_pixels():
    (box,) = yunet((300, 100, 60, 100)).detect(np.zeros((2000, 4000), np.uint8))
    assert box == Box(580, 224, 160, 160)


def test_yunet_finds_nothing():
    detector = yunet()
    detector.network.found = None
    assert detector.detect(np.zeros((200, 400), np.uint8)) == []
