"""What a worker does: the photos of a shard, or its film, and what became of each. Knows no engine."""

import contextlib
import functools
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

import emotion
from emotion.cluster.plan import HOST, Shard
from emotion.cluster.sources import is_remote, is_video, local_video, read_source
from emotion.errors import InputError
from emotion.faces.recognizer import Recognizer
from emotion.faces.video_detector import VideoDetector, frames_between_searches
from emotion.files import MODEL
from emotion.media.decode import MAX_PIXELS
from emotion.media.photo import WRITABLE, write_photo
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink
from emotion.model_file import light
from emotion.model_file.stored import sha256
from emotion.results.overlay import annotate
from emotion.results.records import face_record, rounded

Options = tuple[tuple[str, Any], ...]  # keyword arguments by name


@dataclass(frozen=True)
class Settings:
    """How every worker does its part; the same on each, which `load` checks."""

    folder: str  # that relative paths start from
    models: tuple[str | None, ...]  # absolute paths; None for the model of the worker's own repository
    hashes: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    photo_options: Options = ()  # of Recognizer.for_photos
    film_options: Options = ()  # of Recognizer.for_video
    max_pixels: int = MAX_PIXELS
    timeout: float = 120.0
    copies: str | None = None  # the folder of the annotated copies, if any are wanted


@dataclass(frozen=True)
class Task:
    """A shard to do, or of one that ended its process, the photo at `only`. `skip` says what is given up, and why."""

    shard: Shard
    only: int | None = None
    skip: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Part:
    """What came of it: JSON lines, and how many faces and failures are in them."""

    text: str
    faces: int
    failed: int


def versions() -> tuple[tuple[str, str], ...]:
    """What the results depend on, beside the model and the flags."""
    return (("emotion", emotion.__version__), ("opencv", cv2.__version__))


@functools.cache
def load(settings: Settings, films: bool) -> Recognizer:
    """The recognizer of photos or of films, once a process. InputError where this machine has not what the run needs."""
    cv2.setNumThreads(1)  # there are as many processes as cores
    light.THREADS = 1
    with contextlib.suppress(OSError):  # with addresses alone the folder need not be here
        os.chdir(settings.folder)
    if differing := dict(settings.versions).items() - dict(versions()).items():
        raise MismatchError(f"{HOST}: has other versions than the run: {dict(differing)} is asked for")
    models = [Path(model) if model else MODEL for model in settings.models]
    for model, expected in zip(models, settings.hashes, strict=True):
        if not model.is_file() or sha256(model) != expected:
            raise MismatchError(f"{HOST}: {model}: is not the model of this run; copy it there")
    if films:
        return Recognizer.for_video(models, **dict(settings.film_options))
    return Recognizer.for_photos(models, **dict(settings.photo_options))


def process(task: Task, settings: Settings, give_up: Callable[[int], None]) -> Part:
    """Do `task`. Where a file takes longer than `settings.timeout`, `give_up` is called with its place, in a thread."""
    lines: list[str] = []
    faces = failed = 0
    skip = dict(task.skip)
    places = range(len(task.shard.sources)) if task.only is None else [task.only]
    with Watch(settings.timeout, give_up) as watch:
        for place in places:
            source, index = task.shard.sources[place], task.shard.first + place
            watch.begin(place)
            try:
                if place in skip:
                    raise InputError(skip[place])
                if is_video(source):
                    records = film(source, load(settings, True).new_stream(), settings, task.shard, watch)
                else:
                    records = [photo(source, index, load(settings, False), settings, task.shard)]
            except MismatchError:
                raise
            except (InputError, cv2.error, MemoryError) as error:
                records = [failure(source, index, one_line(source, error))]
            failed += sum("problem" in record for record in records)
            faces += sum(len(record.get("faces", ())) for record in records)
            lines += [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    return Part("".join(lines), faces, failed)


def photo(source: str, index: int, recognizer: Recognizer, settings: Settings, shard: Shard) -> dict:
    picture = read_source(source, settings.max_pixels)
    faces = recognizer.recognize(picture)
    if settings.copies:
        write_photo(copy_path(settings.copies, shard, index, source), annotate(picture, faces))
    return {"index": index, "time_s": None, "source": source, "faces": [face_record(face) for face in faces]}


def film(source: str, recognizer: Recognizer, settings: Settings, shard: Shard, watch: "Watch") -> list[dict]:
    """A record a frame; each frame is a sign of life."""
    records = []
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(local_video(source))
        video = stack.enter_context(VideoReader(path))
        if dict(settings.film_options).get("detect_every") is None and isinstance(recognizer.detector, VideoDetector):
            recognizer.detector.detect_every = frames_between_searches(video.info.fps)
        sink = None
        if settings.copies:
            target = copy_path(settings.copies, shard, shard.first, source).with_suffix(".mp4")
            target.parent.mkdir(parents=True, exist_ok=True)
            sink = stack.enter_context(VideoSink(target, video.info, sound_from=path))
        for index, (image, time_s, duration_s) in enumerate(video):
            watch.begin(0)
            faces = recognizer.recognize(image, time_s)
            found = [face_record(face) for face in faces]
            records.append({"index": index, "time_s": rounded(time_s), "source": source, "faces": found})
            if sink:
                sink.write(annotate(image, faces), time_s, duration_s)
    if video.problem:
        records.append(failure(source, shard.first, video.problem))
    return records


def copy_path(folder: str, shard: Shard, index: int, source: str) -> Path:
    """A place of its own for each copy, and no folder of a million."""
    name = Path(source).name if not is_remote(source) else source.rpartition("/")[2]
    path = Path(folder, shard.name, f"{index:07}-{name}")
    return path if path.suffix.lower() in WRITABLE or is_video(source) else path.with_suffix(".png")


def failure(source: str, index: int, problem: str) -> dict:
    """The record of a file that nothing could be made of."""
    return {"index": index, "time_s": None, "source": source, "problem": problem, "faces": []}


def one_line(source: str, error: Exception) -> str:
    if isinstance(error, InputError):
        return str(error).removeprefix(f"{source}: ")
    return getattr(error, "err", None) or "too large for the memory of this machine"


class MismatchError(InputError):
    """This worker has not what the run needs: no fault of the file that it was to read."""


class Watch:
    """A context manager whose thread calls `give_up` with the place of the file that takes longer than `timeout` seconds.

    What hangs hangs in C++, where no exception reaches it: giving up means to end the process.
    """

    def __init__(self, timeout: float, give_up: Callable[[int], None]):
        self.timeout, self.give_up = timeout, give_up
        self.place, self.since = 0, time.monotonic()
        self.over = threading.Event()

    def begin(self, place: int) -> None:
        self.place, self.since = place, time.monotonic()

    def __enter__(self) -> "Watch":
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.over.set()
        self.thread.join()

    def look(self) -> None:
        while not self.over.wait(min(1.0, self.timeout / 4)):
            if time.monotonic() - self.since > self.timeout:
                self.give_up(self.place)
                return


def merge(shard: Shard, pieces: dict[int, Part]) -> Part:
    """The part of a shard whose photos were done one by one; `pieces` by place."""
    ordered = [pieces[place] for place in range(len(shard.sources))]
    return Part("".join(p.text for p in ordered), sum(p.faces for p in ordered), sum(p.failed for p in ordered))


def given_up(shard: Shard, place: int, problem: str) -> Part:
    """The part of a file that no worker got done."""
    record = failure(shard.sources[place], shard.first + place, problem)
    return Part(json.dumps(record, ensure_ascii=False) + "\n", 0, 1)
