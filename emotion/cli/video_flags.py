"""What `vid_predict.py` and `live_cam_predict.py` share: the flags of moving pictures and what they ask for."""

import argparse

from emotion.cli import app as cli
from emotion.faces.detector import HaarDetector
from emotion.faces.recognizer import Recognizer
from emotion.faces.tracker import HALF_LIFE, Tracker
from emotion.faces.video_detector import VideoDetector

SEARCH_S = 0.24  # seconds between two searches of the whole frame: who enters is soon found, at 1 to 4 ms a frame


def add_video_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faces over time")
    group.add_argument("--detect-every", type=cli.positive, metavar="N",
                       help="search the whole frame on every N-th frame, near known faces in between; 1 is slow "
                            f"and thorough (default: every {SEARCH_S} s; YuNet searches every frame)")  # fmt: skip
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
    detector = cli.build_detector(args)
    if isinstance(detector, HaarDetector):  # YuNet is quick enough to look at every frame whole
        detector = VideoDetector(detector, args.detect_every or frames_between_searches(fps))
    classifier = cli.build_classifier(args)
    return Recognizer(detector, classifier, Tracker(classifier.labels, args.smooth))


def search_in_time(recognizer: Recognizer, args: argparse.Namespace, fps: float) -> None:
    """Keep the searches of the whole frame as far apart as they should be in time, at `fps` as measured."""
    if args.detect_every is None and isinstance(recognizer.detector, VideoDetector):
        recognizer.detector.detect_every = frames_between_searches(fps)


def frames_between_searches(fps: float) -> int:
    return max(1, round(SEARCH_S * fps))
