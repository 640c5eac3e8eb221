import os
from pathlib import Path

import pytest

from emotion.cli.input_paths import free_name
from emotion.cli.video_paths import VideoTask, plan_videos, with_plots
from emotion.errors import InputError


@pytest.fixture
def films(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("films/a.avi", "films/sub/b.mp4", "one/c.webm", "pictures/d.jpg", "x.mp4", "x.mkv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def copies(arguments, output):
    return [task.copy.as_posix() for task in plan_videos(arguments, Path(output), copies=True)]


@pytest.mark.parametrize(
    ("arguments", "output", "expected"),
    [
        (["x.mp4"], "out.mp4", ["out.mp4"]),
        (["x.mp4"], "out", ["out/x.mp4"]),
        (["x.mp4"], "out.webm", ["out.webm"]),  # refused by check_writable, which names the right ending
        (["one"], "out.mov", ["out.mov"]),
        (["one"], "out", ["out/c.mp4"]),
        (["one"], "run.2", ["run.2/c.mp4"]),
        (["x.mp4", "x.mkv"], "out", ["out/x.mp4", "out/x-2.mp4"]),
        (["films"], "out", ["out/a.mp4", "out/sub/b.mp4"]),
        (["films"], "films", ["films/a-annotated.mp4", "films/sub/b-annotated.mp4"]),
    ],
)
def test_a_copy_goes_into_a_folder_unless_a_file_is_named(arguments, output, expected, films):
    assert copies(arguments, output) == expected


def test_copies_among_the_originals_are_not_read_by_the_next_call(films):
    for copy in copies(["films"], "films"):
        Path(copy).touch()
    assert copies(["films"], "films") == ["films/a-annotated.mp4", "films/sub/b-annotated.mp4"]


@pytest.mark.parametrize("arguments", [["pictures"], ["pictures", "pictures"]])
def test_a_folder_without_a_video_is_named_with_what_was_looked_for(arguments, films):
    with pytest.raises(InputError, match=r"pictures: no video in there; looked for .*\.mp4 .*; img_predict\.py reads"):
        plan_videos(arguments, None, copies=True)


def plots(videos, place):
    tasks = with_plots([VideoTask(Path(video), None) for video in videos], Path(place))
    return [task.plot.as_posix() for task in tasks]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (
            "https://me:pw@example.org/a.mp4",
            r"^https://\*\*\*@example\.org/a\.mp4: an address; download it first, or play it",
        ),
        ("rtsp://h/live?token=t", r"^rtsp://h/live\?token=\*\*\*: an address"),
        ("-", "^-: a video is not read from stdin; name a file"),
    ],
)
def test_an_address_is_refused_whole_and_without_its_password(argument, said):
    with pytest.raises(InputError, match=said):
        plan_videos(["a.mp4", argument], None, copies=True)


def test_the_plot_of_one_video_is_a_file():
    assert plots(["a.mp4"], "a.svg") == ["a.svg"]
    assert plots(["a.mp4"], "plots") == ["plots/a.png"]


def test_videos_of_one_name_have_plots_of_their_own():
    assert plots(["p/x.mp4", "q/x.mp4", "x.avi", "y.mp4"], "out") == [
        "out/x.png", "out/x-2.png", "out/x-3.png", "out/y.png",
    ]  # fmt: skip


def test_no_plot_takes_the_place_of_an_animation_that_is_read():
    assert plots(["x.png", "y/x.mp4"], ".") == ["x-2.png", "x-3.png"]


def test_names_that_some_disks_take_for_one_are_two():
    assert plots(["p/x.mp4", "q/X.mp4", "r/\u00e4.mp4", "s/a\u0308.mp4"], "out") == [
        "out/x.png", "out/X-2.png", "out/\u00e4.png", "out/a\u0308-2.png",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_nothing_goes_to_where_a_link_leads_that_nobody_named(tmp_path):
    (tmp_path / "x.png").symlink_to(tmp_path / "letter.txt")
    (tmp_path / "y.mp4").symlink_to(tmp_path / "letter.txt")
    assert plots(["p/x.mp4", "q/y.mp4"], tmp_path) == [str(tmp_path / "x-2.png"), str(tmp_path / "y.png")]
    assert free_name(tmp_path / "y.mp4", set(), set()) == tmp_path / "y-2.mp4"
