"""What the scripts share on the command line: flags, wiring, progress, errors, exit codes."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2

from emotion.errors import InputError, reason
from emotion.faces.detector import MIN_FACE, HaarDetector, YuNetDetector
from emotion.faces.recognizer import Recognizer
from emotion.files import MODEL

DONE, PARTLY, FAILED, INTERRUPTED = 0, 1, 2, 130


def run(main: Callable[[], int | None]) -> None:
    """Call a script's `main` and exit with the code it returns; an InputError is one line on stderr and exit code 2."""
    script = Path(sys.argv[0]).name
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what goes wrong is told once, by us
    sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold what a pipe's encoding does not
    try:
        code = main() or DONE
        sys.stdout.flush()
    except InputError as error:
        print(f"{script}: error: {error}", file=sys.stderr)
        code = FAILED
    except KeyboardInterrupt:
        code = ended(interrupted=True)
    except BrokenPipeError:
        # `img_predict.py ... | head`: whoever read has seen enough. Python would complain once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except MemoryError:
        print(f"{script}: error: too large for the memory of this machine", file=sys.stderr)
        code = FAILED
    except OSError as error:  # a full disk, a folder that may not be entered
        print(f"{script}: error: {error.filename or 'a file'}: {reason(error)}", file=sys.stderr)
        code = FAILED
    sys.exit(code)


class Parser(argparse.ArgumentParser):
    """Shows its description as it is typed; a wrong call is an InputError like any other."""

    def __init__(self, description: str):
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str):
        raise InputError(f"{message}; -h shows how to call it")


def add_shared_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of all three prediction scripts."""
    group = parser.add_argument_group("recognition")
    group.add_argument("--model", nargs="+", type=Path, default=[MODEL], metavar="MODEL.h5",
                       help="the network; of several, the mean (default: models/fer.h5)")  # fmt: skip
    group.add_argument("--labels", type=comma_separated, metavar="A,B,C",
                       help="what the outputs mean, in order: for a .h5 from elsewhere, which does not say so itself. "
                            "Its faces are scaled to 0-1, unless it has a layer for that")  # fmt: skip
    group.add_argument("--detector", default="haar", metavar="haar|yunet=FILE.onnx",
                       help="what finds the faces (default: haar)")  # fmt: skip
    group.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto",
                       help="auto and cpu: the light runtime, ready at once; gpu: Keras on CUDA")  # fmt: skip
    group.add_argument("--min-face", type=positive, metavar="PIXELS",
                       help=f"the smallest face to look for, from 24 on (default: {MIN_FACE}, more in large pictures)")  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")


def comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def read_files(args: argparse.Namespace) -> list[Path]:
    """What the shared flags have a script read: no output may take its place."""
    detector = args.detector.partition("=")[2]
    return [*args.model, *([Path(detector)] if detector else [])]


def build_detector(args: argparse.Namespace) -> HaarDetector | YuNetDetector:
    """The detector that --detector and --min-face ask for."""
    name, _, file = args.detector.partition("=")
    if name == "haar" and not file:
        return HaarDetector(args.min_face)
    if name == "yunet" and file:
        return YuNetDetector(Path(file), args.min_face)
    raise InputError(f"--detector {args.detector}: expected haar or yunet=FILE.onnx")


def build_classifier(args: argparse.Namespace):
    """The EmotionClassifier that the shared flags ask for."""
    from emotion.faces.classifier import load_classifier  # fer.py trains without it

    return load_classifier(args.model, args.device, args.labels, note_to_stderr(args))


def build_recognizer(args: argparse.Namespace) -> Recognizer:
    """The recognizer of photos that the shared flags ask for."""
    return Recognizer(build_detector(args), build_classifier(args))


def note_to_stderr(args: argparse.Namespace) -> Callable[[str], None]:
    """Prints notes for a person on stderr, or nothing under --quiet."""
    return (lambda text: None) if args.quiet else (lambda text: print(text, file=sys.stderr))


def progress(items: Iterable, unit: str, args: argparse.Namespace):
    """`items` behind a progress bar on stderr, where a person watches and there is something to wait for."""
    from tqdm import tqdm

    hidden = args.quiet or len(items) < 2 or not sys.stderr.isatty()
    return tqdm(items, unit=unit, disable=hidden, smoothing=0.1)


def say(text: str) -> None:
    """Print a result on stdout, above the progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()  # whoever reads a pipe sees each photo when it is done


def ended(interrupted: bool, source: str | Path = "", problem: str | None = None) -> int:
    """Say on stderr how the work on `source` ended before its time, if it did; returns the exit code."""
    script = Path(sys.argv[0]).name
    if interrupted:
        print(f"{script}: interrupted; what was done is kept", file=sys.stderr)
        return INTERRUPTED
    if problem:
        print(f"{script}: error: {source}: {problem}", file=sys.stderr)
        return PARTLY
    return DONE


def report(failures: list[str], total: int) -> int:
    """Name on stderr what could not be processed, of `total` inputs; returns the exit code."""
    for failure in failures:
        print(f"{Path(sys.argv[0]).name}: error: {failure}", file=sys.stderr)
    return DONE if not failures else FAILED if len(failures) == total else PARTLY
