import shutil
from dataclasses import replace

import numpy as np
import pytest
from small_fer2013 import (
    COUNTS,
    faces_and_codes,
    pack,
    usages,
    votes_for,
    write_class_folders,
    write_csv,
    write_ferplus_folders,
    write_votes,
)

from emotion.dataset import load as dataset
from emotion.dataset.load import load
from emotion.dataset.splits import Rows
from emotion.errors import InputError

FACES, CODES = faces_and_codes(28)


def assert_is_small_fer2013(found):
    assert {name: len(split) for name, split in found.splits.items()} == COUNTS
    everything = [
        np.concatenate([getattr(s, part) for s in found.splits.values()]) for part in ("faces", "codes", "votes")
    ]
    np.testing.assert_array_equal(everything[0], FACES)
    np.testing.assert_array_equal(everything[1], CODES)
    np.testing.assert_array_equal(everything[2], votes_for(CODES))


def test_csv_and_votes_are_joined_by_row(data):
    assert_is_small_fer2013(load(data))


@pytest.mark.parametrize("how", ["gz", "zip", "tar.gz"])
def test_packed(data, how):
    pack(data / "fer2013.csv", how)
    assert_is_small_fer2013(load(data))


def test_packed_votes(data):
    pack(data / "fer2013new.csv", "zip")
    assert_is_small_fer2013(load(data))


def test_found_by_content_whatever_the_name(data):
    (data / "fer2013.csv").rename(data / "downloads.bin")
    assert_is_small_fer2013(load(data))


def test_found_in_a_folder_below(data):
    (data / "archive").mkdir()
    (data / "fer2013.csv").rename(data / "archive" / "fer2013.csv")
    assert_is_small_fer2013(load(data))


def test_named_as_a_file_with_the_votes_beside_it(data):
    assert_is_small_fer2013(load(data / "fer2013.csv"))


def test_icml_face_data_has_spaces_in_its_header(data):
    (data / "fer2013.csv").unlink()
    write_csv(data / "icml_face_data.csv", FACES, CODES, usages(COUNTS), ("emotion", " Usage", " pixels"))
    assert_is_small_fer2013(load(data))


def test_without_votes_the_original_labels_remain(data):
    (data / "fer2013new.csv").unlink()
    assert load(data).splits["Training"].votes is None


def test_ferplus_folders_are_joined_by_name(tmp_path):
    found = load(write_ferplus_folders(tmp_path / "ferplus", COUNTS))
    np.testing.assert_array_equal(found.splits["PublicTest"].faces, FACES[14:21])
    np.testing.assert_array_equal(found.splits["PublicTest"].votes, votes_for(CODES[14:21]))
    assert not found.splits["Training"].has_codes


def test_ferplus_folders_without_label_csv_use_the_names_in_fer2013new_csv(tmp_path):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    for labels in folder.glob("*/label.csv"):
        labels.unlink()
    write_votes(folder / "fer2013new.csv", votes_for(CODES), usages(COUNTS))
    found = load(folder)
    named = [i for i in range(14, 21) if i % 3 != 2]
    np.testing.assert_array_equal(found.splits["PublicTest"].votes, votes_for(CODES[named]))


@pytest.mark.parametrize(
    "names",
    [
        ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
        ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
        ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"),
        tuple("0123456"),
    ],
    ids=["Kaggle's", "FER+'s", "capitals", "numbers"],
)
def test_class_folders(tmp_path, names):
    found = load(write_class_folders(tmp_path / "images", names, {"train": 14, "test": 7}))
    assert {name: len(split) for name, split in found.splits.items()} == {"Training": 14, "Test": 7}
    training = found.splits["Training"]
    assert training.votes is None
    for face, code in zip(training.faces, training.codes, strict=True):
        assert face[6 * code + 5].min() == 255  # the bar stands where the emotion's number puts it


def test_a_second_start_reads_the_cache(data, monkeypatch):
    first = load(data)
    monkeypatch.setattr("emotion.dataset.csv_tables.TablePair.read", lambda source: pytest.fail("parsed again"))
    assert load(data).fingerprint == first.fingerprint


def test_a_changed_file_is_parsed_again(data):
    before = load(data)
    write_csv(data / "fer2013.csv", FACES[::-1], CODES[::-1], usages(COUNTS))
    assert load(data).fingerprint != before.fingerprint


def test_other_votes_beside_a_table_are_read_again(data):
    before = load(data)
    write_votes(data / "fer2013new.csv", votes_for(CODES[::-1]), usages(COUNTS))
    after = load(data)
    np.testing.assert_array_equal(after.splits["Training"].votes, votes_for(CODES[::-1])[:14])
    assert after.fingerprint != before.fingerprint


def test_a_renamed_folder_is_read_again(tmp_path):
    folder = write_class_folders(tmp_path / "images", tuple("0123456"), {"train": 14, "test": 7})
    assert "Test" in load(folder).splits
    (folder / "test").rename(folder / "publictest")
    assert "PublicTest" in load(folder).splits


