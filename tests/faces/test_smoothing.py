import numpy as np
import pytest

from emotion.faces.recognition import Recognition
from emotion.faces.smoothing import Smoother
from emotion.geometry import Box

LABELS = ("neutral", "happiness", "anger")
CALM = np.array([0.8, 0.1, 0.1], np.float32)
HAPPY = np.array([0.1, 0.8, 0.1], np.float32)


def face(felt, id=1):
    return Recognition(Box(60, 60, 80, 80), LABELS, felt, id)


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_one_wild_frame_does_not_change_the_label_and_a_real_change_shows_within_half_a_second(fps):
    smoother = Smoother()
    felt = [CALM] * fps + [HAPPY] + [CALM] * fps + [HAPPY] * fps
    shown = [smoother.smooth([face(p)], i / fps)[0].emotion for i, p in enumerate(felt)]
    if fps > 10:  # at 10 a second a wild frame is a tenth of a second
        assert set(shown[: 2 * fps + 1]) == {"neutral"}
    assert set(shown[2 * fps + 1 + fps // 2 :]) == {"happiness"}


def test_the_half_life_is_one_whatever_the_frame_rate():
    for fps in (10, 20, 50):
        smoother = Smoother(half_life=0.2)
        smoother.smooth([face(CALM)], 0.0)
        for i in range(1, fps // 5 + 1):
            (shown,) = smoother.smooth([face(HAPPY)], i / fps)
        assert shown.probabilities == pytest.approx((CALM + HAPPY) / 2, abs=1e-5)
        assert shown.probabilities.dtype == np.float32


def test_a_half_life_of_nothing_leaves_every_frame_to_itself():
    smoother = Smoother(half_life=0)
    for i, felt in enumerate([CALM, HAPPY, CALM]):
        (shown,) = smoother.smooth([face(felt)], i / 30)
        assert (shown.probabilities == felt).all()


def test_each_id_has_a_past_of_its_own_and_a_new_one_none():
    smoother = Smoother(half_life=10)
    smoother.smooth([face(CALM, 1), face(HAPPY, 2)], 0.0)
    calm, happy, new = smoother.smooth([face(HAPPY, 1), face(CALM, 2), face(HAPPY, 3)], 0.04)
    assert (calm.emotion, happy.emotion) == ("neutral", "happiness")
    assert (new.probabilities == HAPPY).all()


def test_who_is_long_gone_is_forgotten():
    smoother = Smoother(half_life=10)
    smoother.smooth([face(CALM)], 0.0)
    smoother.smooth([], 1.0)
    smoother.smooth([], 2.5)
    assert smoother.felt == {}


def test_without_an_id_there_is_no_past():
    smoother = Smoother(half_life=10)
    smoother.smooth([face(CALM, None)], 0.0)
    assert (smoother.smooth([face(HAPPY, None)], 0.04)[0].probabilities == HAPPY).all()
