#!/usr/bin/env python3
"""What do the faces before this camera feel? Shows it live: q or Esc quits, s takes a snapshot, space pauses.

python live_cam_predict.py
python live_cam_predict.py --browser
python live_cam_predict.py --camera data/samples/astronaut.mp4 -o recording.mp4 --csv emotions.csv
"""

from emotion.cli.interrupt import exit_on_signals

if __name__ == "__main__":
    exit_on_signals(130)  # the imports below take half a second: until they are done, a signal would be a traceback

import argparse
import logging
from contextlib import ExitStack
from pathlib import Path

from emotion.cli import app, flags, terminal
from emotion.cli.interrupt import Interrupt
from emotion.cli.live_view import FpsMeter, LiveView
from emotion.cli.window import missing_display
from emotion.errors import InputError
from emotion.media.camera import Camera
from emotion.media.recording import USUAL_FPS, Recording
from emotion.outputs import check_apart, check_places
from emotion.results.overlay import draw_faces
from emotion.results.records import Records
from emotion.results.timeline import Timeline

WAIT_S = 0.03  # for a frame, before the window's keys are looked at again


def main() -> int:
    args = parse_arguments()
    if args.browser:
        return serve_page(args)
    with Interrupt() as interrupt, Camera(args.camera or "0") as camera, ExitStack() as outputs:
        recognizer = flags.video_recognizer(args, USUAL_FPS)
        check_apart([*camera.files, *recognizer.files], outputs_of(args))
        labels, about = recognizer.labels, recognizer.classifier.about
        timeline, meter = Timeline(labels), FpsMeter(USUAL_FPS)
        records = outputs.enter_context(Records(args.json, args.csv, labels, about, camera.name))
        recording = outputs.enter_context(Recording(args.output)) if args.output else None
        view = outputs.enter_context(LiveView(f"Emotions: {camera.name}")) if args.window else None

        while not (interrupt or camera.finished or (view and view.quit)):
            captured = None if view and view.paused else camera.newest(WAIT_S)
            if captured:
                image, time_s, captured_s = captured
                faces = recognizer.recognize(image, time_s)
                records.add(timeline.frames, time_s, faces)
                timeline.add(time_s, faces)
                if recording or view:
                    draw_faces(image, faces)
                if recording:
                    recording.write(image, time_s)
                if view:
                    view.show(image, meter.text)
                meter.tick(captured_s)
                recognizer.set_fps(meter.fps)
            if view:
                view.handle_keys(WAIT_S if view.paused else 0)
        left_early = camera.files and not camera.finished  # a camera has no end: wherever it is left, that is all
        records.problem = camera.problem or ("interrupted" if left_early else None)
    return report(args, camera, timeline, meter, bool(interrupt))


def parse_arguments() -> argparse.Namespace:
    parser = app.Parser(__doc__)
    parser.add_argument("--camera", metavar="0|URL|FILE",
                        help="a camera's number, a stream (http://, rtsp://), or a video file (default: 0)")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.mp4", help="record what is shown, H.264")
    flags.add_record_flags(parser, "frame")
    flags.add_browser_flags(parser)
    flags.add_video_flags(parser)
    flags.add_shared_flags(parser)
    args = parser.parse_args()
    outputs = outputs_of(args)
    check_places(outputs)
    if args.browser and terminal.STDOUT in outputs.values():
        raise InputError("--browser: each visitor is recorded in files of its own; name a file, not -")
    if args.browser:
        return args
    problem = missing_display()
    args.window = problem is None
    if problem and not any(outputs.values()):
        raise InputError(f"no window can be shown: {problem}; use --browser, or write with -o OUT.mp4, --csv or --json")
    if problem:
        logging.getLogger("emotion").info(f"no window: {problem}; running on without, Ctrl-C ends")
    return args


def outputs_of(args: argparse.Namespace) -> dict[str, Path | None]:
    """What is written, by the flags that ask for it."""
    return {"-o": args.output, "--csv": args.csv, "--json": args.json}


def serve_page(args: argparse.Namespace) -> int:
    """The same in a browser."""
    try:
        from emotion.cli.browser import serve  # a window needs no server
    except ModuleNotFoundError as error:
        raise InputError(f"--browser needs {error.name}: pip install {error.name}") from None
    return serve(args)


def report(args: argparse.Namespace, camera: Camera, timeline: Timeline, meter: FpsMeter, interrupted: bool) -> int:
    """The summary on stdout, unless a record goes there; what went wrong on stderr. Returns the exit code."""
    say = terminal.speaker(args.json, args.csv)
    fps = timeline.fps(meter.fps)
    for line in (f"camera {camera.name}: {timeline.camera_length(fps)}", *timeline.summary(fps)):
        say(line)
    if args.output and timeline.frames:
        say(f"recorded: {args.output}")
    return app.ended(interrupted, camera.name, camera.problem)


if __name__ == "__main__":
    app.run(main)
