#!/usr/bin/env python3
"""Who feels what in this video? Prints one line per face and writes an annotated copy, with its sound, into output/.

python vid_predict.py data/samples/astronaut.mp4
python vid_predict.py data/samples/astronaut.mp4 -o annotated.mp4 --plot timeline.png
python vid_predict.py data/samples --json emotions.json --start 1 --every 0.5 --quiet
"""

from emotion.cli.interrupt import exit_on_signals

if __name__ == "__main__":
    exit_on_signals(130)  # the imports below take half a second: until they are done, a signal would be a traceback

import argparse
import logging
from contextlib import ExitStack
from pathlib import Path

import cv2

from emotion.cli import app, flags, terminal
from emotion.cli.interrupt import Interrupt
from emotion.cli.video_paths import VideoTask, plan_videos, with_plots
from emotion.cli.window import ESCAPE, Q, Window, missing_display
from emotion.errors import InputError, named
from emotion.faces.recognizer import Recognizer
from emotion.media.part import Part
from emotion.media.recording import USUAL_FPS
from emotion.media.threads import WriteBehind, frames_ahead, read_ahead
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink, check_writable
from emotion.outputs import check_apart, check_figure, check_folder, check_places, make_folder
from emotion.results.html_report import HtmlReport, Pictures
from emotion.results.overlay import annotate, draw_faces
from emotion.results.records import Records
from emotion.results.timeline import Timeline, clock

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments()
    tasks, outputs = plan_outputs(args)
    recognizer = flags.video_recognizer(args, USUAL_FPS)
    check_apart([*(task.video for task in tasks), *recognizer.files], outputs)
    page = HtmlReport(recognizer.labels)
    failures: list[str] = []
    done = 0  # videos, also those of which a part is damaged
    # Contexts exit in reverse order: the outputs are finished before Ctrl-C means again what it always means.
    with Interrupt() as interrupt, ExitStack() as stack:

        def begin(source: str | None = None, fps: float | None = None) -> Records:
            about = recognizer.classifier.about
            return stack.enter_context(Records(args.json, args.csv, recognizer.labels, about, source, fps))

        records = begin() if len(tasks) > 1 else None
        for task in tasks:
            try:
                with task.open(args.part, args.max_pixels) as video:
                    if records is None:  # of the only video they say the rate
                        records = begin(str(task.video), round(video.info.fps, 3))
                    problem = predict(task, video, recognizer.new_stream(), records, page, args, interrupt)
                    done += 1
            except (InputError, cv2.error, MemoryError) as error:
                problem = named(task.video, error)
                if len(tasks) == 1 or records is None or records.lost:
                    raise InputError(problem) from None
                why = problem.removeprefix(f"{task.video}: ")
                records.fail(0, str(task.video), why)
                page.add_failure(str(task.video), why)
            if problem:
                failures.append(problem)
            if interrupt:
                break
        if records and (interrupt or failures):
            records.problem = "interrupted" if interrupt else "; ".join(failures)
        if args.report:
            page.write(args.report)
    return app.report(failures, len(failures) + done, bool(interrupt))


def predict(
    task: VideoTask, video, recognizer: Recognizer, records: Records, page: HtmlReport, args, interrupt: Interrupt
) -> str | None:
    """Read `video` to its end: draw, record and sum up what its faces feel. Returns what was wrong with the file."""
    info, start_s = video.info, args.part.start_s
    recognizer.set_fps(info.fps)
    timeline, pictures = Timeline(recognizer.labels, args.every), Pictures(recognizer.labels)
    source = None if records.source else str(task.video)
    with ExitStack() as outputs:
        write = open_copy(task, video, start_s, outputs) if task.copy else None
        window = outputs.enter_context(Window(str(task.video), info.width, info.height)) if args.show else None
        bar = outputs.enter_context(terminal.meter(info.frames or None, 0, "frame", args))
        detected = ((frame, *recognizer.detect(frame.image, frame.time_s)) for frame in video)
        detected = outputs.enter_context(read_ahead(detected, frames_ahead(info.width, info.height)))

        for index, ((image, time_s, duration_s), boxes, crops) in enumerate(detected):
            faces = recognizer.classify(boxes, crops, time_s)
            records.add(index, time_s, faces, source)
            timeline.add(time_s - start_s, faces)
            if args.report:
                pictures.add(image, time_s - start_s, faces)
            if window:
                window.show(annotate(image, faces))  # a copy: `write` draws on the frame itself
                if window.key() in (Q, ESCAPE):
                    interrupt.ask()
            if write:
                write(image, faces, time_s - start_s, duration_s)
            bar.update()
            if interrupt:
                break
    if task.plot:
        make_folder(task.plot.parent, "--plot")
        title = f"{task.video.name}, from {clock(start_s)} on" if start_s else task.video.name
        timeline.plot(task.plot, title)
    page.add_film(str(task.video), timeline, pictures, start_s)
    report(task, timeline, info.fps, terminal.speaker(args.json, args.csv))
    return f"{task.video}: {video.problem}" if video.problem and not interrupt else None


