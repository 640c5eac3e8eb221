"""Which file is a table of FER2013, however it is named and packed, and what its columns mean."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from small_fer2013 import COUNTS, faces_and_codes, pack, usages, votes_for, write_csv, write_votes

from emotion.dataset import splits
from emotion.dataset.load import load
from emotion.errors import InputError
from emotion.labels import FER2013_EMOTIONS

FACES, CODES = faces_and_codes(14)
USAGE = ["Training"] * 14


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", FACES, CODES, USAGE)


def assert_is_found(folder):
    training = load(folder).splits["Training"]
    np.testing.assert_array_equal(training.faces, FACES)
    np.testing.assert_array_equal(training.codes, CODES)


@pytest.mark.parametrize("how", ["zip", "tar.gz"])
def test_an_archive_of_capital_letters(tmp_path, table, how):
    pack(table.rename(tmp_path / "FER2013.CSV"), how)
    assert_is_found(tmp_path)


def test_a_folder_in_an_archive_may_be_called_like_a_table(tmp_path, table):
    folder = tarfile.TarInfo("fer2013.csv")
    folder.type = tarfile.DIRTYPE
    with tarfile.open(tmp_path / "fer2013.tar", "w") as archive:
        archive.addfile(folder)
        archive.add(table, "fer2013.csv/fer2013.csv")
    table.unlink()
    assert_is_found(tmp_path)


def test_a_hidden_file_is_somebody_elses(tmp_path, table):
    text = table.read_text()
    (tmp_path / ".fer2013.csv.part").write_text(text[: len(text) // 2])
    assert_is_found(tmp_path)


def test_a_byte_order_mark_belongs_to_no_column(tmp_path, table):
    table.write_text(table.read_text(), encoding="utf-8-sig")
    assert_is_found(tmp_path)


def test_a_table_may_have_no_labels(tmp_path):
    write_csv(tmp_path / "fer2013.csv", FACES, CODES, USAGE, ("Usage", "pixels"))
    assert not load(tmp_path).splits["Training"].has_codes


def test_splits_may_be_mixed(tmp_path):
    write_csv(tmp_path / "fer2013.csv", FACES, CODES, ["Training", "PublicTest"] * 7)
    np.testing.assert_array_equal(load(tmp_path).splits["PublicTest"].faces, FACES[1::2])


@pytest.mark.parametrize("columns", [("emotion", "pixels"), ("pixels", "emotion")])
def test_a_table_without_usage_is_split_here(tmp_path, columns):
    faces, codes = faces_and_codes(70)
    found = load(write_csv(tmp_path / "train.csv", faces, codes, [None] * 70, columns))
    assert {name: len(split) for name, split in found.splits.items()} == {"Training": 56, "Test": 7, "Validation": 7}
    assert found.labels == FER2013_EMOTIONS
    assert found.splits["Test"].protocol == "labels"  # nobody else measures on this split
    assert "no column Usage" in found.notes[-1]


def test_of_kaggles_tables_that_with_usage_is_read(tmp_path, table):
    write_csv(tmp_path / "a_train.csv", FACES[:7], CODES[:7], USAGE[:7], ("emotion", "pixels"))
    write_csv(tmp_path / "a_test.csv", FACES[:7], CODES[:7], USAGE[:7], ("pixels",))
    assert_is_found(tmp_path)


def test_contempt_is_ck_plus_code_7(tmp_path):
    found = load(write_csv(tmp_path / "ckextended.csv", FACES, [*range(8), *range(6)], USAGE))
    assert found.labels == (*FER2013_EMOTIONS, "contempt")
    assert found.splits["Training"].protocol == "labels"


def test_a_set_of_five_emotions_has_five_labels(tmp_path):
    found = load(write_csv(tmp_path / "five.csv", FACES, [0, 3, 4, 5, 6] * 2 + [0, 3, 4, 5], USAGE))
    assert found.labels == ("anger", "happiness", "sadness", "surprise", "neutral")
    assert found.splits["Training"].codes[:5].tolist() == [0, 1, 2, 3, 4]
    assert "as FER2013's codes: 0 anger, 3 happiness, 4 sadness, 5 surprise, 6 neutral; --classes" in found.notes[0]


@pytest.mark.parametrize(
    ("counts", "votes", "protocol"),
    [
        ({"Training": 14, "PublicTest": 7, "PrivateTest": 7}, False, "fer2013"),
        ({"Training": 14, "PublicTest": 7}, False, "fer2013"),
        ({"Training": 13, "PublicTest": 7, "PrivateTest": 7}, False, "labels"),
        ({"PublicTest": 7, "Training": 14, "Validation": 7}, False, "labels"),
        ({"Training": 13, "PublicTest": 8}, True, "fer2013"),
    ],
    ids=["whole", "without its last split", "other counts", "another split", "other counts with FER+'s votes"],
)
def test_fer2013_is_known_by_its_counts_and_not_by_its_columns(counts, votes, protocol, tmp_path, monkeypatch):
    """Somebody's own table has the same columns and codes, and must not take the shipped model's place."""
    monkeypatch.setattr(splits, "FER2013_COUNTS", COUNTS)
    count = sum(counts.values())
    faces, codes = faces_and_codes(count)
    write_csv(tmp_path / "mine.csv", faces, codes, usages(counts))
    if votes:
        write_votes(tmp_path / "fer2013new.csv", votes_for(codes), usages(counts))
    found = load(tmp_path)
    assert {split.protocol for split in found.splits.values()} == {protocol}
    assert found.notes == () if protocol == "fer2013" else "0 anger, 1 disgust, 2 fear" in found.notes[0]


def test_codes_from_1_to_7_are_not_fer2013s(tmp_path):
    write_csv(tmp_path / "rafdb.csv", FACES, [*range(1, 8)] * 2, USAGE)
    with pytest.raises(InputError, match=r"numbered 1 to 7, .*\(--classes surprise,fear,disgust,"):
        load(tmp_path)
    assert load(tmp_path, tuple("abcdefg")).labels == tuple("abcdefg")


def test_emotions_by_their_names(tmp_path):
    names = ["angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral"]
    found = load(write_csv(tmp_path / "named.csv", FACES, names * 2, USAGE)).splits["Training"]
    assert found.labels == FER2013_EMOTIONS
    np.testing.assert_array_equal(found.codes, CODES)


def test_numbers_that_classes_names(tmp_path):
    write_csv(tmp_path / "own.csv", FACES, [1, 2, 9] * 4 + [1, 2], USAGE)
    with pytest.raises(InputError, match=r"line 4: emotion is '9', expected 0 to 6, or 7 .*--classes"):
        load(tmp_path)
    found = load(tmp_path, ("bored", "alert", "happy"))
    assert found.labels == ("happiness", "alert", "bored")
    assert found.splits["Training"].codes[:3].tolist() == [2, 1, 0]


def archive_of(path, members):
    """A tar or zip of (name, bytes), in this order."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
            for name, data in members:
                archive.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["both.zip", "both.tar.gz"])
