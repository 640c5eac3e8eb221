import os
from pathlib import Path

import pytest

from emotion.cli.photo_paths import plan_photos
from emotion.errors import InputError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, and a maker of files in it."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()

    return make


def planned(arguments, output=None):
    return {task.photo.as_posix(): task.copy.as_posix() for task in plan_photos(arguments, output and Path(output))}


def test_a_copy_has_the_photos_name_in_output(folder):
    folder("a.jpg")
    assert planned(["a.jpg"]) == {"a.jpg": "output/a.jpg"}


def test_a_folder_is_walked_and_keeps_its_shape(folder):
    folder("in/b.jpg", "in/deep/er/c.PNG", "in/notes.txt", "in/.hidden.jpg", "in/.cache/d.jpg")
    assert planned(["in"], "out") == {"in/b.jpg": "out/b.jpg", "in/deep/er/c.PNG": "out/deep/er/c.PNG"}


def test_the_copies_of_the_last_run_are_no_photos(folder):
    folder("a.jpg", "output/a.jpg")
    assert planned(["."]) == {"a.jpg": "output/a.jpg"}


def test_the_crops_of_the_last_run_are_no_photos(folder):
    folder("in/a.jpg", "in/faces/happiness/0001-a-1.png", "in/b/c-annotated.jpg")
    tasks = plan_photos(["in"], None, crops=Path("in/faces"))
    assert [task.photo.as_posix() for task in tasks] == ["in/a.jpg", "in/b/c-annotated.jpg"]


def test_photos_come_in_the_order_of_their_names(folder):
    folder("in/b.jpg", "in/a.jpg", "in/d/x.jpg", "in/c/y.jpg")
    assert list(planned(["in"])) == ["in/a.jpg", "in/b.jpg", "in/c/y.jpg", "in/d/x.jpg"]
    assert list(planned(["in/*.jpg"])) == ["in/a.jpg", "in/b.jpg"]


def test_the_copies_are_no_photos_by_whatever_name_the_folder_goes(folder):
    folder("a.jpg", "output/a.jpg")
    assert list(planned([str(Path.cwd())]).values()) == ["output/a.jpg"]


def test_videos_among_the_photos_are_left_out_with_a_note(folder, notes):
    folder("in/a.jpg", "in/b.MOV", "in/c/d.mp4", "films/e.mp4")
    assert list(planned(["in"])) == ["in/a.jpg"]
    with pytest.raises(InputError, match=r"^films: no picture in there"):
        planned(["films"])
    assert notes == ["in: left out 2 videos; see vid_predict.py", "films: left out 1 video; see vid_predict.py"]


def test_a_glob_that_no_shell_expanded(folder):
    folder("x1.jpg", "x2.jpg", "y.jpg", "deep/x3.jpg")
    assert planned(["x*.jpg"]) == {"x1.jpg": "output/x1.jpg", "x2.jpg": "output/x2.jpg"}
    assert set(planned(["**/x*.jpg"])) == {"x1.jpg", "x2.jpg", "deep/x3.jpg"}


def test_a_name_with_brackets_is_a_name(folder):
    folder("[2024] me.jpg")
    assert set(planned(["[2024] me.jpg"])) == {"[2024] me.jpg"}


def test_same_names_from_different_folders(folder):
    folder("a/x.jpg", "b/x.jpg", "c/x.jpg")
    assert list(planned(["a/x.jpg", "b/x.jpg", "c"]).values()) == ["output/x.jpg", "output/x-2.jpg", "output/x-3.jpg"]


def test_a_copy_never_hits_a_photo(folder):
    folder("in/x.jpg", "in/x-2.jpg")
    assert list(planned(["in/x.jpg"], "in").values()) == ["in/x-annotated.jpg"]
    both = planned(["in/x.jpg", "in/x-2.jpg"], Path("in").resolve())
    assert [Path(copy).name for copy in both.values()] == ["x-annotated.jpg", "x-2-annotated.jpg"]


def test_what_cannot_be_written_back_becomes_a_png(folder):
    folder("x.gif", "x.png")
    assert planned(["x.gif", "x.png"]) == {"x.gif": "output/x.png", "x.png": "output/x-2.png"}


def test_a_missing_photo_is_left_to_be_told_with_the_others(folder):
    folder("a.jpg")
    assert set(planned(["a.jpg", "absent.jpg"])) == {"a.jpg", "absent.jpg"}


def test_output_may_be_a_file_for_one_photo(folder):
    folder("a.jpg", "b.jpg")
    assert planned(["a.jpg"], "new/result.png") == {"a.jpg": "new/result.png"}
    assert planned(["a.jpg"], "RESULT.PNG") == {"a.jpg": "RESULT.PNG"}
    with pytest.raises(InputError, match=r"-o result\.png: one file for 2 photos"):
        planned(["a.jpg", "b.jpg"], "result.png")


def test_output_may_not_be_the_photo(folder):
    folder("a.jpg")
    with pytest.raises(InputError, match=r"-o a\.jpg: is the photo itself"):
        planned(["a.jpg"], "a.jpg")
    with pytest.raises(InputError, match=r"-o .*a\.jpg: is the photo itself"):
        planned(["a.jpg"], Path("a.jpg").resolve())


