"""The sheet of faces before and after augmentation."""

import sys

import cv2
import numpy as np
import pytest

import fer
from emotion.errors import InputError
from emotion.training.augmentation import Ranges
from emotion.training.preview import ENLARGE, GAP, ROWS, VARIANTS, preview_augmentation

FACES = np.random.default_rng(0).integers(0, 250, (20, 48, 48), dtype=np.uint8)
SIDE = 48 * ENLARGE


def sheet(path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(("count", "rows"), [(20, ROWS), (3, 3), (1, 1)])
def test_one_row_a_face_however_few_there_are(count, rows, tmp_path):
    preview_augmentation(FACES[:count], tmp_path / "sheet.png")
    assert sheet(tmp_path / "sheet.png").shape == (rows * (SIDE + GAP) + GAP, (1 + VARIANTS) * (SIDE + GAP) + 3 * GAP)


def test_the_face_comes_first_and_is_itself(tmp_path):
    preview_augmentation(FACES[:1], tmp_path / "sheet.png")
    shown = sheet(tmp_path / "sheet.png")[GAP : GAP + SIDE : ENLARGE, GAP : GAP + SIDE : ENLARGE]
    np.testing.assert_array_equal(shown, FACES[0])


def test_the_copies_went_through_the_ranges_that_were_given(tmp_path):
    """Nothing but the mirror: each copy is the face or its mirror image, and both occur."""
    mirror_only = Ranges(
        rotation=0, scale=(1, 1), shift=0, shear=0, mirror=True, gamma=(1, 1), blur=0, noise=0, erase=0
    )
    preview_augmentation(FACES[:1], tmp_path / "sheet.png", mirror_only)
    row = sheet(tmp_path / "sheet.png")[GAP : GAP + SIDE : ENLARGE]
    lefts = [4 * GAP + SIDE + i * (SIDE + GAP) for i in range(VARIANTS)]
    copies = [row[:, left : left + SIDE : ENLARGE] for left in lefts]
    plain = [np.array_equal(copy, FACES[0]) for copy in copies]
    mirrored = [np.array_equal(copy, FACES[0][:, ::-1]) for copy in copies]
    assert all(a or b for a, b in zip(plain, mirrored, strict=True))
    assert any(plain)
    assert any(mirrored)


def test_the_same_seed_draws_the_same_sheet(tmp_path):
    for name in ("a.png", "b.png"):
        preview_augmentation(FACES, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sheet.tiff.txt", "name a .jpg or .png"),
        ("sheet", "name a .jpg or .png"),
        ("text/sheet.png", "cannot be written"),
    ],
)
def test_a_sheet_that_cannot_be_written_is_named(tmp_path, name, reason):
    (tmp_path / "text").write_text("no folder")
    with pytest.raises(InputError, match=reason):
        preview_augmentation(FACES, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


@pytest.fixture
def draw(data, monkeypatch):
    """draw(path, "simple_cnn"): what fer.py does about --preview-augmentation, as its exit code."""

    monkeypatch.delattr(fer, "train")  # which would write over the shipped model

    def run(path, network, seed=0):
        flags = "--data", data, "--preview-augmentation", path, "--network", network, "--seed", seed, "--quiet"
        monkeypatch.setattr(sys, "argv", ["fer.py", *map(str, flags)])
        return fer.main()

    return run


def test_the_script_draws_by_the_recipe_of_the_network(draw, tmp_path):
    names = ["five_block", "simple_cnn"]
    assert [draw(tmp_path / f"{name}.png", name) for name in names] == [0, 0]
    ours, theirs = (sheet(tmp_path / f"{name}.png") for name in names)
    assert ours.shape == theirs.shape
    before = slice(0, GAP + SIDE)
    assert np.array_equal(ours[:, before], theirs[:, before])
    assert not np.array_equal(ours, theirs)


def test_another_seed_draws_another_sheet(draw, tmp_path):
    for name, seed in ("a", 1), ("again", 1), ("b", 2):
        assert draw(tmp_path / f"{name}.png", "five_block", seed) == 0
    assert np.array_equal(sheet(tmp_path / "a.png"), sheet(tmp_path / "again.png"))
    assert not np.array_equal(sheet(tmp_path / "a.png"), sheet(tmp_path / "b.png"))


def test_a_recipe_that_changes_nothing_has_no_sheet(draw, tmp_path):
    with pytest.raises(InputError, match="the recipe of compact changes nothing in a face"):
        draw(tmp_path / "sheet.png", "compact")
    assert not (tmp_path / "sheet.png").exists()
