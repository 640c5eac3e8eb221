"""Pictures in a folder for each class: which folders, which files, and what becomes of them."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from small_fer2013 import write_class_folders

from emotion.dataset import splits
from emotion.dataset.load import find_source, load
from emotion.errors import InputError
from emotion.labels import FER2013_EMOTIONS, canonical

NUMBERS = tuple("0123456")


def test_folders_of_every_split(tmp_path):
    found = load(write_class_folders(tmp_path, NUMBERS, {"train": 7, "val": 8, "privatetest": 9, "test": 10}))
    expected = {"Training": 7, "PrivateTest": 9, "Test": 10, "Validation": 8}
    assert {name: len(split) for name, split in found.splits.items()} == expected


def test_the_validation_of_others_selects_and_is_not_called_publictest(tmp_path):
    learning, selecting = load(write_class_folders(tmp_path, NUMBERS, {"train": 7, "validation": 8})).development()
    assert (len(learning), len(selecting)) == (7, 8)


def test_what_is_left_out_is_named_and_counted(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 14})
    (folder / "train" / "0" / "Thumbs.db").write_text("no picture")
    (folder / "train" / "1" / "._1.png").write_text("macOS's")
    (folder / "train" / "1" / "1.png").rename(folder / "train" / "1" / "1.PNG")
    for name in ("a.png", "b.png", "c.png"):
        shutil.copy(folder / "train" / "0" / "0.png", folder / name)
    (folder / f".{folder.name}.cache.npz").write_bytes(b"our own, of an earlier run")
    found = load(folder)
    assert len(found.splits["Training"]) == 14
    assert [note.removeprefix(f"{folder}: ") for note in found.notes[1:]] == [
        "left out: 1 file (train/0/Thumbs.db) no pictures by their names",
        "left out: 1 file (train/1/._1.png) hidden",
        "left out: 3 files (a.png, b.png, ...) outside of the folders of classes",
    ]


OWN = ("engaged", "bored", "confused")


def labelled(split) -> dict[str, int]:
    """How many faces each label has."""
    return {label: int((split.codes == code).sum()) for code, label in enumerate(split.labels)}


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ("angry disgusted fearful happy neutral sad surprised", FER2013_EMOTIONS),  # atulapra's preparation script
        ("Angry Disgust Fear Happy Sad Suprise Neutral", FER2013_EMOTIONS),
        ("0_anger 1_disgust 2_fear 3_joy 4_sadness 5_surprise 6_calm", FER2013_EMOTIONS),
        ("anger contempt happy sad", ("happiness", "sadness", "anger", "contempt")),
        ("engaged bored confused", ("bored", "confused", "engaged")),
        ("Happy Bored", ("happiness", "bored")),
    ],
)
def test_whatever_the_classes_are_called(names, labels, tmp_path):
    for number, name in enumerate(names.split()):
        write_class_folders(tmp_path, (name,) * 7, {"train": number + 1, "Test": 1})
    found = load(tmp_path)
    assert found.labels == labels
    counts = {canonical(name.split("_")[-1]): number + 1 for number, name in enumerate(names.split())}
    assert labelled(found.splits["Training"]) == counts
    assert labelled(found.splits["Test"]) == dict.fromkeys(counts, 1)


SEVEN = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@pytest.mark.parametrize(
    ("names", "counts", "protocol"),
    [
        (SEVEN, {"train": 28, "test": 7}, "fer2013"),
        (SEVEN, {"Training": 28, "PublicTest": 3, "PrivateTest": 4}, "fer2013"),
        (SEVEN, {"train": 28, "test": 8}, "labels"),
        (SEVEN, {"train": 28, "val": 7}, "labels"),
        (("happy", "bored") * 4, {"train": 28, "test": 7}, "labels"),
    ],
    ids=["Kaggle's folders", "those of its table", "other counts", "another split", "other classes"],
)
def test_fer2013_is_known_by_its_classes_and_its_counts(names, counts, protocol, tmp_path, monkeypatch):
    """Others have folders of the same seven emotions: their figures are not FER2013's, nor is the shipped model theirs."""
    monkeypatch.setattr(splits, "FER2013_COUNTS", {"Training": 28, "PublicTest": 3, "PrivateTest": 4, "Test": 7})
    assert load(write_class_folders(tmp_path, names, counts)).splits["Training"].protocol == protocol


