"""The flags that the prediction scripts share, and the recognizers they ask for."""

import argparse
from pathlib import Path
from typing import Any

from emotion.cli.terminal import STDOUT
from emotion.faces.detector import DETECTORS
from emotion.faces.recognizer import DEVICES, Recognizer
from emotion.faces.smoothing import HALF_LIFE
from emotion.faces.video_detector import SEARCH_S
from emotion.media.decode import MAX_PIXELS
from emotion.model_file.scaling import SCALINGS
from emotion.shipped import MODEL


def add_shared_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that all prediction scripts share."""
    group = parser.add_argument_group("recognition")
    group.add_argument("--model", nargs="+", type=Path, default=[MODEL], metavar="MODEL.h5",
                       help="the network; of several, the mean (default: models/fer.h5)")  # fmt: skip
    group.add_argument("--labels", type=comma_separated, metavar="A,B,C",
                       help="what the outputs mean, in order: for a model from elsewhere, which does not say so")  # fmt: skip
    add_scaling(group)
    group.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0],
                       help="what finds the faces: a cascade, a network, or both; none: every picture is a face that is "
                            "cropped already (default: %(default)s)")  # fmt: skip
    group.add_argument("--min-score", type=share, default=0.0, metavar="0-1",
                       help="leave out faces of which the detector is less sure (default: none)")  # fmt: skip
    group.add_argument("--tta", action=argparse.BooleanOptionalAction, default=None,
                       help="average each face with its mirror image (default: in photos, where a face costs a "
                            "millisecond; in videos smoothing does as much)")  # fmt: skip
    group.add_argument("--device", choices=DEVICES, default="auto",
                       help="auto and cpu: the light runtime, ready at once; gpu: Keras on CUDA")  # fmt: skip
    group.add_argument("--min-face", type=positive, metavar="PIXELS",
                       help="the smallest face to look for (default: 12, of the cascade 30; more in large pictures)")  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")


def add_record_flags(parser: argparse.ArgumentParser, unit: str) -> None:
    """The flags of the records, of which `unit` is one entry."""
    parser.add_argument("--json", type=output_file, metavar="FILE",
                        help=f"write every {unit} with its faces' boxes and probabilities as JSON; "
                             "FILE.jsonl as JSON Lines, - to stdout")  # fmt: skip
    parser.add_argument("--csv", type=output_file, metavar="FILE", help="write them as a table, one row a face")


def add_max_pixels(parser: argparse.ArgumentParser, text: str) -> None:
    """The flag for the largest picture; `text` is its help."""
    parser.add_argument("--max-pixels", type=megapixels, default=MAX_PIXELS, metavar="MEGAPIXELS", help=text)


def output_file(text: str) -> Path:
    """A file to write to; - is stdout."""
    return STDOUT if text == "-" else Path(text)


def megapixels(text: str) -> int:
    """So many pixels."""
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of megapixels")
    return round(number * 1e6)


def share(text: str) -> float:
    """A number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def add_scaling(group: argparse._ActionsContainer) -> None:
    group.add_argument("--scaling", choices=SCALINGS,
                       help="how a model from elsewhere wants its pixels: standardize is by FER2013's mean and deviation "
                            "(default: known models by a table, others by measurement)")  # fmt: skip


def comma_separated(text: str) -> tuple[str, ...]:
    """`a, b` -> (a, b); empty parts are left out."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def above_zero(text: str) -> float:
    """A number above 0, of seconds for one."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no finite number above 0")
    return number


def positive(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def add_video_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faces over time")
    group.add_argument("--detect-every", type=positive, metavar="N",
                       help="search the whole frame on every N-th frame, near known faces in between; 1 is slow "
                            f"and thorough (default: every {SEARCH_S} s; YuNet searches every frame)")  # fmt: skip
    group.add_argument("--smooth", type=half_life, default=HALF_LIFE, metavar="SECONDS",
                       help="half-life of what a face felt before; 0 shows each frame by itself "
                            "(default: %(default)s)")  # fmt: skip


def add_part_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("part of the video")
    group.add_argument("--start", type=moment, default=0.0, metavar="TIME", help="from there on: seconds, or h:mm:ss")
    group.add_argument("--end", type=moment, default=float("inf"), metavar="TIME", help="up to there")
    group.add_argument("--every", type=above_zero, default=0.0, metavar="SECONDS",
                       help="one frame each so many seconds; what lies between is not decoded where it need not be")  # fmt: skip


def moment(text: str) -> float:
    """A time in a video as seconds: 95, 1:35 or 0:01:35.5."""
    *higher, seconds = text.split(":")
    if len(higher) > 2 or not all(part.isdecimal() for part in higher) or not 0 <= float(seconds) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time: 95, 1:35 or 0:01:35")
    total = 0.0
    for part in (*higher, seconds):
        total = 60 * total + float(part)
    return total


def half_life(text: str) -> float:
    """Seconds, from 0 on."""
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time in seconds")
    return seconds


def add_browser_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("in a browser")
    group.add_argument("--browser", action="store_true",
                       help="serve a page: it shows the browser's own camera, or the one that --camera names; "
                            "each visitor is recorded in files of its own, out-2.mp4 and so on")  # fmt: skip
    group.add_argument("--port", type=port, default=8000, help="where the page is (default: %(default)s)")
    group.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                       help="who may come: another one than the default lets other machines in, with the token in the "
                            "address that is printed; 0.0.0.0 is all of them")  # fmt: skip


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535, or 0 for any that is free")
    return number


def photo_recognizer(args: argparse.Namespace) -> Recognizer:
    """The recognizer of photos that the flags ask for."""
    return Recognizer.for_photos(args.model, **shared_options(args), mirror=args.tta is not False)


def video_recognizer(args: argparse.Namespace, fps: float) -> Recognizer:
    """The recognizer of a film or camera of about `fps` frames a second that the flags ask for."""
    memory = {"fps": fps, "detect_every": args.detect_every, "smooth": args.smooth}
    return Recognizer.for_video(args.model, **shared_options(args), **memory, mirror=bool(args.tta))


def shared_options(args: argparse.Namespace) -> dict[str, Any]:
    """What the shared flags ask of a recognizer, whatever it is for."""
    names = ("labels", "scaling", "detector", "device", "min_face", "min_score")
    return {name: getattr(args, name) for name in names}
