#!/usr/bin/env python3
"""What do the faces in these photos feel? Prints a line a face and writes annotated copies into output/.

python img_predict.py data/samples/astronaut.jpg
python img_predict.py data/samples --json emotions.json --csv emotions.csv
python img_predict.py "data/samples/*.jpg" -o annotated --no-show --quiet
"""

if __name__ == "__main__":  # the imports below take half a second: until they are done, a signal would be a traceback
    import os
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(130))

import argparse
import logging
from pathlib import Path

import cv2
import numpy as np

from emotion.cli import app, flags
from emotion.cli.interrupt import Interrupt
from emotion.cli.photo_paths import OUTPUT, plan
from emotion.cli.window import ESCAPE, Q, Window, missing_display
from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.files import check_apart, check_places
from emotion.media.photo import read_photo, write_photo
from emotion.results.overlay import annotate
from emotion.results.records import Records

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments()
    tasks = plan(args.paths, args.output)
    records = {"--json": args.json, "--csv": args.csv}
    check_places(records)  # the folders of the copies are made as they come
    show = args.show and can_show()
    recognizer = flags.photo_recognizer(args)
    copies = {"-o" if len(tasks) == 1 else f"-o, for {task.photo}": task.copy for task in tasks}
    check_apart([*(task.photo for task in tasks), *recognizer.files], copies | records)
    failures = []
    source = str(tasks[0].photo) if len(tasks) == 1 else None
    with (
        Interrupt() as interrupt,
        Records(args.json, args.csv, recognizer.labels, recognizer.classifier.about, source) as records,
    ):
        for index, task in enumerate(app.progress(tasks, "photo", args)):
            try:
                picture = read_photo(task.photo)
                faces = recognizer.recognize(picture)
                annotated = annotate(picture, faces)
                write_photo(task.copy, annotated)
            except (InputError, cv2.error, MemoryError) as error:
                failures.append(one_line(task.photo, error))
                continue
            records.add(index, None, faces, str(task.photo))
            app.say(describe(task.photo, faces))
            show = show and show_photo(annotated, task.photo.name, interrupt)
            if interrupt:
                break
    if interrupt:
        return app.ended(interrupted=True)
    if len(failures) < len(tasks):
        logger.info(f"annotated: {tasks[0].copy if len(tasks) == 1 else args.output or OUTPUT}")
    return app.report(failures, len(tasks))


def parse_arguments() -> argparse.Namespace:
    parser = app.Parser(__doc__)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a photo, a folder to walk, or a glob in quotes")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT",
                        help="a folder for annotated copies, or a file for one photo (default: output/)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all boxes and probabilities as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write them as a table, one row a face")
    parser.add_argument("--show", action=argparse.BooleanOptionalAction, default=False,
                        help="show each photo in a window; a key goes on, q or Esc stops showing")  # fmt: skip
    flags.add_shared_flags(parser)
    return parser.parse_args()


def describe(photo: Path, faces: list[Recognition]) -> str:
    """A line a face: emotion, confidence, box as x,y width x height, every probability in percent."""
    if not faces:
        return f"{photo}: no face found"
    lines = []
    for face in faces:
        x, y, width, height = face.box
        every = "  ".join(f"{label} {score:.0%}" for label, score in face.scores.items())
        lines.append(f"{photo}: {face.emotion} {face.confidence:.0%} at {x},{y} {width}x{height}  ({every})")
    return "\n".join(lines)


def can_show() -> bool:
    """Whether there is a display; says so if there is none, for the copies are written all the same."""
    if problem := missing_display():
        logger.info(f"--show: {problem}; the annotated copies are still written")
    return not problem


def show_photo(picture: np.ndarray, title: str, interrupt: Interrupt) -> bool:
    """Show BGR uint8 (H, W, 3) until a key is pressed; False if the key means that it is enough."""
    with Window(title, *picture.shape[1::-1]) as window:
        window.show(picture)
        while (key := window.key(50)) < 0 and not interrupt:
            pass
    return key not in (Q, ESCAPE)


def one_line(photo: Path, error: Exception) -> str:
    """What went wrong with `photo`; OpenCV and a full memory do not say with which."""
    if isinstance(error, InputError):
        return str(error)
    return f"{photo}: {getattr(error, 'err', None) or 'too large for the memory of this machine'}"


if __name__ == "__main__":
    app.run(main)