RAFDB = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")


def test_numbers_that_are_not_fer2013s_are_refused_with_the_ways_out(tmp_path):
    folder = write_class_folders(tmp_path, tuple("1234567"), {"train": 14})
    with pytest.raises(InputError, match=r"called 1, 2,.*\(--classes surprise,fear,disgust,.* or rename"):
        load(folder)


def test_numbers_are_what_classes_says(tmp_path):
    found = load(write_class_folders(tmp_path, tuple("1234567"), {"train": 14}), RAFDB)
    training = found.splits["Training"]
    for face, code in zip(training.faces, training.codes, strict=True):
        number = next(number for number in range(7) if face[6 * number + 5].min() == 255)
        assert training.labels[code] == RAFDB[number]
    assert training.protocol == "labels"  # nobody's figures on FER2013 compare


def test_six_of_seven_numbers_are_no_codes_either(tmp_path):
    with pytest.raises(InputError, match="say what the numbers mean"):
        load(write_class_folders(tmp_path, (*"123456", "6"), {"train": 14}))


@pytest.mark.parametrize(
    ("folders", "classes", "message"),
    [
        (tuple("1234567"), ("a", "b"), "--classes: 2 names for the 7 classes 1, 2, 3"),
        (RAFDB, RAFDB, "--classes: .* names its classes itself"),
        (("happy",) * 7, None, r"holds one class \(happy\)"),
        (("a", "b\nc") * 4, None, "is no name for a class"),
        (("0", "b\nc") * 4, None, r"'b\\nc' is no name for a class"),
        (("0", "happy") * 4, None, "its classes are called happy, 0"),
    ],
    ids=["too few names", "names of its own", "one class", "a newline", "a newline beside a number", "mixed"],
)
def test_classes_that_cannot_be_told(folders, classes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load(write_class_folders(tmp_path, folders[:7], {"train": 14}), classes)


def test_flat_folders_are_split_by_class_and_seed(tmp_path):
    write_class_folders(tmp_path, FER2013_EMOTIONS, {"images": 140})
    found = load(tmp_path, seed=3)
    assert {name: len(split) for name, split in found.splits.items()} == {"Training": 112, "Test": 14, "Validation": 14}
    assert all(set(labelled(split).values()) == {len(split) // 7} for split in found.splits.values())
    assert "--seed 3" in found.notes[-1]
    assert found.splits["Test"].protocol == "labels"
    assert load(tmp_path, seed=3).fingerprint == found.fingerprint != load(tmp_path, seed=4).fingerprint


def test_copies_of_a_photograph_stay_in_one_split(tmp_path, face_photo):
    rng = np.random.default_rng(0)
    for name in ("happy", "sad"):
        (tmp_path / name).mkdir()
        for number in range(20):
            y, x = rng.integers(0, 350, 2)
            for copy, crop in enumerate(
                [face_photo[y : y + 150, x : x + 150], face_photo[y + 5 : y + 145, x + 5 : x + 145]]
            ):
                cv2.imwrite(str(tmp_path / name / f"{number}-{copy}.png"), crop)
    source = find_source(tmp_path)
    order = list(source.pictures)
    usage = dict(zip(order, source.read().usage, strict=True))
    assert len(set(usage.values())) == 3
    assert all(usage[name] == usage[name.replace("-0", "-1")] for name in order if "-0" in name)


JAFFE = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}


@pytest.mark.parametrize("packed", [False, True], ids=["a folder", "a zip"])
def test_jaffe_says_the_class_in_its_files_names(packed, tmp_path):
    """KA.AN1.39.tiff: ten people, three of each of seven classes, as its archive has them."""
    folder = tmp_path / "set" / "jaffe"
    folder.mkdir(parents=True)
    for person in range(10):
        for number in range(21):
            code = list(JAFFE)[number % 7]
            face = np.random.default_rng([person, number]).integers(0, 200, (64, 64), np.uint8)
            face[8 * (number % 7) + 4 : 8 * (number % 7) + 10] = 255
            name = f"{'KMNTUYA'[person % 7]}{'ARL'[person % 3]}.{code}{number // 7 + 1}.{21 * person + number}.tiff"
            assert cv2.imwrite(str(folder / name), face)
    (folder / "README").write_text("of the data")
    cv2.imwrite(str(folder / "overview.png"), face)
    place = Path(shutil.make_archive(str(tmp_path / "jaffe"), "zip", tmp_path / "set")) if packed else folder
    found = load(place)
    assert {name: len(split) for name, split in found.splits.items()} == {"Training": 168, "Test": 21, "Validation": 21}
    for split in found.splits.values():
        assert split.protocol == "labels"
        assert set(labelled(split).values()) == {len(split) // 7}
        for face, code in zip(split.faces, split.codes, strict=True):
            bar = next(bar for bar in range(7) if face[6 * bar + 4 : 6 * bar + 6].min() > 230)
            assert split.labels[code] == list(JAFFE.values())[bar]
    assert sum("left out: 1 file" in note for note in found.notes) == 2


def test_ck_plus_as_folders(tmp_path):
    """No neutral, but contempt: seven outputs of their own, in our order."""
    names = ["anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise"]
    found = load(write_class_folders(tmp_path, names, {"CK+48": 140}))
    assert found.labels == ("happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    for split in found.splits.values():
        for face, code in zip(split.faces, split.codes, strict=True):
            number = next(number for number in range(7) if face[6 * number + 5].min() == 255)
            assert split.labels[code] == canonical(names[number])


@pytest.mark.parametrize("how", ["zip", "gztar", "xztar", "tar"])
def test_folders_in_an_archive(how, tmp_path):
    write_class_folders(tmp_path / "set" / "My Faces", OWN * 2 + OWN[:1], {"train": 14, "val": 7})
    (tmp_path / "set" / "My Faces" / "train" / "bored" / "._x.png").write_text("macOS's")
    archive = Path(shutil.make_archive(str(tmp_path / "in" / "faces"), how, tmp_path / "set"))
    for place in (archive, archive.parent):
        found = load(place)
        assert found.source == archive
        assert found.labels == ("bored", "confused", "engaged")
        assert {name: len(split) for name, split in found.splits.items()} == {"Training": 14, "Validation": 7}
    plain = load(tmp_path / "set")
    for name, split in found.splits.items():
        np.testing.assert_array_equal(split.faces, plain.splits[name].faces)


@pytest.mark.parametrize("suffix", [".tiff", ".webp", ".bmp", ".gif", ".jpg"])
def test_pictures_of_any_kind_in_colour(suffix, tmp_path):
    for name, blue in (("happy", 0), ("sad", 255)):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("RGB", (100, 100), (0, 0, blue)).save(tmp_path / "train" / name / f"1{suffix}")
    found = load(tmp_path).splits["Training"]
    assert found.faces.shape == (2, 48, 48)
    assert found.faces[0].max() < 5
    assert abs(int(found.faces[1, 20, 20]) - 29) < 5  # the grey of blue


def test_a_link_to_itself_is_followed_once(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 14})
    (folder / "train" / "0" / "again").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "train" / "0" / "pipe.png")
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


def test_the_folders_that_were_read_are_known(tmp_path):
    folder = write_class_folders(tmp_path, NUMBERS, {"train": 7})
    assert set(load(folder).files) == {folder / "train" / name for name in NUMBERS}
