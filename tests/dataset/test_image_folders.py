"""FER2013 as folders of images: which folders, which files, and what becomes of them."""

import os
import shutil

import cv2
import numpy as np
from small_fer2013 import write_class_folders

from emotion.dataset.load import find_source, load

NUMBERS = tuple("0123456")


def test_folders_of_every_split(tmp_path):
    found = load(write_class_folders(tmp_path, NUMBERS, {"train": 7, "val": 8, "privatetest": 9, "test": 10}))
    expected = {"Training": 7, "PrivateTest": 9, "Test": 10, "Validation": 8}
    assert {name: len(split) for name, split in found.splits.items()} == expected


def test_the_validation_of_others_selects_and_is_not_called_publictest(tmp_path):
    learning, selecting = load(write_class_folders(tmp_path, NUMBERS, {"train": 7, "validation": 8})).development()
    assert (len(learning), len(selecting)) == (7, 8)


def test_only_pictures_of_emotions_count(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 14})
    (folder / "train" / "0" / "Thumbs.db").write_text("no picture")
    (folder / "train" / "1" / "1.png").rename(folder / "train" / "1" / "1.PNG")
    shutil.copytree(folder / "train" / "0", folder / "train" / "7")
    assert len(load(folder).splits["Training"]) == 14


def test_an_image_of_another_size_is_shrunk(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 7})
    cv2.imwrite(str(folder / "train" / "0" / "0.png"), np.full((96, 80), 77, np.uint8))
    assert (load(folder).splits["Training"].faces[0] == 77).all()


def test_a_changed_image_is_read_again(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 7})
    before = find_source(folder).state()
    os.utime(folder / "train" / "0" / "0.png", (1, 1))
    assert find_source(folder).state() != before
