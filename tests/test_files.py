"""What a script writes: refused early, and whole or not there at all."""

import os
from contextlib import nullcontext

import pytest

from emotion.errors import InputError
from emotion.files import atomic_file, check_figure, check_outputs, check_room, unfinished_path, write_text


def test_a_file_takes_its_place_when_it_is_done(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_file(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old"
        assert unfinished.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unfinished_file_is_hidden_and_of_this_process_alone(tmp_path):
    unfinished = unfinished_path(tmp_path / "a.txt")
    assert unfinished.parent == tmp_path
    assert unfinished.name.startswith(".")
    assert str(os.getpid()) in unfinished.name


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt], ids=lambda error: error.__name__)
def test_what_breaks_off_leaves_the_old_file_and_nothing_else(error, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path) as unfinished:
        unfinished.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line(tmp_path):
    full = pytest.raises(InputError, match=r"a\.txt: cannot be written \(no space left on device\)")
    with full, atomic_file(tmp_path / "a.txt") as unfinished:
        unfinished.write_text("half")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size", "room"), [(100_000, True), (100_001, False)], ids=["room", "no room"])
def test_room_is_asked_for_by_writing_and_given_back(size, room, tmp_path, largest_file):
    with largest_file(100_000), nullcontext() if room else pytest.raises(OSError, match="File too large"):
        check_room(tmp_path / "a.h5", size)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"a\.txt: cannot be written \(no such file or directory\)"):
        write_text(tmp_path / "nowhere" / "a.txt", "text")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"--json": "in.h5"}, "--json .*in.h5: is the input"),
        ({"--json": "a", "--csv": "a"}, "--csv .*a: is what --json writes"),
        ({"--json": "folder"}, "--json .*folder: is a folder"),
        ({"--json": "nowhere/a"}, "--json .*a: there is no folder .*nowhere"),
    ],
    ids=["the input", "another output", "a folder", "in no folder"],
)
def test_bad_outputs_are_refused_before_the_work(outputs, message, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=message):
        check_outputs([tmp_path / "in.h5"], {flag: tmp_path / name for flag, name in outputs.items()})


def test_the_input_is_the_input_by_whatever_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is the input"):
        check_outputs(["in.h5"], {"--json": tmp_path / "in.h5"})


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(InputError, match=r"--json .*a\.json: the folder .* cannot be written to"):
        check_outputs([], {"--json": tmp_path / "a.json"})


def test_good_outputs_pass(tmp_path):
    check_outputs([tmp_path / "in.h5"], {"--json": tmp_path / "a.json", "--csv": tmp_path / "a.csv", "--plot": None})


@pytest.mark.parametrize("name", ["chart.doc", "chart"])
def test_a_figure_ends_like_one(name, tmp_path):
    with pytest.raises(InputError, match=f"{name}: a figure is written as"):
        check_figure(tmp_path / name)


@pytest.mark.parametrize("name", ["chart.png", "chart.PDF", None])
def test_figures_and_their_absence_pass(name, tmp_path):
    check_figure(name and tmp_path / name)
