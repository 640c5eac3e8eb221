"""Which faces of one split are those of another, cropped again."""

import cv2
import numpy as np
import pytest

from emotion.dataset.duplicates import duplicates, near_duplicates

RNG = np.random.default_rng(0)


def person() -> np.ndarray:
    """A photograph, uint8 (96, 96): blurred noise, like no other."""
    grey = cv2.GaussianBlur(RNG.uniform(0, 255, (96, 96)).astype(np.float32), (0, 0), 4)
    return cv2.normalize(grey, None, 20, 230, cv2.NORM_MINMAX).astype(np.uint8)


PEOPLE = [person() for _ in range(12)]


def crop(photograph, x=24, y=24, side=48):
    return cv2.resize(photograph[y : y + side, x : x + side], (48, 48), interpolation=cv2.INTER_AREA)


KNOWN = np.stack([crop(photograph) for photograph in PEOPLE])


@pytest.mark.parametrize(
    "again",
    [
        lambda photograph: crop(photograph, 26, 21),
        lambda photograph: crop(photograph, 22, 22, 52),
        lambda photograph: crop(photograph, 26, 26, 44),
        lambda photograph: crop(photograph)[:, ::-1],
        lambda photograph: (crop(photograph, 25) * 0.6 + 30).astype(np.uint8),
        lambda photograph: cv2.imdecode(cv2.imencode(".jpg", crop(photograph))[1], cv2.IMREAD_GRAYSCALE),
    ],
    ids=["moved", "smaller", "larger", "mirrored", "paler", "compressed"],
)
def test_a_photograph_cropped_again_is_found(again):
    faces = np.stack([again(PEOPLE[7]), crop(person())])
    assert near_duplicates(faces, KNOWN).tolist() == [True, False]
    assert duplicates(faces, KNOWN).tolist() == [False, False]


def test_a_copy_byte_for_byte():
    assert duplicates(np.stack([KNOWN[3], KNOWN[3] + 1]), KNOWN).tolist() == [True, False]


def test_walls_of_one_grey_are_no_photograph():
    assert near_duplicates(np.full((1, 48, 48), 7, np.uint8), np.full((3, 48, 48), 9, np.uint8)).tolist() == [False]


def test_no_face_at_all():
    assert near_duplicates(KNOWN[:0], KNOWN).tolist() == duplicates(KNOWN[:0], KNOWN).tolist() == []
