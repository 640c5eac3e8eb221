#!/usr/bin/env python3
"""Who feels what in this video? Prints a line a face and writes an annotated copy, with its sound, into output/.

python vid_predict.py data/samples/astronaut.mp4
python vid_predict.py data/samples/astronaut.mp4 -o annotated.mp4 --plot timeline.png
python vid_predict.py data/samples/astronaut.mp4 --json emotions.json --csv emotions.csv --quiet
"""

if __name__ == "__main__":  # the imports below take half a second: until they are done, a signal would be a traceback
    import os
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(130))

import argparse
import logging
import sys
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from emotion.cli import app, flags
from emotion.cli.interrupt import Interrupt
from emotion.cli.window import ESCAPE, Q, Window, missing_display
from emotion.errors import InputError
from emotion.files import check_apart, check_figure, check_folder, check_places, make_folder
from emotion.media.threads import WriteBehind, read_ahead
from emotion.media.video_reader import VideoReader
from emotion.media.video_sink import VideoSink
from emotion.results.overlay import annotate, draw_faces
from emotion.results.records import Records
from emotion.results.timeline import Timeline, clock, counted

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments()
    # Contexts exit in reverse order: the outputs are finished before Ctrl-C means again what it always means.
    with Interrupt() as interrupt, VideoReader(args.video) as video, ExitStack() as outputs:
        planned = plan_outputs(args)
        info = video.info
        recognizer = flags.video_recognizer(args, info.fps)
        check_apart([*video.files, *recognizer.files], planned)
        labels, about = recognizer.labels, recognizer.classifier.about
        timeline = Timeline(labels)
        records = Records(args.json, args.csv, labels, about, str(args.video), round(info.fps, 3))
        outputs.enter_context(records)
        write = window = None
        if args.output:
            make_folder(args.output.parent)
            sink = outputs.enter_context(VideoSink(args.output, info, sound_from=args.video))

            def draw_and_write(image, faces, time_s, duration_s):
                draw_faces(image, faces)
                sink.write(image, time_s, duration_s)

            write = outputs.enter_context(WriteBehind(draw_and_write))
        if args.show:
            window = outputs.enter_context(Window(str(args.video), info.width, info.height))
        hidden = args.quiet or not sys.stderr.isatty()
        bar = outputs.enter_context(tqdm(total=info.frames or None, unit="frame", disable=hidden, smoothing=0.1))
        detected = ((frame, *recognizer.detect(frame.image, frame.time_s)) for frame in video)
        detected = outputs.enter_context(read_ahead(detected))

        for index, ((image, time_s, duration_s), boxes, crops) in enumerate(detected):
            faces = recognizer.classify(boxes, crops, time_s)
            records.add(index, time_s, faces)
            timeline.add(time_s, faces)
            if window:
                window.show(annotate(image, faces))  # a copy: `write` draws on the frame itself
                if window.key() in (Q, ESCAPE):
                    interrupt.ask()
            if write:
                write(image, faces, time_s, duration_s)
            bar.update()
            if interrupt:
                break
    if args.plot:
        timeline.plot(args.plot, args.video.name)
    return report(args, video, timeline, bool(interrupt))


def parse_arguments() -> argparse.Namespace:
    parser = app.Parser(__doc__)
    parser.add_argument("video", type=Path, metavar="VIDEO", help="any video that FFmpeg reads")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.mp4",
                        help="the annotated copy, H.264 (default, if no other output is asked for: "
                             "output/NAME.mp4)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all frames, boxes and probabilities as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write them as a table, one row a face")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw who felt what over time")
    parser.add_argument("--show", action="store_true", help="show it in a window meanwhile; q or Esc stops")
    flags.add_video_flags(parser)
    flags.add_shared_flags(parser)
    return parser.parse_args()


def plan_outputs(args: argparse.Namespace) -> dict[str, Path | None]:
    """Settle where the results go, before any work is done for them: paths by their flags."""
    if args.show and (problem := missing_display()):
        if not (args.output or args.json or args.csv or args.plot):
            raise InputError(f"--show: {problem}; use -o OUT.mp4 instead")
        logger.info(f"--show is left out: {problem}")
        args.show = False
    if not (args.output or args.json or args.csv or args.plot or args.show):
        args.output = Path("output", args.video.name).with_suffix(".mp4")
        check_folder(args.output.parent)
        return {"-o": args.output}
    outputs = {"-o": args.output, "--json": args.json, "--csv": args.csv, "--plot": args.plot}
    check_places(outputs)
    check_figure(args.plot)
    return outputs


def report(args: argparse.Namespace, video: VideoReader, timeline: Timeline, interrupted: bool) -> int:
    """The summary on stdout, what went wrong on stderr; returns the exit code."""
    done = f"{counted(timeline.frames, 'frame')}, {clock(timeline.end_s)}, {counted(timeline.faces, 'face')}"
    print(f"{args.video}: {done}", *timeline.summary(timeline.fps(video.info.fps)), sep="\n")
    if args.output:
        print(f"annotated: {args.output}")
    return app.ended(interrupted, args.video, video.problem)


if __name__ == "__main__":
    app.run(main)
