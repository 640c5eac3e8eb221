import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.dataset.splits import Split
from emotion.evaluation.metrics import (
    macro_f1_interval,
    mcnemar,
    predicted_classes,
    protocols,
    score,
    wilson,
)


def faces(count):
    return np.zeros((count, 48, 48), np.uint8)


def sure(*emotions, classes=7):
    """Probabilities of a network that has no doubt."""
    return np.eye(classes, dtype=np.float32)[list(emotions)]


# neutral twice, happiness once, and a face on which nobody agrees
VOTES = np.array(
    [
        [9, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        [8, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 10, 0, 0, 0, 0, 0, 0, 0, 0],
        [5, 0, 5, 0, 0, 0, 0, 0, 0, 0],
    ],
    np.uint8,
)
SPLIT = Split(faces(4), np.array([6, 6, 3, 5], np.uint8), VOTES)


def test_only_the_protocols_rows_count():
    found = score(sure(0, 1, 1, 3), SPLIT, "majority")
    assert (found.count, found.accuracy) == (3, pytest.approx(2 / 3))
    assert score(sure(0, 1, 1, 3), SPLIT, "argmax").count == 4


def test_recalls_and_confusion_are_by_the_true_emotion():
    found = score(sure(0, 1, 1, 3), SPLIT, "majority")
    assert found.recalls["neutral"] == 0.5
    assert found.recalls["happiness"] == 1
    assert found.recalls["fear"] is None
    assert found.confusion[0][:2] == [1, 1]


def test_macro_f1_is_over_the_emotions_that_occur():
    # neutral: precision 1, recall 1/2, F1 2/3; happiness: precision 1/2, recall 1, F1 2/3
    found = score(sure(0, 1, 1, 3), SPLIT, "majority")
    assert found.macro_f1 == pytest.approx(2 / 3)
    assert (found.macro_f1_low, found.macro_f1_high) == macro_f1_interval(found.confusion)


def test_original_labels():
    assert score(sure(0, 0, 1, 2), SPLIT, "fer2013").accuracy == 1


def test_in_the_original_labels_contempt_is_neutral():
    assert score(sure(7, 0, 1, 2, classes=8), SPLIT, "fer2013") == score(sure(0, 0, 1, 2), SPLIT, "fer2013")


def test_as_one_of_seven_contempt_is_neutral_and_not_the_next_likeliest():
    probabilities = np.array([[0, 0, 0, 0, 0.4, 0, 0, 0.6]], np.float32)
    assert predicted_classes(probabilities, 7).tolist() == [0]
    assert predicted_classes(probabilities, 8).tolist() == [7]


def test_eight_outputs_know_contempt():
    votes = np.array([[1, 0, 0, 0, 0, 0, 0, 9, 0, 0]], np.uint8)
    split = Split(faces(1), np.array([6], np.uint8), votes)
    assert score(sure(7, classes=8), split, "majority").recalls["contempt"] == 1
    assert score(sure(0), split, "majority").accuracy == 1  # neutral, among seven


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (SPLIT, ["majority", "argmax", "fer2013"]),
        (Split(faces(1), np.array([0], np.uint8), None), ["fer2013"]),
        (Split(faces(1), np.array([255], np.uint8), VOTES[:1]), ["majority", "argmax"]),
        (
            Split(faces(1), np.array([0], np.uint8), np.array([[5, 5, 0, 0, 0, 0, 0, 0, 0, 0]], np.uint8)),
            ["argmax", "fer2013"],
        ),
    ],
    ids=["both labels", "original labels", "votes", "no row that counts"],
)
def test_protocols_follow_the_labels(split, expected):
    assert protocols(split) == expected


def test_wilson_as_published():
    # 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I, method 3)
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))


@given(st.integers(1, 5000), st.data())
def test_wilson_holds_the_share_and_stays_a_share(count, data):
    hits = data.draw(st.integers(0, count))
    low, high = wilson(hits, count)
    assert 0 <= low <= hits / count <= high <= 1


def test_of_a_rare_emotion_the_macro_f1_is_known_badly():
    often, rarely = [[900, 100], [100, 900]], [[900, 100], [2, 8]]
    (low, high), (lowest, highest) = map(macro_f1_interval, (often, rarely))
    assert low < 0.9 < high
    assert high - low == pytest.approx(4 * (0.9 * 0.1 / 2000) ** 0.5, rel=0.1)
    assert highest - lowest > 3 * (high - low)


def test_mcnemar_counts_only_where_one_is_right():
    true = np.zeros(110, int)
    first, second = np.zeros(110, int), np.zeros(110, int)
    second[:10] = 1  # ten faces that only the first has right: 2 * 0.5 ** 10
    assert mcnemar(first, second, true) == pytest.approx(2 * 0.5**10)
    assert mcnemar(first, first, true) == 1


def test_mcnemar_weighs_what_each_has_right():
    first, second = np.array([0] * 3 + [1] * 9), np.array([1] * 3 + [0] * 9)
    # three heads or fewer of twelve coins, twice
    assert mcnemar(first, second, np.zeros(12, int)) == pytest.approx(2 * (1 + 12 + 66 + 220) / 2**12)
