"""Teachers are asked once about each view of a face, by whichever student meets it first."""

import numpy as np
import pytest
from small_fer2013 import faces_and_codes

from emotion.training.batches import Batches
from emotion.training.recipes import Recipe
from emotion.training.teacher_answers import TeacherAnswers

FACES, CODES = faces_and_codes(32)
VOTES = np.eye(7, dtype=np.float32)[CODES]
RECIPE = Recipe(batch_size=16, epochs=40, refinement=4)


class Teacher:
    """Answers by the brightness of what it is shown, and counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, faces):
        self.calls += 1
        light = faces.mean(axis=(1, 2))[:, None] / 255
        return np.concatenate([light, (1 - light).repeat(6, axis=1) / 6], axis=1).astype(np.float32)


def answers(folder, teacher, about=None, weight=0.5, views=3):
    return TeacherAnswers(teacher, folder, about or {"data": "a"}, weight, views)


def test_votes_and_answers_are_mixed_by_weight(tmp_path):
    mixed = answers(tmp_path, lambda faces: np.tile(np.float32([0.75, 0.25]), (len(faces), 1)), weight=0.25)
    mixed.begin("strong-000")
    shares = np.array([[1, 0], [0, 1]], np.float32)
    np.testing.assert_allclose(mixed.mix(0, FACES[:2], shares), [[0.9375, 0.0625], [0.1875, 0.8125]])
    assert mixed.mix(0, FACES[:2], shares).dtype == np.float32


def test_the_teacher_sees_the_very_face_that_the_student_sees(tmp_path):
    teacher = Teacher()
    batches = Batches(FACES, VOTES, RECIPE, seed=7, teacher=answers(tmp_path, teacher, weight=1.0))
    shown, targets = batches[1]
    np.testing.assert_allclose(targets, teacher(shown[..., 0].astype(np.uint8)), atol=1e-3)


def test_views_come_again_mirrored_and_the_teacher_is_not_asked_again(tmp_path):
    teacher = Teacher()
    batches = Batches(FACES, VOTES, RECIPE, seed=7, teacher=answers(tmp_path, teacher))
    seen = []
    for epoch in range(7):
        batches.begin(epoch)
        seen.append([batches[index] for index in range(len(batches))])
    assert teacher.calls == 3 * 2
    for (faces, targets), (again, same) in zip(seen[1], seen[4], strict=True):
        np.testing.assert_array_equal(faces, again[:, :, ::-1])
        np.testing.assert_array_equal(targets, same)
    for (faces, _), (again, _) in zip(seen[0], seen[6], strict=True):
        np.testing.assert_array_equal(faces, again)
    assert not np.array_equal(seen[0][0][0], seen[1][0][0])


def test_another_student_of_another_seed_runs_without_the_teacher(tmp_path):
    first, second = Teacher(), Teacher()
    for teacher, seed in ((first, 1), (second, 2)):
        kept = answers(tmp_path, teacher)
        batches = Batches(FACES, VOTES, RECIPE, seed, teacher=kept)
        for epoch in range(3):
            batches.begin(epoch)
            batches[0], batches[1]
        kept.save()
    assert (first.calls, second.calls) == (6, 0)


def test_mild_epochs_are_views_of_their_own(tmp_path):
    teacher = Teacher()
    batches = Batches(FACES, VOTES, RECIPE, seed=1, teacher=answers(tmp_path, teacher))
    for epoch in (0, 36):  # the same view, mirrored or not, once strong and once mild
        batches.begin(epoch)
        batches[0]
    batches.teacher.save()
    assert sorted(path.name for path in tmp_path.rglob("*.npz")) == ["mild-000.npz", "strong-000.npz"]
    assert teacher.calls == 2


@pytest.mark.parametrize("damage", [b"", b"text"], ids=["empty", "text"])
def test_damaged_answers_are_asked_again(tmp_path, damage):
    first, again = Teacher(), Teacher()
    for teacher in (first, again):
        kept = answers(tmp_path, teacher)
        kept.begin("strong-000")
        kept.mix(0, FACES[:2], VOTES[:2])
        kept.save()
        kept.path.write_bytes(damage)
    assert again.calls == 1


def test_answers_of_other_data_lie_elsewhere(tmp_path):
    teacher = Teacher()
    for about in ({"data": "a"}, {"data": "b"}):
        kept = answers(tmp_path, teacher, about)
        kept.begin("strong-000")
        kept.mix(0, FACES[:2], VOTES[:2])
        kept.save()
    assert teacher.calls == 2
    assert len(list(tmp_path.iterdir())) == 2
