import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.training.augmentation import Ranges, affine_matrices, augment

STILL = Ranges(rotation=0, scale=(1, 1), shift=0, shear=0, mirror=False, gamma=(1, 1), blur=0, noise=0, erase=0)
CHEQUERS = (np.indices((48, 48)).sum(axis=0) % 2 * 255).astype(np.uint8)
RAMP = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (1, 48, 1))  # dark on the left, bright on the right


def rng():
    return np.random.default_rng(0)


def with_ranges(**changes):
    return Ranges(**{**vars(STILL), **changes})


def test_ranges_of_nothing_change_nothing():
    np.testing.assert_array_equal(augment(RAMP, rng(), STILL), RAMP)


def test_the_input_is_left_alone():
    before = RAMP.copy()
    augment(RAMP, rng())
    np.testing.assert_array_equal(RAMP, before)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_same_seed_gives_the_same_faces(seed, count):
    faces = np.repeat(RAMP, count, axis=0)
    one, two = (augment(faces, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one.shape, one.dtype) == (faces.shape, np.uint8)


def test_a_mirror_turns_about_half_of_the_faces_round():
    faces = augment(np.repeat(RAMP, 200, axis=0), rng(), with_ranges(mirror=True))
    mirrored = [np.array_equal(face, RAMP[0, :, ::-1]) for face in faces]
    kept = [np.array_equal(face, RAMP[0]) for face in faces]
    assert 60 < sum(mirrored) < 140
    assert sum(mirrored) + sum(kept) == 200


def test_edges_repeat_outwards_where_a_face_is_moved():
    white = np.full((20, 48, 48), 255, np.uint8)
    moved = augment(white, rng(), with_ranges(rotation=30, shift=0.2, scale=(0.7, 1.3), shear=0.2))
    assert moved.min() == 255


def test_rotation_is_about_the_centre():
    dot = np.zeros((50, 48, 48), np.uint8)
    dot[:, 22:26, 22:26] = 255
    turned = augment(dot, rng(), with_ranges(rotation=180))
    assert turned[:, 23:25, 23:25].min() > 200


def test_exposure_keeps_black_black_and_white_white():
    face = np.zeros((20, 48, 48), np.uint8)
    face[:, :24] = 255
    np.testing.assert_array_equal(augment(face, rng(), with_ranges(gamma=(0.3, 3))), face)


@pytest.mark.parametrize("share", [0, 1])
def test_erasing_hides_at_most_half_of_each_side(share):
    face = np.full((50, 48, 48), 7, np.uint8)
    hidden = augment(face, rng(), with_ranges(erase=share)) != 7
    rows, columns = hidden.any(axis=2).sum(axis=1), hidden.any(axis=1).sum(axis=1)
    assert max(rows.max(), columns.max()) <= 24
    assert (rows > 0).mean() >= 0.9 if share else not hidden.any()


def moves(**changes):
    """(N, 2, 2) and (N, 2): what happens to directions, and where (0, 0) goes."""
    matrices = affine_matrices(500, 48, rng(), with_ranges(**changes))
    return matrices[:, :, :2], matrices[:, :, 2]


def assert_reaches(values, low, high):
    """`values` fill the range from `low` to `high`."""
    margin = (high - low) / 20
    assert low <= values.min() < low + margin
    assert high - margin < values.max() <= high


def test_a_face_turns_as_far_as_it_may_also_in_the_mirror():
    linear, _ = moves(rotation=10)
    assert_reaches(np.degrees(np.arctan2(linear[:, 1, 0], linear[:, 0, 0])), -10, 10)
    linear, _ = moves(rotation=10, mirror=True)
    np.testing.assert_allclose(linear @ linear.transpose(0, 2, 1), np.tile(np.eye(2), (500, 1, 1)), atol=1e-9)


def test_a_face_is_scaled_sheared_and_shifted_as_far_as_it_may():
    assert_reaches(moves(scale=(0.5, 2))[0][:, 0, 0], 0.5, 2)
    assert_reaches(moves(shear=0.2)[0][:, 0, 1], -0.2, 0.2)
    assert_reaches(moves(shift=0.25)[1], -12, 12)


def test_exposure_is_as_dark_and_as_bright_as_it_may_be():
    grey = augment(np.full((200, 48, 48), 51, np.uint8), rng(), with_ranges(gamma=(0.5, 2)))  # a fifth
    assert_reaches(grey, round(0.2**2 * 255), round(0.2**0.5 * 255))


@pytest.mark.parametrize("change", ["blur", "noise", "erase"])
def test_only_a_share_of_the_faces_is_spoilt(change):
    faces = augment(np.tile(CHEQUERS, (200, 1, 1)), rng(), with_ranges(**{change: 0.3}))
    assert 30 < (faces != CHEQUERS).any(axis=(1, 2)).sum() < 90


def test_noise_in_black_stays_dark_and_in_white_bright_and_blur_leaves_both():
    for grey in (0, 255):
        face = np.full((20, 48, 48), grey, np.uint8)
        assert 1 < np.abs(augment(face, rng(), with_ranges(noise=1)).astype(int) - grey).max() < 140
        assert (augment(face, rng(), with_ranges(blur=1)) == grey).all()
