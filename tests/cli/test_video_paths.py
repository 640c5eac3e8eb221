from pathlib import Path

from emotion.cli.video_paths import Task, with_plots


def plots(videos, place):
    tasks = with_plots([Task(Path(video), None) for video in videos], Path(place))
    return [task.plot.as_posix() for task in tasks]


def test_the_plot_of_one_video_is_a_file():
    assert plots(["a.mp4"], "a.svg") == ["a.svg"]


def test_videos_of_one_name_have_plots_of_their_own():
    assert plots(["p/x.mp4", "q/x.mp4", "x.avi", "y.mp4"], "out") == [
        "out/x.png", "out/x-2.png", "out/x-3.png", "out/y.png",
    ]  # fmt: skip


def test_no_plot_takes_the_place_of_an_animation_that_is_read():
    assert plots(["x.png", "y/x.mp4"], ".") == ["x-2.png", "x-3.png"]
