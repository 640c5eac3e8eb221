import numpy as np

from emotion.dataset.splits import Split
from emotion.evaluation.metrics import score
from emotion.evaluation.robustness import (
    CORRUPTIONS,
    compressed,
    covered,
    darkened,
    flattened,
    noisy,
    robustness,
    warped,
)
from emotion.labels import SEVEN_EMOTIONS

GREY = np.full((2, 48, 48), 100, np.uint8)


def test_darkness():
    assert set(darkened(GREY, 0.2).ravel()) == {20}


def test_low_contrast_is_about_middle_grey():
    assert set(flattened(GREY, 0.5).ravel()) == {114}


def test_a_covered_quarter():
    bottom_left = covered(GREY, 2)
    assert bottom_left[:, 24:, :24].max() == 0
    assert (bottom_left == 100).mean() == 0.75


def test_a_shift_moves_right_and_down():
    face = np.zeros((1, 48, 48), np.uint8)
    face[0, 10, 10] = 255
    assert np.argwhere(warped(face, shift=1 / 12)[0] == 255).tolist() == [[14, 14]]


def test_a_face_is_warped_about_its_middle():
    face = np.zeros((1, 48, 48), np.uint8)
    face[0, 20:28, 20:28] = 255
    assert 240 < (warped(face, scale=2) > 127).sum() < 270
    face[0, 5:9, 30:40] = 255
    np.testing.assert_array_equal(warped(face, degrees=180), face[:, ::-1, ::-1])


def test_edges_repeat_outwards_where_a_face_is_warped():
    assert set(warped(GREY, degrees=30, scale=0.7, shift=0.2).ravel()) == {100}


def test_the_same_noise_every_time():
    np.testing.assert_array_equal(noisy(GREY, 10), noisy(GREY, 10))
    assert 8 < noisy(GREY, 10).std() < 12


def test_noise_in_white_stays_bright():
    assert noisy(np.full((2, 48, 48), 250, np.uint8), 25).min() > 100


def test_jpeg_keeps_the_shape_and_less_of_the_rest_the_lower_its_quality():
    face = noisy(GREY, 25)
    assert compressed(face, 15).shape == face.shape
    little, more, most = (np.abs(compressed(face, quality).astype(int) - face).mean() for quality in (95, 40, 15))
    assert little < more < most


def test_a_network_that_looks_at_one_pixel_loses_it_when_that_is_covered():
    faces = np.zeros((4, 48, 48), np.uint8)
    faces[2:, 5, 5] = 255  # top left
    votes = np.zeros((4, 10), np.uint8)
    votes[:2, 0] = votes[2:, 1] = 10
    split = Split(faces, np.array([6, 6, 3, 3], np.uint8), votes)

    def answers_of(faces):
        return {"one pixel": np.eye(7, dtype=np.float32)[(faces[:, 5, 5] > 30).astype(int)]}

    labels = {"one pixel": SEVEN_EMOTIONS}
    clean = {"one pixel": score(answers_of(faces)["one pixel"], split, "argmax")}
    results = robustness(answers_of, split, "argmax", labels, clean)["one pixel"]
    by_change = {(found.corruption, found.strength): (found.score.accuracy, found.lost) for found in results}
    assert by_change["clean", None] == (1, 0)
    assert by_change["a covered quarter", 0] == (0.5, 0.5)
    assert by_change["a covered quarter", 3] == (1, 0)
    assert len(results) == 1 + sum(len(strengths) for _, _, strengths in CORRUPTIONS)
    assert {found.score.protocol for found in results} == {"argmax"}
