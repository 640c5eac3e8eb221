"""Which faces a model is measured on."""

from pathlib import Path

import numpy as np
import pytest

from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError
from emotion.evaluation.selection import select_splits


def split_of(*greys: int) -> Split:
    """A face of one grey for each of `greys`."""
    faces = np.array(greys, np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Split(faces, np.zeros(len(greys), np.uint8), None)


@pytest.fixture
def choose(notes):
    """choose(splits, "PublicTest") -> {name: the greys to measure on}, and what was said."""

    def chosen(splits, split=None, unseen=False, protocol=None):
        dataset = Dataset(Path("data"), splits, "fingerprint")
        found = select_splits(dataset, split, protocol, unseen)
        return {chosen.name: chosen.rows.faces[:, 0, 0].tolist() for chosen in found}, notes

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
    with pytest.raises(InputError, match=r"--protocol majority: data is measured under fer2013$"):
        choose(SPLITS, protocol="majority")


def test_a_split_in_which_nothing_counts_is_refused(choose):
    nobody = Split(np.zeros((1, 48, 48), np.uint8), np.full(1, 255, np.uint8), np.eye(10, dtype=np.uint8)[[9]] * 10)
    with pytest.raises(InputError, match="no face of PublicTest has a label that counts"):
        choose({"Training": split_of(1), "PublicTest": nobody})


def test_what_was_seen_is_counted():
    dataset = Dataset(Path("data"), SPLITS, "fingerprint")
    counts = [(found.seen, found.seen_crops, found.left_out) for found in select_splits(dataset)]
    assert counts == [(2, None, False), (0, None, False)]
    (unseen,) = select_splits(dataset, "PublicTest", unseen=True)
    assert (unseen.seen, unseen.seen_crops, unseen.left_out) == (2, 0, True)
