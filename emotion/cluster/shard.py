"""What a worker does: the photos of a shard, or its film, and what became of each. Knows no engine."""

import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from emotion.cluster.plan import Shard
from emotion.cluster.settings import Settings, load
from emotion.cluster.sources import HOST, WorkerError, is_remote, is_video, local_video, path_of, read_source
from emotion.errors import InputError, reason
from emotion.faces.recognizer import Recognizer
from emotion.media.address import hide_password
from emotion.media.photo import WRITABLE, write_photo
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink
from emotion.results.overlay import annotate
from emotion.results.records import rounded

NAME_BYTES = 200  # of a copy's: a system's limit is 255, and a number comes before it
# What is wrong with the disk that is written to, not with what is read.
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class ShardTask:
    """A shard to do, or of one that ended its process, the photo at `only`. `skip` says what is given up, and why."""

    shard: Shard
    only: int | None = None
    skip: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class ShardResult:
    """What came of it: JSON lines, and how many faces and failures are in them."""

    text: str
    faces: int
    failed: int


def process(task: ShardTask, settings: Settings, give_up: Callable[[int], None]) -> ShardResult:
    """Do `task`. Where a file takes longer than `settings.timeout`, `give_up` is called with its place, in a thread.

    WorkerError for what is the fault of no file: the run ends there, and goes on once it is mended.
    """
    result = ResultLines()
    skip = dict(task.skip)
    places = range(len(task.shard.sources)) if task.only is None else [task.only]
    recognizer = load(settings, is_video(task.shard.sources[0]))  # no file is to blame for the time that this takes
    with Watch(settings.timeout, give_up) as watch:
        for place in places:
            source, index = task.shard.sources[place], task.shard.first + place
            watch.begin(place)
            try:
                if place in skip:
                    raise InputError(skip[place])
                if is_video(source):
                    for record in film(source, recognizer.new_stream(), settings, task.shard, watch):
                        result.add(record)
                else:
                    result.add(photo(source, index, recognizer, settings, task.shard))
            except WorkerError:
                raise
            except Exception as error:  # one of a million may do what no test has: its neighbours are done all the same
                if {getattr(e, "errno", None) for e in (error, error.__context__)} & DISK:
                    raise WorkerError(f"{HOST}: {one_line('', error)}") from None
                result.add(failure(source, index, one_line(full_name(source, settings), error)))
    return result.joined()


class ResultLines:
    """A result as it grows: what a film has given stays, whatever happens to it later.

    A film of two hours is 200,000 records: as lines they take 100 MB, as objects ten times that.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.faces = self.failed = 0

    def add(self, record: dict) -> None:
        self.lines.append(json.dumps(record, ensure_ascii=False) + "\n")
        self.faces += len(record["faces"])
        self.failed += "problem" in record

    def joined(self) -> ShardResult:
        return ShardResult("".join(self.lines), self.faces, self.failed)


def photo(source: str, index: int, recognizer: Recognizer, settings: Settings, shard: Shard) -> dict:
    """The record of a photo, and its copy if there are to be copies. InputError where it cannot be read."""
    picture = read_source(full_name(source, settings), settings.max_pixels)
    faces = recognizer.recognize(picture)
    if settings.copies:
        write_photo(copy_path(settings.copies, shard, index, source), annotate(picture, faces))
    found = [face.as_dict() for face in faces]
    return {"index": index, "time_s": None, "source": hide_password(source), "faces": found}


def film(source: str, recognizer: Recognizer, settings: Settings, shard: Shard, watch: "Watch") -> Iterator[dict]:
    """A record a frame; each frame is a sign of life, and each piece of a film that is fetched."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(local_video(full_name(source, settings), lambda: watch.begin(0)))
        video = stack.enter_context(VideoReader(path, max_pixels=settings.max_pixels))
        recognizer.set_fps(video.info.fps)
        sink = None
        if settings.copies:
            target = copy_path(settings.copies, shard, shard.first, source).with_suffix(".mp4")
            target.parent.mkdir(parents=True, exist_ok=True)
            sink = stack.enter_context(VideoSink(target, video.info, sound_from=path))
        for index, (image, time_s, duration_s) in enumerate(video):
            watch.begin(0)
            faces = recognizer.recognize(image, time_s)
            found = [face.as_dict() for face in faces]
            yield {"index": index, "time_s": rounded(time_s), "source": hide_password(source), "faces": found}
            if sink:
                sink.write(annotate(image, faces), time_s, duration_s)
    if video.problem:
        yield failure(source, shard.first, video.problem)


def full_name(source: str, settings: Settings) -> str:
    """Where `source` is read; one worker may serve runs that were started in several folders."""
    return source if is_remote(source) else str(Path(settings.folder, source))


def copy_path(folder: str, shard: Shard, index: int, source: str) -> Path:
    """A place of its own for each copy, and no folder of a million."""
    name = Path(path_of(source))
    stem = os.fsencode(name.stem)[:NAME_BYTES].decode(errors="ignore")
    path = Path(folder, shard.name, f"{index:07}-{stem}")
    kept = name.suffix.lower() in WRITABLE or is_video(source)
    return path.with_name(path.name + (name.suffix if kept else ".png"))


def failure(source: str, index: int, problem: str) -> dict:
    """The record of a file that nothing could be made of."""
    return {"index": index, "time_s": None, "source": hide_password(source), "problem": problem, "faces": []}


def one_line(name: str, error: Exception) -> str:
    """What is wrong with the file that is read as `name`, without that name, and without its password wherever it stands."""
    if isinstance(error, InputError):
        text = str(error)
    elif isinstance(error, (MemoryError, cv2.error)):
        text = reason(error)
    else:
        text = f"{type(error).__name__}: {reason(error)}"
    told = hide_password(name)
    return text.replace(name, told).removeprefix(f"{told}: ")


class Watch:
    """A context manager whose thread calls `give_up` with the place of the file that takes longer than `timeout` seconds.

    What hangs hangs in C++, where no exception reaches it: giving up means to end the process.
    """

    def __init__(self, timeout: float, give_up: Callable[[int], None]):
        self.timeout, self.give_up = timeout, give_up
        self.begin(0)
        self.over = threading.Event()

    def begin(self, place: int) -> None:
        self.begun = place, time.monotonic()  # in one: or the thread might blame a file for the time of the one before

    def __enter__(self) -> "Watch":
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.over.set()
        self.thread.join()

    def look(self) -> None:
        while not self.over.wait(min(1.0, self.timeout / 4)):
            place, since = self.begun
            if time.monotonic() - since > self.timeout:
                self.give_up(place)
                return


def merge(shard: Shard, pieces: dict[int, ShardResult]) -> ShardResult:
    """The result of a shard whose photos were done one by one; `pieces` by place."""
    ordered = [pieces[place] for place in range(len(shard.sources))]
    return ShardResult("".join(p.text for p in ordered), sum(p.faces for p in ordered), sum(p.failed for p in ordered))


def given_up(shard: Shard, place: int, problem: str) -> ShardResult:
    """The result of a file that no worker got done."""
    record = failure(shard.sources[place], shard.first + place, problem)
    return ShardResult(json.dumps(record, ensure_ascii=False) + "\n", 0, 1)
