from pathlib import Path

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.media.photo import read_photo
from emotion.results.crops import check_crops, write_crops


def test_each_face_is_a_square_picture_in_the_folder_of_its_emotion(tmp_path):
    image = np.zeros((60, 80, 3), np.uint8)
    image[10:30, 20:40] = (1, 2, 250)
    faces = [
        Recognition(Box(20, 10, 20, 20), ("calm", "joie"), np.array(scores, np.float32))
        for scores in [(0.3, 0.7), (0.9, 0.1)]
    ]
    write_crops(tmp_path, "me", image, faces)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")) == [
        "calm/me-2.png", "joie/me-1.png",
    ]  # fmt: skip
    crop = read_photo(tmp_path / "joie" / "me-1.png")
    assert crop.shape == (20, 20, 3)
    assert (crop == (1, 2, 250)).all()


@pytest.mark.parametrize("label", ["../../etc", "a/b", "..", "", "x" * 300, "\n"])
def test_no_label_leads_out_of_the_folder(tmp_path, label):
    face = Recognition(Box(0, 0, 9, 9), (label, "x"), np.array([0.9, 0.1], np.float32))
    write_crops(tmp_path / "crops", label, np.zeros((9, 9, 3), np.uint8), [face])
    (crop,) = (tmp_path).rglob("*.png")
    assert crop.parent.parent == tmp_path / "crops"


def test_the_square_about_a_strip_takes_no_more_room_than_the_strip(tmp_path):
    strip = np.full((50, 80_000, 3), 100, np.uint8)
    face = Recognition(Box(0, 0, 80_000, 50), ("joy",), np.array([1.0], np.float32))
    write_crops(tmp_path, "strip", strip, [face])
    crop = read_photo(tmp_path / "joy" / "strip-1.png")
    assert crop.shape == (2000, 2000, 3)  # 50 x 80000 is 2000 x 2000
    assert (crop == 100).all()


@pytest.mark.parametrize("named", ["faces/joie/0001-a-1.png", "link.png"])
def test_no_crop_takes_the_place_of_a_photo_that_is_read(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    photo = tmp_path / "faces" / "joie" / "0001-a-1.png"
    photo.parent.mkdir(parents=True)
    photo.touch()
    (tmp_path / "link.png").symlink_to(photo)
    with pytest.raises(InputError, match=f"^--crops faces: {named} is read in this run and lies where crops go"):
        check_crops(Path("faces"), ("calm", "joie"), [Path("a.jpg"), Path(named)])


def test_photos_beside_the_folders_of_the_emotions_are_read(tmp_path):
    check_crops(tmp_path, ("calm", "joie"), [tmp_path / "a.jpg", tmp_path / "2024" / "b.jpg"])
