"""Faces out into class folders, and back."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import fer
from emotion.dataset import load as dataset
from emotion.dataset.export import export_images
from emotion.dataset.splits import Dataset, Split
from emotion.errors import InputError

RNG = np.random.default_rng(0)


def split(*codes: int) -> Split:
    faces = RNG.integers(0, 256, (len(codes), 48, 48), dtype=np.uint8)
    return Split(faces, np.array(codes, np.uint8), None)


@pytest.fixture
def faces() -> Dataset:
    """Two happy faces and an angry one to learn from, a neutral one to select on."""
    return Dataset(Path("fer2013.csv"), {"Training": split(3, 0, 3), "PublicTest": split(6)}, "")


def test_each_face_lies_in_the_folder_of_its_emotion_under_its_row(faces, tmp_path):
    assert export_images(faces, tmp_path / "faces") == 4
    files = sorted(path.relative_to(tmp_path / "faces").as_posix() for path in (tmp_path / "faces").rglob("*.png"))
    assert files == [
        "PublicTest/neutral/00000003.png",
        "Training/anger/00000001.png",
        "Training/happiness/00000000.png",
        "Training/happiness/00000002.png",
    ]


def test_every_pixel_survives(faces, tmp_path):
    export_images(faces, tmp_path / "faces")
    face = cv2.imread(str(tmp_path / "faces/Training/anger/00000001.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(face, faces.splits["Training"].faces[1])


def test_the_folder_is_a_data_set_again(faces, tmp_path):
    export_images(faces, tmp_path / "faces")
    again = dataset.load(tmp_path / "faces")
    assert again.splits.keys() == faces.splits.keys()
    for name in again.splits:
        ours, theirs = faces.splits[name], again.splits[name]
        emotions = np.array(ours.labels)[ours.codes]
        order = np.argsort(emotions, kind="stable")  # folders are read one emotion after the other
        np.testing.assert_array_equal(theirs.faces, ours.faces[order])
        np.testing.assert_array_equal(np.array(theirs.labels)[theirs.codes], emotions[order])


def test_an_empty_folder_is_filled(faces, tmp_path):
    (tmp_path / "faces").mkdir()
    assert export_images(faces, tmp_path / "faces") == 4
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def test_so_is_the_one_that_we_are_in(faces, tmp_path, monkeypatch):
    (tmp_path / "faces").mkdir()
    monkeypatch.chdir(tmp_path / "faces")
    assert export_images(faces, Path()) == 4
    assert sorted(path.name for path in Path().iterdir()) == ["PublicTest", "Training"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_is_not_touched(faces, tmp_path, kind):
    target = tmp_path / "faces"
    if kind == "folder":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    else:
        target.write_text("mine")
    with pytest.raises(InputError, match=r"--export-images .*faces: exists"):
        export_images(faces, target)
    assert (target / "mine.txt" if kind == "folder" else target).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_votes_without_labels_have_no_class(faces, tmp_path):
    faces.splits["Training"].codes[:] = 255
    with pytest.raises(InputError, match="no original labels"):
        export_images(faces, tmp_path / "faces")
    assert not (tmp_path / "faces").exists()


def test_a_place_that_cannot_be_written_is_named(faces, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/faces: cannot be written"):
        export_images(faces, tmp_path / "file" / "faces")


def test_a_stopped_export_leaves_nothing(faces, tmp_path):
    faces.splits["PublicTest"].codes[0] = 7  # there is no eighth emotion: it fails after some faces were written
    with pytest.raises(IndexError):
        export_images(faces, tmp_path / "faces")
    assert list(tmp_path.iterdir()) == []


def test_the_script_exports_every_face_and_counts_them(data, tmp_path, monkeypatch, capsys):
    monkeypatch.delattr(fer, "train")  # which would write over the shipped model
    monkeypatch.setattr(sys, "argv", ["fer.py", "--data", str(data), "--export-images", str(tmp_path / "faces")])
    assert fer.main() == 0
    assert len(list((tmp_path / "faces").rglob("*.png"))) == 28
    assert capsys.readouterr().out == f"{tmp_path / 'faces'}: 28 faces\n"
