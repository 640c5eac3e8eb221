"""What is wrong with the data is told in one line that names the file and the place."""

import pytest
from small_fer2013 import (
    COUNTS,
    faces_and_codes,
    pack,
    usages,
    votes_for,
    write_class_folders,
    write_ferplus_folders,
    write_votes,
)

from emotion.dataset.load import load
from emotion.errors import InputError

_, CODES = faces_and_codes(28)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("fer0000001.png,box,4,0", "line 2 is not `name, box, ten votes`"),
        ("fer0000001.png,box,4,0,0,0,0,0,0,0,0,400", "line 2: NF is '400'"),
        ("fer0000001.png,box,-1,0,0,0,0,0,0,0,0,0", "line 2: neutral is '-1'"),
        ("fer0000001.png,box,,0,0,0,0,0,0,0,0,0", "line 2: neutral is ''"),
    ],
    ids=["cut", "too many", "below 0", "empty"],
)
def test_a_damaged_row_of_votes_in_a_ferplus_folder(tmp_path, row, reason):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    labels = folder / "FER2013Train" / "label.csv"
    lines = labels.read_text().splitlines()
    labels.write_text("\n".join([lines[0], row, *lines[2:]]))
    with pytest.raises(InputError, match=rf"label\.csv: {reason}"):
        load(folder)


def test_votes_in_a_ferplus_folder_that_are_no_text(tmp_path):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    (folder / "FER2013Train" / "label.csv").write_bytes(b"fer\xff0000000.png,box,4,0,0,0,0,0,0,0,0,0\n")
    with pytest.raises(InputError, match=r"label\.csv: damaged .*generate it again"):
        load(folder)


def test_votes_in_a_ferplus_folder_as_windows_writes_them(tmp_path):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    labels = folder / "FER2013Train" / "label.csv"
    labels.write_text("\ufeff" + labels.read_text(), encoding="utf-8")
    assert len(load(folder).splits["Training"]) == COUNTS["Training"]


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013new.csv"])
def test_a_header_without_rows(data, name):
    header = (data / name).read_text().splitlines()[0]
    (data / name).write_text(header + "\n")
    with pytest.raises(InputError, match=rf"{name}: has a header but no rows"):
        load(data)


def test_votes_without_a_column(data):
    text = (data / "fer2013new.csv").read_text()
    (data / "fer2013new.csv").write_text(text.replace("contempt", "disdain", 1))
    with pytest.raises(InputError, match=r"fer2013new\.csv: has no column 'contempt'"):
        load(data)


@pytest.mark.parametrize("count", [1, 27, 29])
def test_votes_of_another_length(data, count):
    codes, usage = [*CODES, 0], [*usages(COUNTS), "PrivateTest"]
    write_votes(data / "fer2013new.csv", votes_for(codes[:count]), usage[:count])
    with pytest.raises(InputError, match=rf"fer2013new\.csv: {count} rows of votes.* has 28 faces"):
        load(data)


