import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.evaluation.calibration import calibration, fit_temperature

CERTAIN = np.array([[10, 0, 0, 0, 0, 0, 0, 0, 0, 0]] * 4, np.uint8)
HALVED = np.array([[5, 5, 0, 0, 0, 0, 0, 0, 0, 0]] * 4, np.uint8)
NOBODY = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 10]] * 4, np.uint8)


def answer(*shares):
    row = np.zeros(7, np.float32)
    row[: len(shares)] = shares
    return np.tile(row, (4, 1))


def test_as_sure_as_people():
    found = calibration(answer(0.5, 0.5), HALVED)
    assert found.expected_error == pytest.approx(0)
    assert found.total_variation == pytest.approx(0)
    assert found.cross_entropy == pytest.approx(np.log(2), rel=1e-4)
    assert found.bins == [(0.5, 0.5, 4)]


def test_surer_than_people():
    found = calibration(answer(0.9, 0.1), HALVED)
    assert found.expected_error == pytest.approx(0.4)
    assert found.total_variation == pytest.approx(0.4)
    assert found.cross_entropy == pytest.approx(-(np.log(0.9) + np.log(0.1)) / 2, rel=1e-4)
    assert found.humans_cross_entropy == pytest.approx(np.log(2), rel=1e-4)


def test_certain_answers_are_in_the_last_bin_and_may_be_wrong():
    assert calibration(answer(1), CERTAIN).bins == [(1, 1, 4)]
    assert calibration(answer(0, 1), CERTAIN).bins == [(1, 0, 4)]


def test_a_bin_weighs_as_much_as_it_holds():
    answers = np.concatenate([answer(1)[:3], answer(0.5, 0.5)[:1]])
    assert calibration(answers, CERTAIN).expected_error == pytest.approx(0.5 / 4)


def test_faces_on_which_nobody_saw_an_emotion_do_not_count():
    found = calibration(np.concatenate([answer(1), answer(0, 1)]), np.concatenate([CERTAIN, NOBODY]))
    assert (found.count, found.total_variation) == (4, 0)


def test_without_any_vote_for_an_emotion_there_is_none():
    assert calibration(answer(1), NOBODY) is None


def test_people_differ_only_where_their_votes_do():
    assert calibration(answer(1), CERTAIN).humans_total_variation == 0
    votes = np.repeat(HALVED, 500, axis=0)
    # |X - Y|/10 for X and Y of ten coins each: 20!/(10!10!) / 2**20 = 0.17620
    found = calibration(np.repeat(answer(0.5, 0.5), 500, axis=0), votes)
    assert found.humans_total_variation == pytest.approx(0.176, abs=0.01)
    assert found.humans_cross_entropy == pytest.approx(np.log(2), rel=1e-4)


@pytest.mark.parametrize(
    ("votes", "apart"),
    [([1, 1, 0, 0, 0, 0, 0, 0, 8, 0], 0.375), ([5, 0, 0, 0, 0, 0, 0, 5, 0, 0], 0.176)],
    ids=["two of ten", "with contempt"],
)
def test_a_panel_is_those_who_named_an_emotion(votes, apart):
    votes, answers = np.array([votes] * 2000, np.uint8), np.full((2000, 8), 1 / 8, np.float32)
    found = calibration(answers, votes)
    assert found.humans_total_variation == pytest.approx(apart, abs=0.02)
    assert calibration(answers, votes) == found, "the same panels every time"


@given(st.floats(0.3, 3.0))
def test_the_temperature_is_found_again(temperature):
    logits = np.random.default_rng(0).normal(0, 2, (200, 7))
    exact = np.exp(logits / temperature)
    assert fit_temperature(logits, exact / exact.sum(axis=1, keepdims=True)) == pytest.approx(temperature, rel=0.01)