def open_copy(task: VideoTask, video, start_s: float, outputs: ExitStack) -> WriteBehind:
    """What draws faces on a frame and writes it to the video's copy, in a thread of its own, until `outputs` are closed."""
    make_folder(task.copy.parent)
    sound = task.video if isinstance(video, VideoReader) else None  # an animation has none
    sink = outputs.enter_context(VideoSink(task.copy, video.info, sound_from=sound, from_s=start_s))

    def draw_and_write(image, faces, time_s, duration_s):
        draw_faces(image, faces)
        sink.write(image, time_s, duration_s)

    return outputs.enter_context(WriteBehind(draw_and_write, frames_ahead(video.info.width, video.info.height)))


def parse_arguments() -> argparse.Namespace:
    parser = app.Parser(__doc__)
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="a video that FFmpeg reads, an animated picture, a folder to walk, or a glob in quotes")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.mp4",
                        help="the annotated copy, H.264, or the folder of the copies (default, if no other output is asked for: "
                             "output/NAME.mp4)")  # fmt: skip
    flags.add_record_flags(parser, "frame")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw who felt what over time; or a folder")
    parser.add_argument(
        "--report", type=Path, metavar="HTML", help="a page with who felt what when, and pictures of it"
    )
    parser.add_argument("--show", action="store_true", help="show it in a window meanwhile; q or Esc stops")
    flags.add_max_pixels(parser, "refuse frames of more than a sixth of it, unread (default: 200, so up to 8K)")
    flags.add_part_flags(parser)
    flags.add_video_flags(parser)
    flags.add_shared_flags(parser)
    args = parser.parse_args()
    if args.end <= args.start:
        raise InputError(f"--end {clock(args.end)}: is not after --start {clock(args.start)}")
    args.part = Part(args.start, args.end, args.every)
    return args


def plan_outputs(args: argparse.Namespace) -> tuple[list[VideoTask], dict[str, Path | None]]:
    """The videos with their copies, and the other outputs by their flags; refused here, before any work is done."""
    if args.show and (problem := missing_display()):
        if not (args.output or args.json or args.csv or args.plot or args.report):
            raise InputError(f"--show: {problem}; use -o OUT.mp4 instead")
        logger.info(f"--show is left out: {problem}")
        args.show = False
    copies = bool(args.output) or not (args.json or args.csv or args.plot or args.report or args.show)
    tasks = plan_videos(args.videos, args.output, copies)
    outputs = {"--json": args.json, "--csv": args.csv, "--report": args.report}
    if args.plot:
        tasks = with_plots(tasks, args.plot)
        check_figure(tasks[0].plot)
    plots = {"--plot" if len(tasks) == 1 else f"--plot, for {task.video}": task.plot for task in tasks}
    if args.plot and tasks[0].plot != args.plot:
        check_folder(args.plot, "--plot")  # it is made when the first plot is
        check_places(outputs)
    else:
        check_places(outputs | plots)
    if args.output and len(tasks) == 1 and tasks[0].copy == args.output:
        check_writable(args.output)
    drawn = {"-o" if len(tasks) == 1 else f"-o, for {task.video}": task.copy for task in tasks}
    return tasks, drawn | outputs | plots


def report(task: VideoTask, timeline: Timeline, fps: float, say) -> None:
    """The summary: a line for the video, one for each face, one for the copy."""
    for line in (f"{task.video}: {timeline.film_length()}", *timeline.summary(timeline.fps(fps))):
        say(line)
    if task.copy:
        say(f"annotated: {task.copy}")


if __name__ == "__main__":
    app.run(main)
