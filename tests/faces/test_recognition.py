"""One face, as a user's own code and the records have it."""

import copy
import json
import pickle

import numpy as np

from emotion.faces.recognition import Recognition
from emotion.geometry import Box

LABELS = ("calm", "joie")
FACE = Recognition(Box(10, 20, 30, 40), LABELS, np.array([0.25, 0.75], np.float32), 7, 0.91234, -20.04)


def test_a_face_as_a_dict_is_json_with_plain_numbers():
    expected = {
        "id": 7,
        "box": [10, 20, 30, 40],
        "detection": 0.9123,
        "tilt": -20.0,
        "label": "joie",
        "confidence": 0.75,
        "emotions": {"calm": 0.25, "joie": 0.75},
    }
    assert FACE.as_dict() == expected
    assert json.loads(json.dumps(FACE.as_dict())) == expected


def test_probabilities_have_four_places():
    found = Recognition(Box(0, 0, 1, 1), LABELS, np.array([1 / 3, 2 / 3], np.float32)).as_dict()
    assert (found["confidence"], found["emotions"]) == (0.6667, {"calm": 0.3333, "joie": 0.6667})


def test_a_face_goes_to_another_process_and_may_be_copied():
    for other in (pickle.loads(pickle.dumps(FACE)), copy.deepcopy(FACE)):
        assert other.as_dict() == FACE.as_dict()
