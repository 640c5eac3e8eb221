import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emotion.dataset.splits import Split
from emotion.dataset.votes import distributions, drop_single_votes, ground_truth
from emotion.labels import EIGHT_EMOTIONS, SEVEN_EMOTIONS

#                    neu hap sur sad ang dis fea con unk NF
CLEAR = np.array([0, 8, 2, 0, 0, 0, 0, 0, 0, 0])
SLIPS = np.array([5, 1, 1, 1, 1, 1, 0, 0, 0, 0])  # half of ten, but all of what is left without single votes
SPLIT = np.array([5, 5, 0, 0, 0, 0, 0, 0, 0, 0])  # no majority
SCORN = np.array([3, 0, 0, 0, 0, 0, 0, 7, 0, 0])  # contempt
DOUBT = np.array([4, 0, 0, 0, 0, 0, 0, 0, 6, 0])  # unknown wins
BLANK = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 10])  # no face
ALONE = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
ROWS = np.stack([CLEAR, SLIPS, SPLIT, SCORN, DOUBT, BLANK, ALONE]).astype(np.uint8)

votes_of_ten = arrays(np.uint8, (6, 10), elements=st.integers(0, 10))


def split(votes, codes=None):
    count = len(codes if votes is None else votes)
    faces = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    return Split(faces, np.zeros(count, np.uint8) if codes is None else np.array(codes, np.uint8), votes)


def test_single_votes_are_dropped():
    assert drop_single_votes(ROWS)[1].tolist() == [5, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_contempt_counts_as_neutral_among_seven():
    assert distributions(ROWS)[3].tolist() == [1, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(distributions(ROWS, EIGHT_EMOTIONS)[3], [0.3, 0, 0, 0, 0, 0, 0, 0.7])


def test_unknown_and_no_face_are_left_out_of_the_shares():
    assert distributions(ROWS)[4].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert distributions(ROWS)[5].tolist() == [0] * 7


@given(votes_of_ten, st.sampled_from([SEVEN_EMOTIONS, EIGHT_EMOTIONS]))
def test_shares_sum_to_one_or_to_nothing(votes, labels):
    sums = distributions(votes, labels).sum(axis=1)
    named = votes[:, :8].any(axis=1)
    np.testing.assert_allclose(sums, named.astype(float), atol=1e-6)


def test_majority_wants_more_than_half_of_what_single_votes_leave():
    rows, true = ground_truth("majority", split(ROWS))
    assert dict(zip(rows.tolist(), true.tolist(), strict=True)) == {0: 1, 1: 0, 3: 0}


def test_argmax_takes_the_plain_top_vote():
    rows, true = ground_truth("argmax", split(ROWS))
    assert dict(zip(rows.tolist(), true.tolist(), strict=True)) == {0: 1, 1: 0, 2: 0, 3: 0, 6: 0}


def test_votes_for_unknown_count_against_a_majority():
    votes = np.array([[4, 0, 0, 0, 0, 0, 0, 0, 3, 3]], np.uint8)
    assert ground_truth("majority", split(votes))[0].tolist() == []


def test_a_face_without_votes_has_no_top_vote():
    assert ground_truth("argmax", split(np.zeros((1, 10), np.uint8)))[0].tolist() == []


def test_contempt_is_the_eighth_where_eight_are_asked_for():
    rows, true = ground_truth("majority", split(ROWS), labels=EIGHT_EMOTIONS)
    assert true[rows.tolist().index(3)] == 7


@given(votes_of_ten)
def test_a_majority_is_the_top_vote_too(votes):
    found = dict(zip(*(a.tolist() for a in ground_truth("argmax", split(votes))), strict=True))
    for row, emotion in zip(*(a.tolist() for a in ground_truth("majority", split(votes))), strict=True):
        assert found[row] == emotion


def test_original_labels_count_in_another_order():
    rows, true = ground_truth("fer2013", split(None, codes=[0, 1, 2, 3, 4, 5, 6]))
    assert rows.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert true.tolist() == [4, 5, 6, 1, 3, 2, 0]  # anger, disgust, fear, happiness, sadness, surprise, neutral
