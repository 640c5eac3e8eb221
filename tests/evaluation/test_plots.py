"""What the pictures of a run show; how they become files is the business of `figure.py`."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_fer2013 import write_class_folders

from emotion.dataset.load import load
from emotion.dataset.splits import Split
from emotion.evaluation.plots import (
    plot_confusion,
    plot_curves,
    plot_mistakes,
    plot_recalls,
    plot_reliability,
    plot_robustness,
    plot_run,
)
from emotion.labels import FER2013_EMOTIONS, SEVEN_EMOTIONS, rgb
from emotion.training.card import measure

FILE = Path("a.png")
HISTORY = [
    {"loss": 2.0, "accuracy": 0.1, "val_loss": 1.5, "val_accuracy": 0.3},
    {"loss": 1.0, "accuracy": 0.4, "val_loss": 1.2, "val_accuracy": 0.5},
]


@pytest.fixture
def drawn(monkeypatch):
    """The figures by the names of the files that they would be written to."""
    figures = {}
    monkeypatch.setattr("emotion.evaluation.plots.save", lambda figure, path: figures.update({path.name: figure}))
    return figures


def texts(labels) -> list[str]:
    return [label.get_text() for label in labels]


def test_a_row_of_the_confusion_is_what_was_voted_and_a_column_what_was_predicted(drawn):
    counts = np.zeros((7, 7), int)
    counts[0, :2] = 1, 3  # of four neutral faces three seem happy
    plot_confusion(counts.tolist(), SEVEN_EMOTIONS, FILE, "title")
    (axis,) = drawn["a.png"].axes
    assert axis.images[0].get_array()[0].tolist() == [0.25, 0.75, 0, 0, 0, 0, 0]
    written = {text.get_position(): (text.get_text(), text.get_color()) for text in axis.texts}
    assert written[0, 0] == ("25 %\n1", "black")
    assert written[1, 0] == ("75 %\n3", "white")
    assert written[0, 1] == ("0 %\n0", "black")
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("predicted", "voted", "title")
    assert texts(axis.get_xticklabels()) == texts(axis.get_yticklabels()) == list(SEVEN_EMOTIONS)


def test_learning_is_drawn_beside_validation_from_the_first_epoch_on(drawn):
    plot_curves(HISTORY, FILE)
    loss, accuracy = drawn["a.png"].axes
    assert (loss.get_title(), accuracy.get_title()) == ("loss", "accuracy")
    lines = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert lines == {"training, augmented": [[1, 2.0], [2, 1.0]], "validation": [[1, 1.5], [2, 1.2]]}
    lines = {line.get_label(): line.get_xydata().tolist() for line in accuracy.lines}
    assert lines == {"training, augmented": [[1, 0.1], [2, 0.4]], "validation": [[1, 0.3], [2, 0.5]]}


def test_an_emotion_that_no_face_has_gets_no_bar(drawn):
    plot_recalls({"neutral": 0.5, "disgust": None, "fear": 1.0}, FILE, "title")
    (axis,) = drawn["a.png"].axes
    assert texts(axis.get_xticklabels()) == ["neutral", "fear"]
    assert [(bar.get_height(), bar.get_facecolor()[:3]) for bar in axis.patches] == [
        (50, rgb("neutral")),
        (100, rgb("fear")),
    ]


def test_confidence_lies_across_and_the_votes_go_up(drawn):
    bins = [(0.3, 0.2, 10), (0.9, 0.6, 40)]
    plot_reliability({"bins": bins, "expected_error": 0.26}, FILE, "fer on Test")
    (axis,) = drawn["a.png"].axes
    (dots,) = axis.collections
    assert dots.get_offsets().tolist() == [[0.3, 0.2], [0.9, 0.6]]
    assert dots.get_sizes().tolist() == [158, 608]
    assert axis.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("confidence", "share of the votes")
    assert axis.get_title() == "fer on Test, expected error 0.260"


def some_faces() -> tuple[Split, dict[int, dict[str, float]]]:
    """Faces of one grey each, and what a network sees in them."""
    greys = np.array([10, 20, 30, 40], np.uint8)
    votes = np.zeros((4, 10), np.uint8)
    votes[0, 0] = votes[2, 1] = votes[3, 1] = 10
    votes[1, :2] = 5  # by majority, nobody knows
    codes = [FER2013_EMOTIONS.index(name) for name in ("neutral", "fear", "happiness", "happiness")]
    split = Split(greys[:, None, None] * np.ones((1, 48, 48), np.uint8), np.array(codes, np.uint8), votes)
    return split, {10: {"happiness": 0.6}, 20: {"fear": 0.99}, 30: {"sadness": 0.9}, 40: {"happiness": 0.95}}


@pytest.mark.parametrize("protocol", ["majority", "fer2013"])
def test_mistakes_are_those_that_it_was_most_sure_of_first(protocol, drawn):
    split, seen = some_faces()

    def classify(faces):
        return np.array([[seen[face[0, 0]].get(name, 0) for name in SEVEN_EMOTIONS] for face in faces])

    plot_mistakes(classify, split, FILE, "title", protocol, SEVEN_EMOTIONS)
    shown = [(axis.images[0].get_array(), axis.get_title()) for axis in drawn["a.png"].axes if axis.images]
    assert [(face.min(), face.max(), title) for face, title in shown] == [
        (30, 30, "sadness 90 %\nvoted happiness"),
        (10, 10, "happiness 60 %\nvoted neutral"),
    ]


def test_of_many_mistakes_those_that_fit_are_shown(drawn):
    faces = np.zeros((30, 48, 48), np.uint8)
    split = Split(faces, np.full(30, FER2013_EMOTIONS.index("fear"), np.uint8), None)
    plot_mistakes(lambda faces: np.eye(7)[[0] * len(faces)], split, FILE, "title", "fer2013", SEVEN_EMOTIONS)
    assert sum(bool(axis.images) for axis in drawn["a.png"].axes) == 24


def test_damage_is_a_row_and_a_model_a_bar_in_it(drawn):
    def results(*accuracies):
        changes = [("clean", None), ("blur", 1.5)]
        return [(*change, SimpleNamespace(accuracy=a)) for change, a in zip(changes, accuracies, strict=True)]

    plot_robustness({"one": results(0.5, 0.25), "two": results(0.75, 0.125)}, FILE, "title")
    (axis,) = drawn["a.png"].axes
    assert texts(axis.get_yticklabels()) == ["clean", "blur 1.5"]
    assert [[bar.get_width() for bar in model] for model in axis.containers] == [[50, 25], [75, 12.5]]
    assert texts(axis.get_legend().texts) == ["one", "two"]
    assert axis.yaxis_inverted()


def always_anger(faces):
    return np.eye(7)[[SEVEN_EMOTIONS.index("anger")] * len(faces)]


@pytest.mark.parametrize(
    ("folders", "name"),
    [
        ({"train": 14, "val": 8, "test": 7}, "Test"),
        ({"train": 14, "val": 7, "privatetest": 7}, "PrivateTest"),
        ({"train": 14, "publictest": 7}, "PublicTest"),
        ({"train": 14, "val": 7}, "Validation"),
        ({"train": 7}, "Training"),
    ],
    ids=["Kaggle's test", "both tests", "no test", "somebody's split", "nothing else"],
)
def test_a_run_without_votes_is_drawn_on_the_split_least_seen_and_without_reliability(folders, name, drawn, tmp_path):
    dataset = load(write_class_folders(tmp_path, tuple("0123456"), folders))
    figures = measure(always_anger, dataset.splits)
    card = {"history": HISTORY, "protocol": "fer2013", "labels": SEVEN_EMOTIONS, "splits": figures}
    plot_run(card, always_anger, dataset, Path("mine.h5"))
    assert set(drawn) == {f"mine_{plot}.png" for plot in ("curves", "confusion", "recalls", "mistakes")}
    title = f"mine on {name}, fer2013: 14.3 % of 7"
    assert drawn["mine_confusion.png"].axes[0].get_title() == title
    assert drawn["mine_recalls.png"].axes[0].get_title() == title
    assert drawn["mine_mistakes.png"].get_suptitle() == title
