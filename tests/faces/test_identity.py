import numpy as np
import pytest

from emotion.faces.detection import Detection
from emotion.faces.identity import Identities, Track, place_of
from emotion.geometry import Box

NOISE = np.random.default_rng()


@pytest.fixture(autouse=True)
def the_same_noise_each_time():
    NOISE.bit_generator.state = np.random.default_rng(0).bit_generator.state


def seen(x, y=100, side=80):
    return Detection(Box(round(x - side / 2), round(y - side / 2), side, side))


def looks(person):
    """A face as a picture, uint8 (48, 48): the same for the same person but for a little noise."""
    blocks = np.random.default_rng(person).integers(0, 256, (6, 6)).repeat(8, 0).repeat(8, 1)
    return np.clip(blocks + NOISE.normal(0, 8, (48, 48)), 0, 255).astype(np.uint8)


def ids(identities, time_s, places, people=None):
    """The ids that faces at `places` (x of the middle) get."""
    faces = (
        None if people is None else np.stack([looks(p) for p in people]) if people else np.empty((0, 48, 48), np.uint8)
    )
    return [face.id for face in identities.update([seen(x) for x in places], time_s, faces)]


def test_a_face_keeps_its_id_and_a_new_one_gets_the_next():
    identities = Identities()
    assert ids(identities, 0.0, [100]) == [1]
    assert ids(identities, 0.04, [104, 400]) == [1, 2]
    assert ids(identities, 0.08, [404, 108]) == [2, 1], "whatever order they are found in"


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_ids_survive_a_crossing_with_the_one_behind_hidden(fps):
    """Two people walk past each other; while they overlap only the one in front, 1, is found."""
    identities = Identities()
    for frame in range(3 * fps):
        time_s = frame / fps
        right, left = 100 + 150 * time_s, 500 - 150 * time_s
        hidden = abs(right - left) < 60
        found = ids(identities, time_s, [right] if hidden else [right, left], [7] if hidden else [7, 8])
        assert found == ([1] if hidden else [1, 2]), f"at {time_s:.2f} s"


def test_ids_survive_two_who_meet_and_turn_back():
    identities = Identities()
    for frame in range(90):
        away = abs(frame - 45) * 5
        hidden = away < 30
        found = ids(
            identities, frame / 30, [300 - away] if hidden else [300 - away, 300 + away], [7] if hidden else [7, 8]
        )
        assert found == ([1] if hidden else [1, 2]), f"frame {frame}"


def test_people_keep_going_but_not_for_long():
    track = Track(1, np.array([100, 50, 80]), 2.0, None, np.array([60, 0]))
    assert [track.expected(time_s).tolist() for time_s in (2.5, 10)] == [[130, 50, 80], [160, 50, 80]]


def test_the_speed_of_a_steady_walker_is_known_after_a_while():
    identities = Identities()
    for frame in range(60):
        ids(identities, frame / 30, [100 + 3 * frame])
    assert identities.tracks[0].speed == pytest.approx([90, 0], abs=2)


def test_the_longer_out_of_sight_the_further_away():
    for unseen_s, expected in ((1 / 30, 2), (1.0, 1)):
        identities = Identities()
        ids(identities, 0.0, [200])
        assert ids(identities, unseen_s, [320]) == [expected]


def test_a_face_of_another_size_is_somebody_else():
    identities = Identities()
    ids(identities, 0.0, [200])
    assert identities.update([seen(200, side=200)], 0.04)[0].id == 2


def test_between_two_people_the_nearer_is_meant():
    identities = Identities()
    assert ids(identities, 0.0, [100, 150]) == [1, 2]
    assert ids(identities, 0.04, [148]) == [2]


def test_a_place_is_the_middle_and_the_longer_side():
    assert place_of(Box(10, 20, 40, 60)).tolist() == [30, 50, 60]
    assert place_of(Box(10, 20, 60, 40)).tolist() == [40, 40, 60]


@pytest.mark.parametrize(("absence_s", "same"), [(0.1, True), (1.0, True), (1.9, True), (2.5, False)])
def test_a_face_comes_back_from_behind_something(absence_s, same):
    identities = Identities()
    assert ids(identities, 0.0, [200], [7]) == [1]
    assert ids(identities, 0.1 + absence_s / 2, [], []) == []
    assert ids(identities, 0.0 + absence_s, [215], [7]) == ([1] if same else [2])


@pytest.mark.parametrize("step_s", [2.5, 60], ids=["slow camera", "camera that was away"])
def test_who_is_there_before_and_after_a_gap_keeps_the_id_and_somebody_else_gets_another(step_s):
    identities = Identities()
    assert ids(identities, 0.0, [200, 500], [7, 8]) == [1, 2]
    assert ids(identities, step_s, [210, 490], [7, 8]) == [1, 2]
    assert ids(identities, 2 * step_s, [200, 500], [9, 8]) == [3, 2]
    assert ids(identities, 3 * step_s, [200], [7]) == [4], "out of sight for a whole frame"


def test_somebody_else_in_the_same_place_is_somebody_else():
    identities = Identities()
    for frame in range(10):
        ids(identities, frame / 30, [200], [7])
    assert ids(identities, 1.3, [200], [8]) == [2]


def test_a_hand_before_a_face_is_neither_somebody_else_nor_remembered():
    identities = Identities()
    ids(identities, 0.0, [200], [7])
    for frame in range(1, 31):
        assert ids(identities, frame / 30, [200], [8]) == [1]
    assert ids(identities, 1.5, [200], [7]) == [1]


def test_a_clock_that_stands_still_breaks_nothing():
    identities = Identities()
    assert [ids(identities, 1.0, [100]) for _ in range(3)] == [[1]] * 3


def test_in_a_crowd_walking_at_random_hardly_an_id_changes():
    """Eight people of known ways, each missed on one frame of ten: the made truth."""
    rng = np.random.default_rng(3)
    start, speed = rng.uniform(0, 1200, (8, 2)), rng.uniform(-120, 120, (8, 2))
    identities, last, changes, total = Identities(), {}, 0, 0
    for frame in range(150):
        people = [p for p in rng.permutation(8) if rng.random() > 0.1]
        middles = [start[p] + speed[p] * frame / 30 + rng.normal(0, 1.5, 2) for p in people]
        faces = np.stack([looks(p) for p in people])
        found = identities.update([seen(x, y) for x, y in middles], frame / 30, faces)
        for person, face in zip(people, found, strict=True):
            changes += last.setdefault(person, face.id) != face.id
            last[person] = face.id
            total += 1
    assert total > 1000
    assert changes == 0
