"""What `vid_predict.py` and `live_cam_predict.py` share: the flags of moving pictures and what they ask for."""

import argparse

from emotion import cli
from emotion.face_detector import HaarDetector
from emotion.recognizer import Recognizer
from emotion.tracker import HALF_LIFE, Tracker
from emotion.video_detector import VideoDetector

SEARCH_S = 0.24  # seconds between two searches of the whole frame: who enters is soon found, at 1 to 4 ms a frame


def add_video_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faces over time")
    group.add_argument("--detect-every", type=cli.positive, metavar="N",
                       help="search the whole frame on every N-th frame, near known faces in between; 1 is slow "
                            f"and thorough (default: every {SEARCH_S} s)")  # fmt: skip
    group.add_argument("--smooth", type=half_life, default=HALF_LIFE, metavar="SECONDS",
                       help="half-life of what a face felt before; 0 shows each frame by itself "
                            "(default: %(default)s)")  # fmt: skip


def half_life(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return seconds


def build_video_recognizer(args: argparse.Namespace, fps: float) -> Recognizer:
    """The recognizer that the flags ask for, with a memory from frame to frame, for about `fps` frames a second."""
    every = args.detect_every or max(1, round(SEARCH_S * fps))

    def for_video(detector):
        # YuNet is quick enough to look at every frame whole.
        return VideoDetector(detector, every) if isinstance(detector, HaarDetector) else detector

    recognizer = cli.build_recognizer(args, for_video)
    recognizer.tracker = Tracker(recognizer.labels, args.smooth)
    return recognizer


def search_in_time(recognizer: Recognizer, args: argparse.Namespace, fps: float) -> None:
    """Keep the searches of the whole frame as far apart as they should be in time, at `fps` as measured."""
    if args.detect_every is None:
        recognizer.detector.detect_every = max(1, round(SEARCH_S * fps))
