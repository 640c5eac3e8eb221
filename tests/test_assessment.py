"""Which rows a model is measured on."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from emotion.assessment import chosen_splits
from emotion.dataset import Dataset, Split
from emotion.errors import InputError


def split_of(*greys: int) -> Split:
    """A face of one grey for each of `greys`."""
    faces = np.array(greys, np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Split(faces, np.zeros(len(greys), np.uint8), None)


def choose(
    splits: dict[str, Split], split: str | None = None, unseen: bool = False, protocol: str | None = None
) -> tuple[dict, list[str]]:
    """{name: the greys to measure on}, and what was said."""
    said = []
    dataset = Dataset(Path("data"), splits, "fingerprint")
    chosen = chosen_splits(dataset, Namespace(split=split, unseen=unseen, protocol=protocol), said.append)
    return {name: rows.faces[:, 0, 0].tolist() for name, rows in chosen.items()}, said


SPLITS = {"Training": split_of(1, 2, 3), "PublicTest": split_of(4, 2, 5, 2), "PrivateTest": split_of(6, 7)}


def test_all_but_training_and_a_word_on_the_faces_that_training_holds_as_well():
    chosen, said = choose(SPLITS)
    assert chosen == {"PublicTest": [4, 2, 5, 2], "PrivateTest": [6, 7]}
    assert said == ["PublicTest: 2 of 4 faces are in Training too; --unseen leaves them out"]


def test_unseen_leaves_them_out_and_says_so_in_the_name():
    chosen, said = choose(SPLITS, unseen=True)
    assert chosen == {"PublicTest, unseen": [4, 5], "PrivateTest, unseen": [6, 7]}
    assert said == ["PublicTest: 2 of 4 faces are in Training too; left out"]


def test_training_is_measured_on_where_it_is_asked_for_or_all_there_is():
    assert choose(SPLITS, "Training")[0] == {"Training": [1, 2, 3]}
    assert choose({"Training": split_of(8)})[0] == {"Training": [8]}


@pytest.mark.parametrize(
    ("splits", "split", "message"),
    [
        (SPLITS, "Training", "Training is what was seen"),
        ({"Training": split_of(1, 2), "PublicTest": split_of(2)}, None, "Training holds every face of PublicTest"),
    ],
    ids=["of Training", "nothing left"],
)
def test_unseen_of_nothing_is_refused(splits, split, message):
    with pytest.raises(InputError, match=message):
        choose(splits, split, unseen=True)


def test_a_split_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="--split PrivateTest: not in data: 1 Training"):
        choose({"Training": split_of(1)}, "PrivateTest")


def test_a_protocol_without_its_labels_is_refused():
    assert choose(SPLITS, protocol="fer2013")[0].keys() == {"PublicTest", "PrivateTest"}
    with pytest.raises(InputError, match=r"--protocol majority: data has labels for fer2013$"):
        choose(SPLITS, protocol="majority")
