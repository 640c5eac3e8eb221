"""What the figures of a run and of several models show; how they become files is the business of `figure.py`."""

import numpy as np
import pytest
from made_scores import made_evaluation, scored
from small_fer2013 import write_class_folders

from emotion.dataset.load import load
from emotion.dataset.splits import Split
from emotion.evaluation.calibration import Calibration
from emotion.evaluation.card import Card, measure
from emotion.evaluation.compare import Robustness
from emotion.evaluation.metrics import score
from emotion.evaluation.plots import (
    plot_confusion,
    plot_costs,
    plot_curves,
    plot_mistakes,
    plot_recalls,
    plot_reliability,
    plot_robustness,
    plot_run,
)
from emotion.evaluation.robustness import DamagedScore
from emotion.labels import EIGHT_EMOTIONS, FER2013_EMOTIONS, SEVEN_EMOTIONS, rgb

HISTORY = [
    {"loss": 2.0, "accuracy": 0.1, "val_loss": 1.5, "val_accuracy": 0.3},
    {"loss": 1.0, "accuracy": 0.4, "val_loss": 1.2, "val_accuracy": 0.5},
]


def texts(labels) -> list[str]:
    return [label.get_text() for label in labels]


def test_a_row_of_the_confusion_is_what_was_voted_and_a_column_what_was_predicted():
    counts = np.zeros((7, 7), int)
    counts[0, :2] = 1, 3  # of four neutral faces three seem happy
    score = scored(0.25, recalls=dict.fromkeys(SEVEN_EMOTIONS, 0.0), confusion=counts.tolist())
    (axis,) = plot_confusion(score, "title").axes
    assert axis.images[0].get_array()[0].tolist() == [0.25, 0.75, 0, 0, 0, 0, 0]
    written = {text.get_position(): (text.get_text(), text.get_color()) for text in axis.texts}
    assert written[0, 0] == ("25 %\n1", "black")
    assert written[1, 0] == ("75 %\n3", "white")
    assert written[0, 1] == ("0 %\n0", "black")
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("predicted", "voted", "title")
    assert texts(axis.get_xticklabels()) == texts(axis.get_yticklabels()) == list(SEVEN_EMOTIONS)


def test_learning_is_drawn_beside_validation_from_the_first_epoch_on():
    loss, accuracy = plot_curves(HISTORY).axes
    assert (loss.get_title(), accuracy.get_title()) == ("loss", "accuracy")
    lines = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert lines == {"training, augmented": [[1, 2.0], [2, 1.0]], "validation": [[1, 1.5], [2, 1.2]]}
    lines = {line.get_label(): line.get_xydata().tolist() for line in accuracy.lines}
    assert lines == {"training, augmented": [[1, 0.1], [2, 0.4]], "validation": [[1, 0.3], [2, 0.5]]}


def test_an_emotion_that_no_face_has_gets_no_bar():
    recalls = {"neutral": 0.5, "disgust": None, "fear": 1.0}
    (axis,) = plot_recalls(scored(0.5, recalls=recalls), "title").axes
    assert texts(axis.get_xticklabels()) == ["neutral", "fear"]
    assert [(bar.get_height(), bar.get_facecolor()[:3]) for bar in axis.patches] == [
        (50, rgb("neutral")),
        (100, rgb("fear")),
    ]


def test_confidence_lies_across_and_the_votes_go_up():
    bins = [(0.3, 0.2, 10), (0.9, 0.6, 40)]
    (axis,) = plot_reliability(Calibration(50, 0.26, 0.7, 0.2, 0.1, 0.4, bins), "fer on Test").axes
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
def test_mistakes_are_those_that_it_was_most_sure_of_first(protocol):
    split, seen = some_faces()

    def classify(faces):
        return np.array([[seen[face[0, 0]].get(name, 0) for name in SEVEN_EMOTIONS] for face in faces])

    figure = plot_mistakes(classify, split, protocol, SEVEN_EMOTIONS, "title")
    shown = [(axis.images[0].get_array(), axis.get_title()) for axis in figure.axes if axis.images]
    assert [(face.min(), face.max(), title) for face, title in shown] == [
        (30, 30, "sadness 90 %\nvoted happiness"),
        (10, 10, "happiness 60 %\nvoted neutral"),
    ]


def test_of_many_mistakes_those_that_fit_are_shown():
    faces = np.zeros((30, 48, 48), np.uint8)
    split = Split(faces, np.full(30, FER2013_EMOTIONS.index("fear"), np.uint8), None)
    figure = plot_mistakes(lambda faces: np.eye(7)[[0] * len(faces)], split, "fer2013", SEVEN_EMOTIONS, "title")
    assert sum(bool(axis.images) for axis in figure.axes) == 24


def test_what_the_accuracy_counts_as_right_is_no_mistake():
    """Eight outputs, labels without contempt: who answers contempt has said neutral."""
    neutral = FER2013_EMOTIONS.index("neutral")
    split = Split(np.zeros((2, 48, 48), np.uint8), np.array([neutral, neutral], np.uint8), None)
    answers = np.array([[0, 0, 0, 0, 0, 0, 0, 1.0], [0, 0, 0, 0, 0, 0, 1.0, 0]], np.float32)
    figure = plot_mistakes(lambda faces: answers, split, "fer2013", EIGHT_EMOTIONS, "title")
    assert [axis.get_title() for axis in figure.axes if axis.images] == ["fear 100 %\nvoted neutral"]
    assert score(answers, split, "fer2013").accuracy == 0.5


def test_damage_is_a_row_and_a_model_a_bar_in_it():
    def results(clean, blurred):
        return [DamagedScore("clean", None, scored(clean), 0), DamagedScore("blur", 1.5, scored(blurred), 0)]

    robustness = Robustness("Test", "majority", {"one": results(0.5, 0.25), "two": results(0.75, 0.125)})
    (axis,) = plot_robustness(robustness).axes
    assert axis.get_title() == "Test, majority"
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
def test_a_run_without_votes_is_drawn_on_the_split_least_seen_and_without_reliability(folders, name, tmp_path):
    dataset = load(write_class_folders(tmp_path, tuple("0123456"), folders))
    splits = measure(always_anger, dataset.splits)
    card = Card(SEVEN_EMOTIONS, protocol="labels", splits=splits, history=HISTORY)
    figures = plot_run("mine", card, always_anger, dataset)
    assert set(figures) == {"curves", "confusion", "recalls", "mistakes"}
    title = f"mine on {name}, labels: 14.3 % of 7"
    assert figures["confusion"].axes[0].get_title() == title
    assert figures["recalls"].axes[0].get_title() == title
    assert figures["mistakes"].get_suptitle() == title


def test_what_models_cost_is_beside_what_they_are_worth_from_the_best_on():
    figure = plot_costs(made_evaluation())
    assert figure.get_suptitle() == "PrivateTest, majority"
    (legend,) = figure.legends
    assert texts(legend.texts) == ["two 83.1", "one 81.1"]
    for axis, places in zip(figure.axes, ((10, 60.717248), (0.4, 0.9712)), strict=True):
        assert axis.get_xscale() == "log"
        segments = [bars.get_segments()[0] for bars in axis.collections]
        np.testing.assert_allclose(
            segments, [[[p, a - 1], [p, a + 1]] for p, a in zip(places, (83.1, 81.1), strict=True)]
        )