def test_other_votes_beside_ferplus_folders_are_read_again(tmp_path):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    for labels in folder.glob("*/label.csv"):
        labels.unlink()
    write_votes(folder / "fer2013new.csv", votes_for(CODES[:20]), usages(COUNTS)[:20])
    assert "PrivateTest" not in load(folder).splits
    write_votes(folder / "fer2013new.csv", votes_for(CODES), usages(COUNTS))
    assert "PrivateTest" in load(folder).splits


def test_what_lies_beside_the_data_is_no_cache_and_is_left_alone(tmp_path):
    """A stranger's folder may bring one, with other labels, or a link to some file of the user's in its place."""
    folder = write_class_folders(tmp_path / "data", tuple("0123456"), {"train": 14})
    whole = load(folder).splits["Training"]
    source = dataset.find_source(folder)
    planted, letter = folder / ".data.cache.npz", tmp_path / "letter.txt"
    dataset.write_cache(
        planted,
        f"{dataset.CACHE_VERSION} {source.state()}",
        Rows(replace(whole, codes=whole.codes[::-1]), np.zeros(14, np.uint8), ()),
    )
    letter.write_text("dear to me")
    dataset.cache_place(source).unlink()
    np.testing.assert_array_equal(load(folder).splits["Training"].codes, whole.codes)
    planted.unlink()
    planted.symlink_to(letter)
    dataset.cache_place(source).unlink()
    load(folder)
    assert letter.read_text() == "dear to me"


def test_another_cache_version_is_parsed_again(data, monkeypatch):
    load(data)
    monkeypatch.setattr(dataset, "CACHE_VERSION", -1)
    assert_is_small_fer2013(load(data))


def test_half_a_cache_is_no_cache(data):
    load(data)
    cache = dataset.cache_place(dataset.find_source(data))
    cache.write_bytes(cache.read_bytes()[:2000])
    assert_is_small_fer2013(load(data))


@pytest.mark.parametrize("at", [8, 20, 24])
def test_a_cache_with_a_damaged_directory_is_no_cache(data, at):
    load(data)
    cache = dataset.cache_place(dataset.find_source(data))
    damaged = bytearray(cache.read_bytes())
    entry = damaged.index(b"PK\1\2")
    damaged[entry + at : entry + at + 4] = b"\xff\xff\xff\x7f"
    cache.write_bytes(damaged)
    assert_is_small_fer2013(load(data))


def test_the_cache_is_the_users_and_the_data_stay_as_they_are(data, monkeypatch):
    before = sorted(path.name for path in data.iterdir())
    load(data)
    assert sorted(path.name for path in data.iterdir()) == before
    monkeypatch.setattr("emotion.dataset.csv_tables.TablePair.read", lambda source: pytest.fail("parsed again"))
    assert_is_small_fer2013(load(data))


def test_without_a_place_for_the_cache_the_data_are_parsed_each_time(data, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert_is_small_fer2013(load(data))


def test_nothing_found_says_what_to_download_and_where_to_put_it(tmp_path):
    with pytest.raises(InputError, match=r"kaggle\.com.*FERPlus.*" + tmp_path.name):
        load(tmp_path)


def test_without_training_rows_there_is_nothing_to_do(tmp_path):
    with pytest.raises(InputError, match="no Training rows"):
        load(write_class_folders(tmp_path, tuple("0123456"), {"test": 7}))


def test_public_test_selects_where_it_is_there(data):
    learning, selecting = load(data).development()
    assert (len(learning), len(selecting)) == (14, 7)
    np.testing.assert_array_equal(selecting.faces, FACES[14:21])


def test_else_a_tenth_of_training_is_held_out_and_never_learnt_from(tmp_path):
    found = load(write_class_folders(tmp_path, tuple("0123456"), {"train": 70, "test": 7}))
    learning, selecting = found.development(seed=3)
    assert (len(learning), len(selecting)) == (63, 7)
    seen = {face.tobytes() for face in learning.faces}
    assert not any(face.tobytes() in seen for face in selecting.faces)
    np.testing.assert_array_equal(found.development(seed=3)[1].faces, selecting.faces)


def test_a_face_that_training_holds_twice_is_not_learnt_and_selected_on(tmp_path):
    folder = write_class_folders(tmp_path, tuple("0123456"), {"train": 35})
    for picture in sorted((folder / "train").rglob("*.png")):
        shutil.copy(picture, picture.with_stem(f"{picture.stem}-again"))
    learning, selecting = load(folder).development(seed=3)
    seen = {face.tobytes() for face in learning.faces}
    assert (len(learning), len(selecting)) == (64, 6)
    assert not any(face.tobytes() in seen for face in selecting.faces)


def test_a_sample_is_of_every_split_and_label(tmp_path):
    few = load(write_class_folders(tmp_path, tuple("0123456"), {"train": 70, "test": 28})).sample(14)
    assert {name: split.codes.tolist() for name, split in few.splits.items()} == {
        name: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6] for name in ("Training", "Test")
    }


def test_the_cache_may_be_deleted_at_any_time(data):
    load(data)
    for cache in data.glob(".*.npz"):
        cache.unlink()
    assert_is_small_fer2013(load(data))


def test_what_was_read_is_known(data):
    assert {path.name for path in load(data).files} == {"fer2013.csv", "fer2013new.csv"}
    (data / "fer2013new.csv").unlink()
    assert [path.name for path in load(data).files] == ["fer2013.csv"]
