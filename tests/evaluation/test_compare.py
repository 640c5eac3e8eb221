"""Models side by side: what they are asked, how their answers are read, what is counted."""

from pathlib import Path

import numpy as np
import pytest

from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.evaluation.card import Card
from emotion.evaluation.compare import Member, compare, load_members, mcnemar_test, names_of
from emotion.evaluation.robustness import CORRUPTIONS
from emotion.evaluation.selection import select_splits
from emotion.faces.classifier import EmotionClassifier
from emotion.labels import EIGHT_EMOTIONS, FER2013_EMOTIONS, SEVEN_EMOTIONS

GREYS = np.array([10, 20, 30, 40], np.uint8)
CODES = np.array([FER2013_EMOTIONS.index(name) for name in ("neutral", "neutral", "happiness", "fear")], np.uint8)


class Stub:
    """A network that says of a face what `emotions` says of its grey, and counts the faces that it is asked about."""

    face_shape, classes = (48, 48, 1), 7

    def __init__(self, *emotions: str):
        self.answers = dict(zip(GREYS.tolist(), emotions, strict=True))
        self.asked = 0

    def predict(self, faces):
        self.asked += len(faces)
        named = [self.answers.get(int(face[24, 24, 0]), "surprise") for face in faces]
        return np.eye(7, dtype=np.float32)[list(map(SEVEN_EMOTIONS.index, named))]


def member(name: str, network: Stub, tmp_path: Path, mirror: bool = False) -> Member:
    (tmp_path / name).write_bytes(b"1234567")
    classifier = EmotionClassifier([network], SEVEN_EMOTIONS, mirror=mirror)
    return Member(name, tmp_path / name, classifier, Card(SEVEN_EMOTIONS, parameters=10, macs=100))


@pytest.fixture
def splits():
    faces = GREYS[:, None, None] * np.ones((1, 48, 48), np.uint8)
    split = Split(faces, CODES, None)
    return select_splits(Dataset(Path("data"), {"Training": split.take([0]), "PublicTest": split}, "fingerprint"))


@pytest.fixture(autouse=True)
def quick_clock(monkeypatch):
    monkeypatch.setattr("emotion.evaluation.costs.milliseconds_a_face", lambda classify: 2.0)


def test_each_model_has_its_score_and_the_ensemble_one_of_its_own(splits, tmp_path):
    right, wrong = Stub("neutral", "neutral", "happiness", "fear"), Stub("neutral", "fear", "fear", "fear")
    found = compare([member("a", right, tmp_path), member("b", wrong, tmp_path)], splits, ensemble=True)
    # of equal shares the ensemble names the first
    assert {each.model: each.score.accuracy for each in found.scores} == {"a": 1, "b": 0.5, "ensemble": 1}
    assert [(pair.first, pair.second) for pair in found.comparisons] == [
        ("a", "b"),
        ("a", "ensemble"),
        ("b", "ensemble"),
    ]
    assert found.comparisons[0].p == 0.5  # two faces that one has right, the other wrong
    assert [found.costs[name].macs for name in ("a", "b", "ensemble")] == [100, 100, 200]
    assert (right.asked, wrong.asked) == (4, 4), "the ensemble asks nobody again"


def test_with_its_mirror_image_a_model_costs_twice_the_work_and_no_more_parameters(splits, tmp_path):
    network = Stub("neutral", "neutral", "happiness", "fear")
    found = compare([member("a", network, tmp_path, mirror=True)], splits)
    assert (found.costs["a"].macs, found.costs["a"].parameters, found.costs["a"].file_bytes) == (200, 10, 7)
    assert network.asked == 8


def test_clean_faces_are_asked_about_once_damaged_ones_once_each(splits, tmp_path):
    network = Stub("neutral", "neutral", "happiness", "neutral")
    found = compare([member("a", network, tmp_path)], splits, with_robustness=True)
    kinds = sum(len(strengths) for _, _, strengths in CORRUPTIONS)
    assert network.asked == 4 * (1 + kinds)
    clean, *damaged = found.robustness.models["a"]
    assert (clean.corruption, clean.strength, clean.lost, clean.score) == ("clean", None, 0, found.scores[0].score)
    assert len(damaged) == kinds
    assert all(each.lost == clean.score.accuracy - each.score.accuracy for each in damaged)


