"""What a network learns from other networks."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier
from emotion.labels import EIGHT_EMOTIONS, FER2013_EMOTIONS, SEVEN_EMOTIONS
from emotion.training.distillation import TRUST, distilled_targets, load_teacher

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)


def sure_of_the_bright_side(faces):
    """Two classes: the first where the left half is the brighter one, the second elsewhere."""
    left = faces[:, :, :24].mean(axis=(1, 2)) > faces[:, :, 24:].mean(axis=(1, 2))
    return np.stack([left, ~left], axis=1).astype(np.float32)


def test_voters_and_teacher_meet_half_way():
    shares = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    targets = distilled_targets(FACES, shares, lambda faces: np.tile(np.float32([0.8, 0.2]), (len(faces), 1)))
    assert TRUST == 0.5
    np.testing.assert_allclose(targets, [[0.9, 0.1], [0.4, 0.6], [0.65, 0.35]], rtol=1e-6)
    assert targets.dtype == np.float32


def test_the_teacher_sees_the_mirror_image_too():
    targets = distilled_targets(FACES, np.float32([[1, 0]] * 3), sure_of_the_bright_side)
    np.testing.assert_allclose(targets, [[0.75, 0.25]] * 3)


def sure_of(name):
    """A model in the order of FER2013's own labels, which sees the emotion `name` in every face."""
    answer = np.eye(7, dtype=np.float32)[FER2013_EMOTIONS.index(name)]
    model = SimpleNamespace(face_shape=(48, 48, 1), predict=lambda faces: np.tile(answer, (len(faces), 1)))
    return EmotionClassifier([model], FER2013_EMOTIONS)


def test_the_mean_of_several_teaches_in_the_order_of_the_votes(monkeypatch):
    teachers = {"a.h5": sure_of("happiness"), "b.h5": sure_of("fear")}
    monkeypatch.setattr("emotion.training.distillation.read_card", lambda path: {})
    monkeypatch.setattr("emotion.training.distillation.load_classifier", lambda paths, device: teachers[paths[0].name])
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
