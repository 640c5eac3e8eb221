"""What a network is shown in each epoch."""

import numpy as np
import pytest
from small_fer2013 import faces_and_codes

from emotion.training.augmentation import DEFAULT_RANGES, MILD_RANGES
from emotion.training.batches import Batches
from emotion.training.recipes import Recipe

FACES, CODES = faces_and_codes(64)
TARGETS = np.eye(7, dtype=np.float32)[CODES]


def batches(epoch=0, seed=5, count=64, **changes):
    made = Batches(FACES[:count], TARGETS[:count], Recipe(batch_size=16, **changes), seed)
    made.begin(epoch)
    return made


@pytest.fixture
def augmented(monkeypatch):
    """(the generator, the ranges) of each call of `augment`, which changes nothing now."""
    calls = []
    monkeypatch.setattr(
        "emotion.training.batches.augment", lambda faces, rng, ranges: calls.append((rng, ranges)) or faces
    )
    return calls


def test_a_batch_depends_on_seed_epoch_and_place_alone():
    later = batches(epoch=3)
    later.begin(1)
    np.testing.assert_array_equal(later[2][0], batches(epoch=1)[2][0])
    assert not np.array_equal(batches(epoch=0)[2][0], batches(epoch=1)[2][0])


def test_each_seed_and_each_epoch_has_an_order_of_its_own():
    orders = {tuple(batches(epoch, seed).order) for epoch in (0, 1, 2) for seed in (5, 6)}
    assert len(orders) == 6
    assert all(sorted(order) == list(range(64)) for order in orders)


def test_each_batch_is_changed_by_numbers_of_its_own(augmented):
    for seed in (5, 6):
        for epoch in (0, 1):
            made = batches(epoch, seed)
            for place in (1, 0, 1):
                made[place]
    drawn = [float(rng.random()) for rng, _ in augmented]
    assert len(set(drawn)) == 8, "two seeds, two epochs, two places"
    assert drawn[0::3] == drawn[2::3], "one place, one draw"


def test_faces_go_through_much_and_in_the_last_epochs_through_little(augmented):
    for epoch in range(4):
        batches(epoch, epochs=4, refinement=1)[0]
    assert [ranges for _, ranges in augmented] == [DEFAULT_RANGES] * 3 + [MILD_RANGES]


@pytest.mark.parametrize(
    ("count", "whole"), [(64, 4), (63, 3), (16, 1), (9, 1)], ids=["all", "but for the rest", "one", "fewer than one"]
)
def test_batches_are_whole_but_where_there_are_too_few_faces(count, whole):
    made = batches(count=count)
    assert len(made) == whole
    assert {len(faces) for faces, _ in (made[place] for place in range(whole))} == {min(16, count)}


def test_every_face_has_its_turn_in_an_epoch_and_keeps_its_target():
    unchanged = batches(augmentation=None)
    seen = [
        (face.astype(np.uint8), target)
        for i in range(len(unchanged))
        for face, target in zip(*unchanged[i], strict=True)
    ]
    assert len({face.tobytes() for face, _ in seen}) == 64
    for face, target in seen:
        original = next(i for i in range(64) if np.array_equal(FACES[i], face[..., 0]))
        np.testing.assert_array_equal(target, TARGETS[original])


def test_pixels_stay_raw():
    faces, _ = batches(augmentation=None)[0]
    assert (faces.shape, faces.dtype, faces.max()) == ((16, 48, 48, 1), np.float32, 255)