def test_a_split_without_a_vote_for_an_emotion_has_no_calibration(tmp_path):
    nobody = np.tile(np.eye(10, dtype=np.uint8)[9] * 10, (4, 1))
    split = Split(GREYS[:, None, None] * np.ones((1, 48, 48), np.uint8), CODES, nobody)
    splits = select_splits(Dataset(Path("data"), {"Training": split}, "fingerprint"))
    found = compare([member("a", Stub("neutral", "neutral", "happiness", "fear"), tmp_path)], splits)
    assert found.calibrations == []
    assert [each.score.protocol for each in found.scores] == ["fer2013"]


def test_seven_outputs_and_eight_have_no_mean(splits, tmp_path):
    seven = member("a", Stub("neutral", "neutral", "happiness", "fear"), tmp_path)
    eight = Member("b", seven.path, EmotionClassifier([], EIGHT_EMOTIONS), None)
    with pytest.raises(InputError, match="--ensemble: answers in seven emotions and in eight have no mean"):
        compare([seven, eight], splits, ensemble=True)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a/fer.h5", "small.h5", "b/fer.h5"], ["fer", "small", "fer 2"]),
        (["a/fer.h5", "b/fer.h5", "fer 2.h5"], ["fer", "fer 2", "fer 2 2"]),
        (["ensemble.h5"], ["ensemble 2"]),
    ],
    ids=["of one name", "of a name given already", "of the name of their mean"],
)
def test_models_are_numbered_where_their_name_is_taken(files, names):
    assert names_of(list(map(Path, files))) == names


def test_a_model_is_loaded_with_its_labels_in_the_order_of_the_votes(tiny_model):
    plain, again = load_members([tiny_model, tiny_model], ("happiness", "fear"))
    assert [plain.name, again.name] == ["tiny", "tiny 2"]
    assert plain.classifier.labels == SEVEN_EMOTIONS
    (mirrored,) = load_members([tiny_model], ("happiness", "fear"), mirror=True)
    assert (mirrored.name, mirrored.classifier.mirror) == ("tiny + mirror", True)


class Fixed:
    """Whatever face it is shown, its n-th output is n."""

    face_shape, classes = (48, 48, 1), 4

    def predict(self, faces):
        return np.tile(np.arange(4, dtype=np.float32), (len(faces), 1))


def test_other_peoples_classes_have_an_order_of_their_own(tmp_path, monkeypatch):
    theirs = (Fixed(), ("Sad", "bored", "happy", "alert"))
    monkeypatch.setattr("emotion.faces.classifier.load_one", lambda *_: theirs)
    monkeypatch.setattr("emotion.evaluation.compare.read_card", lambda path: None)
    (found,) = load_members([tmp_path / "theirs.h5"], ("happiness", "bored"))
    assert found.classifier.labels == ("happiness", "sadness", "alert", "bored")
    assert found.classifier.classify(np.zeros((1, 48, 48), np.uint8)).tolist() == [[2, 0, 3, 1]]


def test_labels_that_are_not_those_of_the_data_are_refused(tiny_model):
    said = r"tiny\.h5: its labels \(neutral,.*are not those of the data \(happiness,bored\); leave it out$"
    with pytest.raises(InputError, match=said):  # it says itself what its outputs mean: --labels is no way out
        load_members([tiny_model], ("bored", "happiness"))


def test_seven_outputs_and_eight_are_apart_only_where_the_seven_emotions_are():
    scorn = Split(np.zeros((9, 48, 48), np.uint8), np.full(9, 6, np.uint8), np.eye(10, dtype=np.uint8)[[7] * 9] * 10)
    eight, seven = (np.eye(8)[[7] * 9], EIGHT_EMOTIONS), (np.eye(7)[[0] * 9], SEVEN_EMOTIONS)
    assert mcnemar_test(eight, seven, scorn, "majority") == 1
