"""Cuts, fades, flashes and movement, of the photos that ship and of drawn scenes."""

import cv2
import numpy as np
import pytest
from made_videos import paste, portrait

from emotion.faces.cuts import Shots
from emotion.faces.detection import Detection
from emotion.faces.identity import Identities
from emotion.geometry import Box


@pytest.fixture(scope="module")
def office(sample):
    return cv2.resize(cv2.imread(str(sample), cv2.IMREAD_GRAYSCALE), (640, 360))


@pytest.fixture(scope="module")
def street():
    image = np.full((360, 640), 110, np.uint8)
    for i in range(60):
        x, y = i * 97 % 640, i * 53 % 360
        cv2.rectangle(image, (x, y), (x + 30 + i, y + 20 + i % 40), i * 40 % 220, cv2.FILLED)
    return cv2.GaussianBlur(image, (0, 0), 3)


def shots(frames, fps=25):
    numbered = Shots()
    return [numbered.shot(frame, i / fps) for i, frame in enumerate(frames)]


def faded(image, share):
    return np.clip(image * share, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("away", "back"), [(20, 0), (60, 2)], ids=["soon", "later"])
def test_a_hard_cut_and_back(office, street, away, back):
    frames = [office] * 20 + [street] * away + [office] * 20
    assert shots(frames) == [0] * 20 + [1] * away + [back] * 20


def test_an_interview_is_two_shots_in_turn(office, street):
    assert shots(([office] * 30 + [street] * 30) * 3) == ([0] * 30 + [1] * 30) * 3


@pytest.mark.parametrize(
    ("fps", "numbers"),
    [(25, [0, 1]), (4, [0, 1]), (2, [0, 0]), (1, [0, 0])],
    ids=["a film", "four a second", "a slow camera", "--every 1"],
)
def test_of_frames_far_apart_nothing_is_said(office, street, fps, numbers):
    assert shots([office, street], fps) == numbers


def test_a_long_fade_through_black_is_no_gap(office, street):
    assert shots([office] + [np.zeros_like(office)] * 50 + [street]) == [0] * 51 + [1]


def test_the_same_room_seen_by_another_camera_is_another_shot(office):
    assert shots([office] * 5 + [office[:, ::-1]] * 5) == [0] * 5 + [1] * 5


def test_a_fade_to_black_and_out_of_it_is_one_shot(office):
    shares = [*np.linspace(1, 0, 15), *[0.0] * 10, *np.linspace(0, 1, 15)]
    assert set(shots([faded(office, share) for share in shares])) == {0}


def test_a_fade_through_black_into_another_scene_is_a_cut(office, street):
    shares = np.linspace(1, 0, 15)
    frames = [faded(office, share) for share in shares] + [faded(street, share) for share in shares[::-1]]
    assert shots(frames)[0] == 0
    assert shots(frames)[-1] == 1


@pytest.mark.parametrize(
    "flash",
    [
        pytest.param(lambda image: np.full_like(image, 255), id="all white"),
        pytest.param(lambda image: cv2.add(image, 90), id="brighter"),
        pytest.param(lambda image: np.where(image > 60, 255, image * 4).astype(np.uint8), id="burnt out"),
        pytest.param(lambda image: 255 - image, id="worse than any flash"),
    ],
)
def test_a_flash_is_no_cut(office, flash):
    numbers = shots([office] * 10 + [flash(office)] * 3 + [office] * 10)
    assert set(numbers[:10] + numbers[13:]) == {0}


def test_two_men_in_one_studio_are_two_shots(street, face_photo):
    studio = cv2.cvtColor(cv2.GaussianBlur(street, (0, 0), 25), cv2.COLOR_GRAY2BGR)
    one, other = studio.copy(), studio.copy()
    paste(one, portrait(face_photo, 130), 260, 150)
    paste(other, cv2.flip(cv2.add(portrait(face_photo, 150), (40, -60, 30, 0)), 1), 380, 170)
    one, other = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (one, other))
    assert shots([one] * 10 + [other] * 10) == [0] * 10 + [1] * 10


def test_a_jerk_of_the_camera_is_no_cut(street):
    assert set(shots([street] * 5 + [np.roll(street, (40, 70), (0, 1))] * 5)) == {0}


def test_walking_through_the_picture_and_a_pan_are_no_cuts(street, face_photo):
    frames = []
    for i in range(40):
        image = cv2.cvtColor(np.roll(street, 6 * i, axis=1), cv2.COLOR_GRAY2BGR)
        paste(image, portrait(face_photo, 120), 12 * i, 180)
        frames.append(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    assert set(shots(frames)) == {0}


def test_nobody_of_one_shot_is_known_in_the_next_and_a_flash_changes_nobody(office, street):
    identities, here = Identities(), [Detection(Box(100, 100, 80, 80))]
    looks = np.random.default_rng(0).integers(0, 256, (1, 48, 48), np.uint8)
    ids = []
    for i, frame in enumerate([office, office, 255 - office, office, *[street] * 60, office]):
        identities.is_cut(frame, i / 25)
        ids.append(identities.update(here, i / 25, looks)[0].id)
    assert ids[:2] == [1, 1]
    assert ids[3] == 1, "after the flash"
    assert ids[4:64] == [3] * 60
    assert ids[64] == 4
