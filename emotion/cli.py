"""What the scripts share on the command line: flags, wiring, errors, exit codes."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from emotion.errors import InputError
from emotion.face_detector import MIN_FACE, HaarDetector
from emotion.recognizer import Recognizer

REPOSITORY = Path(__file__).parent.parent
MODEL = REPOSITORY / "models" / "fer.h5"

DONE, PARTLY, FAILED, INTERRUPTED = 0, 1, 2, 130


def run(main: Callable[[], int | None]) -> None:
    """Call a script's `main` and exit with the code it returns; an InputError is one line on stderr and exit code 2."""
    script = Path(sys.argv[0]).name
    try:
        code = main() or DONE
        sys.stdout.flush()
    except InputError as error:
        print(f"{script}: error: {error}", file=sys.stderr)
        code = FAILED
    except KeyboardInterrupt:
        print(f"{script}: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        # `img_predict.py ... | head`: whoever read has seen enough. Python would complain once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    sys.exit(code)


def add_shared_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of all three prediction scripts."""
    group = parser.add_argument_group("recognition")
    group.add_argument("--model", nargs="+", type=Path, default=[MODEL], metavar="MODEL.h5",
                       help="the network; of several, the mean (default: models/fer.h5)")  # fmt: skip
    group.add_argument("--labels", type=comma_separated, metavar="A,B,C",
                       help="what the outputs mean, in order: for a .h5 that does not say so itself")  # fmt: skip
    group.add_argument("--detector", default="haar", metavar="haar|yunet=FILE.onnx",
                       help="what finds the faces (default: haar)")  # fmt: skip
    group.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto",
                       help="auto and cpu: the light runtime; gpu: Keras on CUDA")  # fmt: skip
    group.add_argument("--min-face", type=int, default=MIN_FACE, metavar="PIXELS",
                       help="the smallest face to look for (default: %(default)s)")  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")


def comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def note_to_stderr(args: argparse.Namespace) -> Callable[[str], None]:
    """Prints notes for a person on stderr, or nothing under --quiet."""
    return (lambda text: None) if args.quiet else (lambda text: print(text, file=sys.stderr))


def build_detector(args: argparse.Namespace):
    """The detector that --detector and --min-face ask for."""
    return HaarDetector(args.min_face)


def build_recognizer(args: argparse.Namespace, wrap_detector=lambda detector: detector, tracker=None) -> Recognizer:
    """The recognizer that the shared flags ask for.

    `wrap_detector` may put another detector around the one of the flags: a video's does.
    """
    from emotion.classifier import load_classifier

    detector = wrap_detector(build_detector(args))
    return Recognizer(detector, load_classifier(args.model, args.device, args.labels, note_to_stderr(args)), tracker)
