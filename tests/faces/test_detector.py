"""Which detector a name asks for, and pictures that are a face."""

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.detection import Detection
from emotion.faces.detector import OrWholePicture, WholePicture, load_detector
from emotion.faces.haar import HaarDetector
from emotion.faces.yunet import YuNetDetector
from emotion.geometry import Box


def test_detectors_by_name():
    both, network, cascade = (load_detector(name, 40) for name in ("haar+yunet", "yunet", "haar"))
    assert isinstance(both, YuNetDetector)
    assert isinstance(both.cascade, HaarDetector)
    assert isinstance(network, YuNetDetector)
    assert network.cascade is None
    assert isinstance(cascade, HaarDetector)
    assert [path.suffix for path in both.files] == [".onnx", ".xml"]
    assert both.min_face == network.min_face == cascade.min_face == 40
    with pytest.raises(InputError, match=r"detector='mtcnn': expected one of haar\+yunet, haar, yunet, none"):
        load_detector("mtcnn")


def test_without_yunets_file_the_cascade_searches_alone_and_says_so_once(tmp_path, monkeypatch, notes):
    monkeypatch.setattr("emotion.faces.detector.YUNET", tmp_path / "yunet.onnx")
    assert isinstance(load_detector(), HaarDetector)
    (note,) = notes
    assert "yunet.onnx is not beside the scripts" in note


def test_none_takes_every_picture_for_a_face():
    assert WholePicture().detect(np.zeros((300, 200, 3), np.uint8)) == [Detection(Box(0, 0, 200, 300), 1.0)]


class Finds:
    files = ()

    def __init__(self, *found):
        self.found = list(found)

    def detect(self, image):
        return self.found


def test_a_small_picture_in_which_nothing_is_found_is_a_face_said_once(notes):
    detector = OrWholePicture(Finds())
    for _ in range(2):
        assert detector.detect(np.zeros((48, 64, 3), np.uint8)) == [Detection(Box(0, 0, 64, 48), 0.0)]
    assert detector.detect(np.zeros((48, 65, 3), np.uint8)) == []
    assert detector.detect(np.zeros((11, 20, 3), np.uint8)) == [], "too small for anybody's"
    assert len(notes) == 1
    assert "--detector none" in notes[0]


def test_a_small_picture_in_which_a_face_is_found_is_a_picture_of_it(notes):
    face = Detection(Box(5, 5, 20, 20), 0.9)
    assert OrWholePicture(Finds(face)).detect(np.zeros((48, 48, 3), np.uint8)) == [face]
    assert notes == []
