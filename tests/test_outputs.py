"""Which files a script may write."""

import os
from pathlib import Path

import pytest

from emotion.errors import InputError
from emotion.outputs import check_figure, check_folder, check_outputs


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a system without /dev")
def test_nothing_takes_any_number_of_outputs():
    check_outputs([], {"--json": Path("/dev/null"), "--csv": Path("/dev/null")})


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a system without /dev")
@pytest.mark.parametrize("other", ["/dev/stdout", "/dev/fd/1"])
def test_of_two_outputs_to_stdout_none_is_lost(other):
    with pytest.raises(InputError, match=rf"--csv {other}: is what --json writes; name a file"):
        check_outputs([], {"--json": Path("/dev/stdout"), "--csv": Path(other)})


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"--json": "in.h5"}, "--json .*in.h5: is read in this run"),
        ({"--json": "a", "--csv": "a"}, "--csv .*a: is what --json writes"),
        ({"--json": "folder"}, "--json .*folder: is a folder"),
        ({"--json": "link"}, "--json .*link: is read in this run"),
        ({"--json": "faces/happy/a.json"}, "--json .*a.json: lies in a folder that is read in this run"),
        ({"--json": "nowhere/a"}, "--json .*a: there is no folder .*nowhere"),
    ],
    ids=["the input", "another output", "a folder", "a link to the input", "in a folder that is read", "in no folder"],
)
def test_bad_outputs_are_refused_before_the_work(outputs, message, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "faces" / "happy").mkdir(parents=True)
    (tmp_path / "in.h5").write_text("model")
    (tmp_path / "link").symlink_to("in.h5")
    with pytest.raises(InputError, match=message):
        check_outputs(
            [tmp_path / "in.h5", tmp_path / "faces"], {flag: tmp_path / name for flag, name in outputs.items()}
        )


def test_the_input_is_the_input_by_whatever_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is read in this run"):
        check_outputs(["in.h5"], {"--json": tmp_path / "in.h5"})


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(InputError, match=r"--json .*a\.json: the folder .* cannot be written to"):
        check_outputs([], {"--json": tmp_path / "a.json"})


def test_folders_are_refused_or_made_only_later(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        InputError, match=r"file/b: cannot be made \(.*file is no folder\); name another folder with -o"
    ):
        check_folder(tmp_path / "file" / "b")


def test_good_outputs_pass(tmp_path):
    check_outputs([tmp_path / "in.h5"], {"--json": tmp_path / "a.json", "--csv": tmp_path / "a.csv", "--plot": None})


@pytest.mark.parametrize("name", ["chart.doc", "chart"])
def test_a_figure_ends_like_one(name, tmp_path):
    with pytest.raises(InputError, match=f"{name}: a figure is written as"):
        check_figure(tmp_path / name)


@pytest.mark.parametrize("name", ["chart.png", "chart.PDF", None])
def test_figures_and_their_absence_pass(name, tmp_path):
    check_figure(name and tmp_path / name)