def test_a_file_of_a_kind_that_cannot_be_written_is_no_folder(folder):
    folder("a.jpg")
    with pytest.raises(InputError, match=r"-o a\.gif: cannot write that kind of picture"):
        planned(["a.jpg"], "a.gif")
    assert not Path("a.gif").exists()


def test_a_folder_may_be_called_like_a_file(folder):
    folder("a.jpg")
    Path("album.png").mkdir()
    assert planned(["a.jpg"], "album.png") == {"a.jpg": "album.png/a.jpg"}


def test_a_folder_without_pictures(folder):
    folder("in/notes.txt")
    with pytest.raises(InputError, match=r"^in: no picture in there"):
        planned(["in"])
    assert not Path("output").exists()


def test_a_folder_without_pictures_beside_a_photo_is_told_with_the_errors(folder):
    folder("in/notes.txt", "a.jpg")
    assert list(planned(["in", "a.jpg"])) == ["in", "a.jpg"]


def test_a_folder_that_may_not_be_entered_is_told_with_the_errors(folder, monkeypatch):
    def locked(top, onerror):
        onerror(PermissionError(13, "Permission denied", f"{top}/locked"))
        yield top, ["locked"], ["a.jpg"]

    monkeypatch.setattr(os, "walk", locked)  # root may enter any
    folder("in/a.jpg", "in/locked/b.jpg")
    assert list(planned(["in"])) == ["in/a.jpg", "in/locked"]


def test_an_output_folder_that_cannot_be(folder):
    folder("a.jpg", "file")
    with pytest.raises(InputError, match=r"^file: cannot be made .*; name another folder with -o"):
        planned(["a.jpg"], "file")


@pytest.mark.parametrize("call", [(["."], "."), (["."], "./"), (["in"], "in"), (["in", "in/deep"], "in")])
def test_a_second_and_a_third_run_annotate_none_of_their_own_copies(folder, call):
    folder("in/x.jpg", "in/y.gif", "in/deep/z.png", "in/x-2.jpg", "a.jpg", "b.webp")
    paths, output = call
    first = planned(paths, output)
    assert not set(first) & set(first.values())
    for _ in range(2):
        folder(*first.values())
        assert planned(paths, output) == first


def test_a_picture_that_is_only_called_like_a_copy_is_a_photo(folder):
    folder("in/cat-annotated.jpg", "in/dog.jpg")
    assert set(planned(["in"], "out")) == {"in/cat-annotated.jpg", "in/dog.jpg"}
    assert set(planned(["in/dog.jpg", "in/cat-annotated.jpg"], "out")) == {"in/cat-annotated.jpg", "in/dog.jpg"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_links_to_themselves_and_pipes_are_told_with_the_errors(folder):
    folder("in/a.jpg")
    os.mkfifo("in/pipe.jpg")
    Path("in/loop").symlink_to("loop")
    Path("in/self.jpg").symlink_to("self.jpg")
    Path("in/up").symlink_to("..")
    assert list(planned(["in"])) == ["in/a.jpg", "in/pipe.jpg", "in/self.jpg"]


def test_pictures_of_kinds_that_cannot_be_read_are_told_with_the_errors(folder):
    folder("in/a.HEIC", "in/b.CR3", "in/c.jxl", "in/d.mp3")
    assert list(planned(["in"])) == ["in/a.HEIC", "in/b.CR3", "in/c.jxl"]


@pytest.mark.parametrize("name", ["a" * 251 + ".jpg", "ä" * 125 + ".gif", "日" * 83 + ".gif"])
def test_the_longest_names_have_copies(folder, name):
    folder(name)
    for output in ("out", "."):
        (copy,) = planned([name], output).values()
        Path(copy).parent.mkdir(exist_ok=True)
        Path(copy).touch()


def test_stdin_and_urls(folder):
    url = "https://me:secret@example.org/a/caf%C3%A9.jpg?size=9&token=abc"
    tasks = plan_photos(["-", url, "http://example.org/"], Path("out"))
    assert [task.copy.as_posix() for task in tasks] == ["out/stdin.png", "out/café.jpg", "out/example.png"]
    assert [task.name for task in tasks][:2] == [
        "stdin", "https://***@example.org/a/caf%C3%A9.jpg?size=9&token=***",
    ]  # fmt: skip
    with pytest.raises(InputError, match="stdin can be read once"):
        plan_photos(["-", "-"], None)


def test_an_address_with_a_slip_is_reported_with_the_errors(folder):
    (task,) = plan_photos(["http://[bad"], Path("out"))
    assert (task.name, task.copy.as_posix()) == ("http://[bad", "out/download.png")


def test_without_copies_there_is_no_folder(folder):
    folder("a.jpg")
    assert plan_photos(["a.jpg"], None, copies=False)[0].copy is None
    assert not Path("output").exists()


def test_copies_that_some_disks_take_for_one_have_two_names(folder):
    for name in ("a/IMG.jpg", "b/img.JPG"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert [task.copy.name for task in plan_photos(["a/IMG.jpg", "b/img.JPG"], None)] == ["IMG.jpg", "img-2.JPG"]


def test_no_copy_goes_to_where_a_link_leads_that_nobody_named(folder):
    Path("album").mkdir(exist_ok=True)
    Path("album/a.jpg").touch()
    Path("album/a-annotated.jpg").symlink_to("../letter.txt")
    assert [task.copy.name for task in plan_photos(["album"], Path("album"))] == ["a-annotated-2.jpg"]