def test_votes_in_another_order(data):
    write_votes(data / "fer2013new.csv", votes_for(CODES), usages(COUNTS)[::-1])
    with pytest.raises(InputError, match="line 2 is of another split"):
        load(data)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_short_pixel_row_is_named(data):
    lines = (data / "fer2013.csv").read_text().splitlines()
    emotion, pixels, usage = lines[3].split(",")
    lines[3] = ",".join([emotion, pixels.rsplit(" ", 2)[0], usage])
    (data / "fer2013.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"fer2013\.csv: line 4 has 2302 pixels, expected 2304"):
        load(data)


@pytest.mark.parametrize("pixel", ["256", "-1", "x", "4294967301", "3.7"])
def test_a_pixel_that_is_none(data, pixel):
    edit(data / "fer2013.csv", " 255 255", f" {pixel} 255")
    with pytest.raises(InputError, match=r"fer2013\.csv: .*0 to 255"):
        load(data)


@pytest.mark.parametrize(
    "emotion",
    ["8", "3.7", "4294967299", "-1", "", "happy"],
    ids=["eight", "a fraction", "beyond 32 bits", "below 0", "empty", "a word"],
)
def test_an_emotion_that_is_none(data, emotion):
    edit(data / "fer2013.csv", "\n1,", f"\n{emotion},")
    with pytest.raises(InputError, match=r"fer2013\.csv: line 3: emotion is .*, expected 0 to 6"):
        load(data)


def test_a_row_without_pixels(data):
    lines = (data / "fer2013.csv").read_text().splitlines()
    (data / "fer2013.csv").write_text("\n".join([*lines[:5], "3,,Training", *lines[6:]]))
    with pytest.raises(InputError, match=r"fer2013\.csv: line 6 has 1 pixels, expected 2304"):
        load(data)


@pytest.mark.parametrize("vote", ["x", "1.5", "256", "-1"])
def test_a_vote_that_is_none(data, vote):
    edit(data / "fer2013new.csv", "fer0000003.png,0", f"fer0000003.png,{vote}")
    with pytest.raises(InputError, match=rf"fer2013new\.csv: line 5: neutral is '{vote}'"):
        load(data)


def test_a_packed_file_with_a_bad_block(data):
    pack(data / "fer2013.csv", "gz")
    packed = bytearray((data / "fer2013.csv.gz").read_bytes())
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
    (data / "fer2013.csv.gz").write_bytes(packed)
    with pytest.raises(InputError, match=r"fer2013\.csv\.gz: damaged"):
        load(data)


@pytest.mark.parametrize("chunk", [1000, 6])
def test_an_unknown_usage_is_named(data, monkeypatch, chunk):
    monkeypatch.setattr("emotion.dataset.csv_tables.CHUNK", chunk)
    edit(data / "fer2013.csv", "PublicTest", "Public")
    with pytest.raises(InputError, match=r"line 16: Usage is 'Public'"):
        load(data)


def test_a_truncated_archive(data):
    pack(data / "fer2013.csv", "gz")
    whole = (data / "fer2013.csv.gz").read_bytes()
    (data / "fer2013.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"fer2013\.csv\.gz: damaged"):
        load(data)


def test_an_archive_that_asks_for_a_password(data):
    pack(data / "fer2013.csv", "zip")
    packed = bytearray((data / "fer2013.csv.zip").read_bytes())
    packed[6] |= 1  # "encrypted", of the file and in the archive's list
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    (data / "fer2013.csv.zip").write_bytes(packed)
    with pytest.raises(InputError, match="no faces with labels there"):
        load(data)


def test_an_image_that_is_none(tmp_path):
    folder = write_class_folders(tmp_path, tuple("0123456"), {"train": 14})
    (folder / "train" / "3" / "3.png").write_text("no picture")
    found = load(folder)
    assert len(found.splits["Training"]) == 13
    assert found.notes[-1].endswith("left out: 1 file (train/3/3.png) cannot be read as pictures")


def test_pictures_of_which_none_is_one(tmp_path):
    for name in ("happy", "sad"):
        (tmp_path / "train" / name).mkdir(parents=True)
        (tmp_path / "train" / name / "1.png").write_text("no picture")
    with pytest.raises(InputError, match=r"none of its 2 pictures can be read \(train/happy/1\.png\)"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013new.csv"])
def test_a_line_without_an_end(data, name):
    """Packed it takes no room: 4 MB of .gz are a line of 4 GB, which a reader would keep whole."""
    with (data / name).open("a") as file:
        file.write("1 " * 2**20)
    pack(data / name, "gz")
    with pytest.raises(InputError, match=rf"{name}\.gz: damaged \(a line of more than 1048576 bytes\)"):
        load(data)


@pytest.mark.parametrize(
    ("name", "reason"), [("label.csv", "too large for the votes"), ("fer0000000.png", "too large for the picture")]
)
def test_a_file_of_a_ferplus_folder_that_is_far_too_large(tmp_path, name, reason):
    folder = write_ferplus_folders(tmp_path / "ferplus", COUNTS)
    with (folder / "FER2013Train" / name).open("r+b") as file:
        file.truncate(2**26 + 1)
    with pytest.raises(InputError, match=rf"{name}: {reason}"):
        load(folder)
