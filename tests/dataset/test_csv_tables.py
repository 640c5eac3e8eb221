"""Which file is a table of FER2013, however it is named and packed, and what its columns mean."""

import tarfile

import numpy as np
import pytest
from small_fer2013 import faces_and_codes, pack, write_csv

from emotion.dataset.load import load

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
