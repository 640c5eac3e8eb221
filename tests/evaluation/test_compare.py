"""Which rows a model is measured on, and how its answers are read."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.evaluation.compare import chosen_splits, mcnemar_test, names_of, reordered
from emotion.labels import EIGHT_EMOTIONS, SEVEN_EMOTIONS


def split_of(*greys: int) -> Split:
    """A face of one grey for each of `greys`."""
    faces = np.array(greys, np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Split(faces, np.zeros(len(greys), np.uint8), None)


@pytest.fixture
def choose(notes):
    """choose(splits, "PublicTest") -> {name: the greys to measure on}, and what was said."""

    def chosen(splits, split=None, unseen=False, protocol=None):
        dataset = Dataset(Path("data"), splits, "fingerprint")
        found = chosen_splits(dataset, Namespace(split=split, unseen=unseen, protocol=protocol))
        return {name: rows.faces[:, 0, 0].tolist() for name, rows in found.items()}, notes

    return chosen


SPLITS = {"Training": split_of(1, 2, 3), "PublicTest": split_of(4, 2, 5, 2), "PrivateTest": split_of(6, 7)}


def test_all_but_training_and_a_word_on_the_faces_that_training_holds_as_well(choose):
    chosen, said = choose(SPLITS)
    assert chosen == {"PublicTest": [4, 2, 5, 2], "PrivateTest": [6, 7]}
    assert said == ["PublicTest: 2 of 4 faces were seen in training, byte for byte; see --unseen"]


def test_unseen_leaves_them_out_and_says_so_in_the_name(choose):
    chosen, said = choose(SPLITS, unseen=True)
    assert chosen == {"PublicTest, unseen": [4, 5], "PrivateTest, unseen": [6, 7]}
    assert said == [
        "PublicTest: 2 faces seen in training are left out, and 0 other crops of such photographs",
        "PrivateTest: 0 faces seen in training are left out, and 0 other crops of such photographs",
    ]


def test_what_selected_the_epoch_was_seen_too(choose):
    splits = {**SPLITS, "PrivateTest": split_of(4, 6, 2)}
    assert choose(splits, unseen=True)[0] == {"PublicTest, unseen": [4, 5], "PrivateTest, unseen": [6]}


def test_training_is_measured_on_where_it_is_asked_for_or_all_there_is(choose):
    assert choose(SPLITS, "Training")[0] == {"Training": [1, 2, 3]}
    assert choose({"Training": split_of(8)})[0] == {"Training": [8]}


@pytest.mark.parametrize(
    ("splits", "split", "message"),
    [
        (SPLITS, "Training", "Training is what was seen"),
        ({"Training": split_of(1, 2), "PublicTest": split_of(2)}, None, "training had seen every face of PublicTest"),
    ],
    ids=["of Training", "nothing left"],
)
def test_unseen_of_nothing_is_refused(splits, split, message, choose):
    with pytest.raises(InputError, match=message):
        choose(splits, split, unseen=True)


def test_a_split_that_is_not_there_is_refused(choose):
    with pytest.raises(InputError, match="--split PrivateTest: not in data: 1 Training"):
        choose({"Training": split_of(1)}, "PrivateTest")


def test_a_protocol_without_its_labels_is_refused(choose):
    assert choose(SPLITS, protocol="fer2013")[0].keys() == {"PublicTest", "PrivateTest"}
    with pytest.raises(InputError, match=r"--protocol majority: data has labels for fer2013$"):
        choose(SPLITS, protocol="majority")


def classifier(*labels: str) -> Namespace:
    """Whatever face it is shown, its n-th output is n."""
    return Namespace(labels=labels, classify=lambda faces: np.arange(len(labels))[None])


def test_outputs_come_in_the_order_of_the_votes_whatever_order_the_model_has():
    theirs = classifier("Happy", "sad", "angry", "neutral", "disgust", "fear", "surprise")
    classify, labels = reordered(theirs, Path("a.h5"))
    assert labels == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
    assert classify(None).tolist() == [[3, 0, 6, 1, 2, 4, 5]]


def test_labels_that_are_no_emotions_are_refused():
    with pytest.raises(InputError, match=r"a\.h5: its labels \(bored,.*are not neutral,.*see --labels"):
        reordered(classifier("bored", "happy", "surprise", "sad", "angry", "disgust", "fear"), Path("a.h5"))


def test_other_peoples_classes_have_an_order_of_their_own():
    classify, labels = reordered(classifier("sad", "bored", "happy", "alert"), Path("a.h5"), ("happiness", "bored"))
    assert labels == ("happiness", "sadness", "alert", "bored")
    assert classify(None).tolist() == [[2, 0, 3, 1]]


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


def test_a_split_in_which_nothing_counts_is_refused(choose):
    nobody = Split(np.zeros((1, 48, 48), np.uint8), np.full(1, 255, np.uint8), np.eye(10, dtype=np.uint8)[[9]] * 10)
    with pytest.raises(InputError, match="no face of PublicTest has a label that counts"):
        choose({"Training": split_of(1), "PublicTest": nobody})


def test_seven_outputs_and_eight_are_apart_only_where_the_seven_emotions_are():
    scorn = Split(np.zeros((9, 48, 48), np.uint8), np.full(9, 6, np.uint8), np.eye(10, dtype=np.uint8)[[7] * 9] * 10)
    outputs = {"eight": EIGHT_EMOTIONS, "seven": SEVEN_EMOTIONS}
    answers = {"eight": np.eye(8)[[7] * 9], "seven": np.eye(7)[[0] * 9]}
    assert mcnemar_test(("eight", "seven"), outputs, answers, "PublicTest", scorn, "majority")["p"] == 1
