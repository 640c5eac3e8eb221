"""How every worker of a run does its part, and what it must have for that."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

import emotion
from emotion.cluster.sources import HOST, WorkerError
from emotion.faces.recognizer import Recognizer
from emotion.media.decode import MAX_PIXELS
from emotion.model_file import light
from emotion.model_file.stored import sha256
from emotion.shipped import MODEL

Options = tuple[tuple[str, Any], ...]  # keyword arguments by name
Hashes = tuple[tuple[str, str], ...]  # SHA-256 by the name of a file


@dataclass(frozen=True)
class Settings:
    """How every worker does its part; the same on each, which `load` checks."""

    folder: str  # that relative paths start from
    models: tuple[str | None, ...]  # absolute paths; None for the model of the worker's own repository
    hashes: tuple[str, ...]  # of the models
    detector: Hashes  # without YuNet's file the cascade alone would search, in silence
    versions: tuple[tuple[str, str], ...]
    photo_options: Options = ()  # of Recognizer.for_photos
    film_options: Options = ()  # of Recognizer.for_video
    max_pixels: int = MAX_PIXELS
    timeout: float = 120.0
    copies: str | None = None  # the folder of the annotated copies, if any are wanted


def versions() -> tuple[tuple[str, str], ...]:
    """What the results depend on, beside the files and the flags."""
    return (("emotion", emotion.__version__), ("opencv", cv2.__version__))


def detector_hashes(recognizer: Recognizer) -> Hashes:
    """Of the files by which `recognizer` finds faces."""
    return tuple((path.name, sha256(path)) for path in recognizer.detector.files)


@functools.lru_cache(maxsize=4)  # a cluster that stays up may see many runs
def load(settings: Settings, films: bool) -> Recognizer:
    """The recognizer of photos or of films, once a process. WorkerError where this machine has not what the run needs."""
    cv2.setNumThreads(1)  # there are as many processes as cores
    light.THREADS = 1
    if differing := dict(settings.versions).items() - dict(versions()).items():
        raise WorkerError(f"{HOST}: has other versions than the run: {dict(differing)} is asked for")
    models = [Path(model) if model else MODEL for model in settings.models]
    for model, expected in zip(models, settings.hashes, strict=True):
        if not model.is_file() or sha256(model) != expected:
            raise WorkerError(f"{HOST}: {model}: is not the model of this run; copy it there")
    if films:
        recognizer = Recognizer.for_video(models, **dict(settings.film_options))
    else:
        recognizer = Recognizer.for_photos(models, **dict(settings.photo_options))
    if differing := set(settings.detector) ^ set(detector_hashes(recognizer)):
        names = ", ".join(sorted({name for name, _ in differing}))
        raise WorkerError(f"{HOST}: the detector's files are not those of this run ({names}); copy them there")
    return recognizer
