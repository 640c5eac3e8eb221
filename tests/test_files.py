"""Files are whole or not there at all."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from emotion.errors import InputError
from emotion.files import atomic_file, atomic_files, check_disk_space, this_host, unfinished_path, write_text


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


@pytest.mark.parametrize(("free", "room"), [(100_000, True), (99_999, False)], ids=["room", "no room"])
def test_disk_space_is_asked_for(free, room, tmp_path, disk_with):
    disk_with(free)
    with nullcontext() if room else pytest.raises(OSError, match="No space left on device"):
        check_disk_space(tmp_path / "a.h5", 100_000)


def test_of_several_files_all_change_or_none(tmp_path):
    names = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for path in names[:2]:
        path.write_text("old")
    with atomic_files(*names) as unfinished:
        for path in unfinished:
            path.write_text("new")
    assert [path.read_text() for path in names] == ["new"] * 3
    with pytest.raises(InputError, match=r"a\.txt: cannot be written"), atomic_files(*names) as unfinished:
        for path in unfinished[:2]:
            path.write_text("newer")  # and the third is missing
    assert [path.read_text() for path in names] == ["new"] * 3
    assert sorted(tmp_path.iterdir()) == names


def test_where_one_of_several_files_has_no_place_the_others_are_as_before(tmp_path):
    new, link, behind, folder = (tmp_path / name for name in ("new.txt", "link.txt", "behind.txt", "folder"))
    behind.write_text("old")
    link.symlink_to(behind)
    folder.mkdir()
    with pytest.raises(InputError, match="cannot be written"), atomic_files(new, link, folder) as unfinished:
        for path in unfinished:
            path.write_text("new")
    assert behind.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [behind, folder, link]


@pytest.mark.parametrize("name", ["x" * 251 + ".txt", "é" * 125 + ".txt", "a." + "x" * 250, "\udce9.txt"], ids=ascii)
def test_every_name_that_a_file_may_have(name, tmp_path):
    write_text(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "there" / "file")
    write_text(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        reader = pool.submit(pipe.read_text)
        write_text(pipe, "text")
        assert reader.result(10) == "text"
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe.json"]


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a system without /dev")
def test_behind_dev_stdout_nothing_is_cut(tmp_path, repository):
    """A file that stdout is led into has what was printed, and then what was written."""
    code = "from emotion.files import write_text; from pathlib import Path; print('printed'); "
    with (tmp_path / "out").open("w") as out:
        subprocess.run(
            [sys.executable, "-c", code + "write_text(Path('/dev/stdout'), 'written\\n'); print('after')"],
            stdout=out, cwd=repository, check=True,
        )  # fmt: skip
    assert (tmp_path / "out").read_text() == "printed\nwritten\nafter\n"


def left_by(process: int, path: Path) -> Path:
    """An unfinished file of `path` as another process left it."""
    file = unfinished_path(path)
    file = file.with_name(file.name.replace(f"-{os.getpid()}.", f"-{process}."))
    file.write_text("half")
    return file


def test_what_killed_runs_left_is_cleared_and_nothing_else(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    of_the_dead = left_by(ended.pid, tmp_path / "b.mp4")
    of_the_living = left_by(os.getppid(), tmp_path / "c.mp4")
    elsewhere, long_ago = (
        of_the_dead.with_name(of_the_dead.name.replace(this_host(), host)) for host in ("00000000", "00000001")
    )
    for path in (elsewhere, long_ago):
        path.write_text("half")
    os.utime(long_ago, (0, 0))
    folder_of_the_dead = of_the_dead.with_name(of_the_dead.name.replace(".mp4", ""))
    (folder_of_the_dead / "Training").mkdir(parents=True)
    (folder_of_the_dead / "Training" / "1.png").write_text("half")
    foreign = tmp_path / ".mine.unfinished.mp4"
    foreign.write_text("mine")
    write_text(tmp_path / "a.json", "text")
    assert set(tmp_path.iterdir()) == {tmp_path / "a.json", of_the_living, elsewhere, foreign}


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"a\.txt: cannot be written \(no such file or directory\)"):
        write_text(tmp_path / "nowhere" / "a.txt", "text")
