"""What a network learns from other networks."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.labels import EIGHT_EMOTIONS, FER2013_EMOTIONS, SEVEN_EMOTIONS
from emotion.training.distillation import load_teacher

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)


class SureOf:
    """Sees the emotion `name` in every face; in FER2013's own order."""

    face_shape, classes = (48, 48, 1), 7

    def __init__(self, name):
        self.answer = np.eye(7, dtype=np.float32)[FER2013_EMOTIONS.index(name)]

    def predict(self, faces):
        return np.tile(self.answer, (len(faces), 1))


def test_the_mean_of_several_teaches_in_the_order_of_the_votes(monkeypatch):
    teachers = {"a.h5": SureOf("happiness"), "b.h5": SureOf("fear")}
    monkeypatch.setattr("emotion.training.distillation.read_card", lambda path: {"labels": FER2013_EMOTIONS})
    monkeypatch.setattr("emotion.faces.classifier.load_one", lambda path, *_: (teachers[path.name], FER2013_EMOTIONS))
    answers = load_teacher([Path("a.h5"), Path("b.h5")], SEVEN_EMOTIONS, "cpu")(FACES)
    # neutral, happiness, surprise, sadness, anger, disgust, fear
    assert answers.tolist() == [[0, 0.5, 0, 0, 0, 0, 0.5]] * 3


def test_a_teacher_of_other_emotions_is_refused(tiny_model):
    with pytest.raises(InputError, match=r"--teacher .*tiny\.h5: does not answer in .*contempt; see --emotions"):
        load_teacher([tiny_model], EIGHT_EMOTIONS, "cpu")


def test_no_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5: no such model file"):
        load_teacher([tmp_path / "none.h5"], SEVEN_EMOTIONS, "cpu")


def test_a_teacher_that_does_not_name_its_outputs_is_refused(tiny_model, tmp_path):
    path = Path(shutil.copy(tiny_model, tmp_path / "theirs.h5"))
    with h5py.File(path, "r+") as file:
        del file.attrs["card"]
    with pytest.raises(InputError, match=r"--teacher .*theirs\.h5: does not say what its outputs mean"):
        load_teacher([path], SEVEN_EMOTIONS, "cpu")
