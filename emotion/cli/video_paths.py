"""Which videos a command line means, and where their annotated copies go."""

import itertools
import os
from pathlib import Path
from typing import NamedTuple

from emotion.cli.input_paths import STDIN, find_files, free_name, is_free
from emotion.errors import InputError
from emotion.media.address import hide_password
from emotion.media.animation import AnimationReader, open_video
from emotion.media.decode import MAX_PIXELS
from emotion.media.part import Part
from emotion.media.suffixes import VIDEOS
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import WRITABLE
from emotion.outputs import OUTPUT, check_folder, place_of

SUFFIXES = VIDEOS | {".gif"}  # other animations look like photos


class VideoTask(NamedTuple):
    """A video and the places of its annotated copy and of its plot, if there are to be such."""

    video: Path
    copy: Path | None
    plot: Path | None = None

    def open(self, part: Part, max_pixels: int = MAX_PIXELS) -> VideoReader | AnimationReader:
        return open_video(self.video, part, max_pixels)


def plan_videos(arguments: list[str], output: Path | None, copies: bool) -> list[VideoTask]:
    """The videos of the command line, each with a copy of its own, if there are to be `copies`.

    `output` is a folder, or for a single video a file; None is the folder output/.
    """
    folder = output or OUTPUT
    for argument in arguments:
        check_is_file(argument)
    videos = [found for argument in arguments for found in find_files(argument, SUFFIXES, copies=folder)]
    if all(os.path.isdir(video) for video, _ in videos):  # noqa: PTH112
        looked_for = " ".join(sorted(SUFFIXES))
        raise InputError(
            f"{' '.join(arguments)}: no video in there; looked for {looked_for}; img_predict.py reads pictures"
        )
    if not copies:
        return [VideoTask(video, None) for video, _ in videos]
    if output and not output.is_dir() and (output.suffix.lower() in WRITABLE or is_one_file(arguments, output)):
        if len(videos) > 1:
            raise InputError(f"-o {output}: one file for {len(videos)} videos; name a folder")
        return [VideoTask(videos[0][0], output)]
    check_folder(folder)
    originals = {place_of(video) for video, _ in videos}
    taken = set(originals)
    tasks = []
    for video, name in videos:
        copy = free_name((folder / name).with_suffix(".mp4"), originals, taken)
        taken.add(place_of(copy))
        tasks.append(VideoTask(video, copy))
    return tasks


def check_is_file(argument: str) -> None:
    """Refuse what is read elsewhere: an address, which as a path would lose a slash and show its password, and stdin."""
    if "://" in argument:
        raise InputError(
            f"{hide_password(argument)}: an address; download it first, or play it: live_cam_predict.py --camera ADDRESS"
        )
    if argument == STDIN:
        raise InputError("-: a video is not read from stdin; name a file")


def is_one_file(arguments: list[str], output: Path) -> bool:
    """Whether `output` is meant as a file: it has an ending, if not a video's, and one video is named, not its folder."""
    return bool(output.suffix) and len(arguments) == 1 and not os.path.isdir(arguments[0])  # noqa: PTH112


def with_plots(tasks: list[VideoTask], plots: Path) -> list[VideoTask]:
    """`tasks`, each with a plot of its own: `plots` is the file of a single one, or the folder."""
    if len(tasks) == 1 and plots.suffix and not plots.is_dir():
        return [tasks[0]._replace(plot=plots)]
    taken = {place_of(task.video) for task in tasks}
    plotted = []
    for task in tasks:
        stem = task.video.stem
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        plot = next(path for name in names if is_free(path := plots / f"{name}.png", taken))
        taken.add(place_of(plot))
        plotted.append(task._replace(plot=plot))
    return plotted
