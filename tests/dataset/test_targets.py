from pathlib import Path

import numpy as np
import pytest

from emotion.dataset.splits import Dataset, Split
from emotion.dataset.targets import calibration_targets, find_targets, training_targets
from emotion.errors import InputError
from emotion.labels import EIGHT_EMOTIONS, SEVEN_EMOTIONS

#                    neu hap sur sad ang dis fea con unk NF
CLEAR = np.array([0, 8, 2, 0, 0, 0, 0, 0, 0, 0])
SLIPS = np.array([5, 1, 1, 1, 1, 1, 0, 0, 0, 0])  # half of ten, but all of what is left without single votes
DOUBT = np.array([4, 0, 0, 0, 0, 0, 0, 0, 6, 0])  # unknown wins
BLANK = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 10])  # no face
ALONE = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
ROWS = np.stack([CLEAR, SLIPS, DOUBT, BLANK, ALONE]).astype(np.uint8)


def split(votes, codes=None):
    """Row i is a face of grey i."""
    count = len(codes if votes is None else votes)
    faces = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Split(faces, np.zeros(count, np.uint8) if codes is None else np.array(codes, np.uint8), votes)


def test_what_is_learnt_are_the_faces_whose_top_vote_is_an_emotion():
    faces, shares = training_targets(split(ROWS), "ferplus", SEVEN_EMOTIONS)
    assert faces[:, 0, 0].tolist() == [0, 1]
    np.testing.assert_allclose(shares[0], [0, 0.8, 0.2, 0, 0, 0, 0])


def test_confidence_is_matched_to_all_votes_for_an_emotion():
    faces, shares = calibration_targets(split(ROWS), "ferplus", SEVEN_EMOTIONS)
    assert faces[:, 0, 0].tolist() == [0, 1, 2, 4]
    np.testing.assert_allclose(shares[1], [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0])


def test_original_labels_as_distributions():
    _, shares = training_targets(split(None, codes=[3, 6]), "fer2013", SEVEN_EMOTIONS)
    assert shares.tolist() == [[0, 1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize(("source", "codes"), [("ferplus", [0]), ("fer2013", [255])], ids=["no votes", "no labels"])
def test_labels_that_the_data_do_not_have(source, codes):
    with pytest.raises(InputError, match=f"--labels {source}"):
        training_targets(split(None, codes), source, SEVEN_EMOTIONS)


def test_of_a_voted_data_set_the_votes_are_learnt_and_another_split_selects():
    splits = {"Training": split(ROWS[:1]), "PublicTest": split(ROWS), "PrivateTest": split(ROWS)}
    found = find_targets(Dataset(Path("data"), splits, "5eed"))
    assert (found.source, found.labels) == ("ferplus", SEVEN_EMOTIONS)
    assert [len(pair[0]) for pair in (found.training, found.validation, found.calibration)] == [1, 2, 4]
    assert find_targets(Dataset(Path("data"), splits, "5eed"), emotion_count=8).labels == EIGHT_EMOTIONS


def test_of_a_labelled_data_set_the_labels_are_learnt_and_a_tenth_of_it_selects():
    splits = {"Training": split(None, codes=[0, 3] * 10), "PrivateTest": split(None, codes=[0])}
    found, again, other = (find_targets(Dataset(Path("data"), splits, "5eed"), seed=seed) for seed in (0, 0, 1))
    assert (found.source, set(found.labels)) == ("fer2013", set(SEVEN_EMOTIONS))
    learnt, selecting, chosen = (
        pair[0][:, 0, 0].tolist() for pair in (found.training, found.validation, other.validation)
    )
    assert sorted(learnt + selecting) == list(range(20))
    assert len(selecting) == 2
    assert selecting == again.validation[0][:, 0, 0].tolist() != chosen
    with pytest.raises(InputError, match="--labels ferplus: no votes"):
        find_targets(Dataset(Path("data"), splits, "5eed"), "ferplus")