def test_an_archive_of_both_tables_gives_both_whatever_macos_put_first(name, tmp_path):
    faces, codes = faces_and_codes(28)
    parts = [
        write_csv(tmp_path / "fer2013.csv", faces, codes, usages(COUNTS)),
        write_votes(tmp_path / "fer2013new.csv", votes_for(codes), usages(COUNTS)),
    ]
    members = [("._fer2013.csv", b"\xff\xfe\x00macOS"), ("broken.csv", b"\xff,usage,pixels")]
    archive = archive_of(tmp_path / name, members + [(part.name, part.read_bytes()) for part in parts])
    for part in parts:
        part.unlink()
    for place in (tmp_path, archive):
        np.testing.assert_array_equal(load(place).splits["PublicTest"].votes, votes_for(codes[14:21]))


def test_damage_in_lzma_is_one_line(tmp_path, table):
    archive = archive_of(tmp_path / "fer2013.zip", [("fer2013.csv", table.read_bytes())])
    table.unlink()
    packed = bytearray(archive.read_bytes())
    packed[len(packed) // 2 : len(packed) // 2 + 400] = bytes(400)
    archive.write_bytes(packed)
    with pytest.raises(InputError, match=r"fer2013\.zip: damaged"):
        load(tmp_path)


def test_a_header_of_a_gigabyte_is_not_read(tmp_path, monkeypatch):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 2**30
    (tmp_path / "fer2013.tar").write_bytes(header.tobuf() + bytes(2**16))
    monkeypatch.setattr("tarfile.TarInfo._proc_pax", lambda *_: pytest.fail("the header is read"))
    with pytest.raises(InputError, match="no faces with labels there"):
        load(tmp_path)


def test_a_header_longer_than_a_number_can_say(tmp_path):
    header = tarfile.TarInfo("././@PaxHeader")
    record = b"99999999999999999999 path=a\n11 path=b\n"
    header.type, header.size = tarfile.XHDTYPE, len(record)
    (tmp_path / "fer2013.tar").write_bytes(header.tobuf() + record.ljust(512, b"\0") + bytes(1024))
    with pytest.raises(InputError, match="no faces with labels there"):
        load(tmp_path)


def test_a_file_is_read_without_unpacking_what_lies_beside_it(data, monkeypatch):
    (data / "other.tar.gz").write_bytes(b"\x1f\x8b" + bytes(2**24))
    opened = []
    monkeypatch.setattr("emotion.dataset.csv_tables.members", lambda path: opened.append(path.name) or [None])
    load(data / "fer2013.csv")
    assert "fer2013new.csv" in opened
    assert "other.tar.gz" not in opened
