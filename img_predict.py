#!/usr/bin/env python3
"""What do the faces in these photos feel? Prints one line per face and writes annotated copies into output/.

python img_predict.py data/samples/astronaut.jpg
python img_predict.py data/samples --json emotions.json --csv emotions.csv
python img_predict.py "data/samples/*.jpg" -o annotated --crops faces --quiet
"""

from emotion.cli.interrupt import exit_on_signals

if __name__ == "__main__":
    exit_on_signals(130)  # the imports below take half a second: until they are done, a signal would be a traceback

import argparse
import logging
from pathlib import Path

import cv2
import numpy as np

from emotion.cli import app, flags, terminal
from emotion.cli.interrupt import Interrupt
from emotion.cli.photo_paths import PhotoTask, plan_photos
from emotion.cli.window import ESCAPE, Q, Window, missing_display
from emotion.errors import InputError, named
from emotion.faces.recognition import Recognition
from emotion.faces.recognizer import Recognizer
from emotion.media.photo import write_photo
from emotion.outputs import OUTPUT, check_apart, check_folder, check_places
from emotion.results.crops import check_crops, write_crops
from emotion.results.html_report import HtmlReport
from emotion.results.overlay import draw_faces
from emotion.results.records import Records

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments()
    tasks = plan_photos(args.paths, args.output, args.copies, args.crops)
    records_at = {"--json": args.json, "--csv": args.csv, "--report": args.report}
    check_places(records_at)  # the folders of the copies are made as they come
    if args.crops:
        check_folder(args.crops, "--crops")
    show = args.show and can_show()
    say = terminal.speaker(args.json, args.csv)
    recognizer = flags.photo_recognizer(args)
    copies = {"-o" if len(tasks) == 1 else f"-o, for {task.name}": task.copy for task in tasks}
    photos = [task.photo for task in tasks if isinstance(task.photo, Path)]
    check_apart([*photos, *recognizer.files], copies | records_at)
    if args.crops:
        check_crops(args.crops, recognizer.labels, photos)
    source = tasks[0].name if len(tasks) == 1 else None
    report = HtmlReport(recognizer.labels)
    failures: list[str] = []
    # Contexts exit in reverse order: the records are finished before Ctrl-C means again what it always means.
    with (
        Interrupt() as interrupt,
        Records(args.json, args.csv, recognizer.labels, recognizer.classifier.about, source) as records,
    ):
        for index, task in enumerate(terminal.progress(tasks, "photo", args)):
            try:
                picture, faces = predict(task, index, recognizer, report, args)
            except (InputError, cv2.error, MemoryError) as error:
                failures.append(named(task.name, error))
                records.fail(index, task.name, failures[-1].removeprefix(f"{task.name}: "))
                report.add_failure(task.name, failures[-1].removeprefix(f"{task.name}: "))
                continue
            records.add(index, None, faces, task.name)
            for line in describe(task.name, faces):
                say(line)
            show = show and show_photo(picture, Path(task.name).name, interrupt)
            if interrupt:
                records.problem = "interrupted"
                break
        if args.report:
            report.write(args.report)
    if args.copies and len(failures) < len(tasks):
        logger.info(f"annotated: {tasks[0].copy if len(tasks) == 1 else args.output or OUTPUT}")
    return app.report(failures, len(tasks), bool(interrupt))


def predict(
    task: PhotoTask, index: int, recognizer: Recognizer, report: HtmlReport, args: argparse.Namespace
) -> tuple[np.ndarray, list[Recognition]]:
    """The annotated photo, BGR uint8 (H, W, 3), and its faces; what is asked for is written of them."""
    picture = task.read(args.max_pixels)
    faces = recognizer.recognize(picture)
    if args.crops:
        write_crops(args.crops, f"{index + 1:04}-{Path(task.name).stem}", picture, faces)
    if args.report:
        report.add_photo(task.name, picture, faces)
    draw_faces(picture, faces)
    if task.copy:
        write_photo(task.copy, picture)
    return picture, faces


def parse_arguments() -> argparse.Namespace:
    parser = app.Parser(__doc__)
    parser.add_argument("paths", nargs="+", metavar="PATH",
                        help="a photo, a folder to walk, a glob in quotes, a URL, or - for stdin")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="OUT",
                        help="a folder for annotated copies, or a file for one photo (default: output/)")  # fmt: skip
    parser.add_argument("--copies", action=argparse.BooleanOptionalAction, default=True,
                        help="write the annotated copies (default), or not")  # fmt: skip
    parser.add_argument("--crops", type=Path, metavar="DIR", help="write each face as DIR/EMOTION/NAME.png")
    flags.add_record_flags(parser, "photo")
    parser.add_argument(
        "--report", type=Path, metavar="HTML", help="a page with all photos, to look through and filter"
    )
    parser.add_argument("--show", action=argparse.BooleanOptionalAction, default=False,
                        help="show each photo in a window; a key goes on, q or Esc stops showing")  # fmt: skip
    flags.add_max_pixels(parser, "refuse larger photos, unread (default: 200)")
    flags.add_shared_flags(parser)
    return parser.parse_args()


def describe(name: str, faces: list[Recognition]) -> list[str]:
    """A line a face: emotion, confidence, box as x,y width x height, every probability in percent."""
    if not faces:
        return [f"{name}: no face found"]
    lines = []
    for face in faces:
        x, y, width, height = face.box
        every = "  ".join(f"{label} {score:.0%}" for label, score in face.scores.items())
        lines.append(f"{name}: {face.emotion} {face.confidence:.0%} at {x},{y} {width}x{height}  ({every})")
    return lines


def can_show() -> bool:
    """Whether there is a display; says so if there is none, for all else is done all the same."""
    if problem := missing_display():
        logger.info(f"--show is left out: {problem}")
    return not problem


def show_photo(picture: np.ndarray, title: str, interrupt: Interrupt) -> bool:
    """Show BGR uint8 (H, W, 3) until a key is pressed or Ctrl-C; False if the key means that it is enough."""
    with Window(title, *picture.shape[1::-1]) as window:
        window.show(picture)
        while (key := window.key(50)) < 0 and not interrupt:
            pass
    return key not in (Q, ESCAPE)


if __name__ == "__main__":
    app.run(main)
