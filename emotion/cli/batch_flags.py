"""The flags of `batch_predict.py` and what they ask for."""

import argparse
import importlib.util
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from emotion.cli import app, flags
from emotion.cluster.drive import Keys
from emotion.cluster.settings import Settings, detector_hashes, versions
from emotion.errors import InputError, reason
from emotion.model_file.stored import sha256
from emotion.shipped import MODEL


def parse_arguments(description: str) -> argparse.Namespace:
    parser = app.Parser(description)
    parser.add_argument("paths", nargs="*", metavar="PATH",
                        help="photos, videos, folders to walk, globs in quotes, or s3://, gs://, https://")  # fmt: skip
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="the folder of the results, a new one or one to go on with"
    )
    parser.add_argument(
        "--list",
        metavar="FILE|-",
        help="more files or addresses, one a line, from a file or stdin; nothing is walked or expanded",
    )
    parser.add_argument("--parquet", action="store_true", help="also RUN/results.parquet; needs pyarrow")
    parser.add_argument("--copies", action="store_true", help="also annotated copies, into RUN/copies")
    parser.add_argument("--timeout", type=flags.above_zero, default=120.0, metavar="SECONDS",
                        help="when a photo, or a frame of a video, is given up (default: %(default)g)")  # fmt: skip
    flags.add_max_pixels(parser, "refuse larger photos, and frames of more than a sixth (default: 200)")
    parser.add_argument("--retry-failed", action="store_true", help="do the shards again in which a file has failed")
    group = parser.add_argument_group("where the work is done")
    group.add_argument("--workers", type=flags.positive, default=cores(), metavar="N",
                       help="processes on this machine (default: one a core, here %(default)s)")  # fmt: skip
    group.add_argument("--cluster", metavar="tcp://HEAD:8786", help="a Dask scheduler, whose workers do it instead")
    for name, what in ("ca", "the authority's certificate"), ("cert", "this side's certificate"), ("key", "its key"):
        group.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help=f"of a tls:// cluster: {what}")
    flags.add_shared_flags(parser)
    flags.add_video_flags(parser)
    args = parser.parse_args()
    if not args.paths and not args.list:
        raise InputError("nothing to read: name photos, videos or folders before RUN, or a list with --list")
    if args.parquet and not importlib.util.find_spec("pyarrow"):
        raise InputError("--parquet: needs pyarrow; pip install -r requirements-cluster.txt")
    pems = (args.tls_ca, args.tls_cert, args.tls_key)
    if any(pems) and not (all(pems) and args.cluster):
        raise InputError("--tls-ca, --tls-cert and --tls-key belong together, and to --cluster tls://HEAD:8786")
    for pem in filter(None, pems):
        if not pem.is_file():
            raise InputError(f"{pem}: no such file")
    args.keys = Keys(*pems)
    return args


def cores() -> int:
    """How many this process may use: in a container, or under taskset, not all that the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lines_of(name: str | None) -> Iterator[str]:
    """The lines of the file `name`, or of stdin where it is -; without the empty ones."""
    if name is None:
        return
    try:
        # Bytes that are no text come through as in any path of Python's.
        with open(
            0 if name == "-" else name, encoding="utf-8-sig", errors="surrogateescape", closefd=name != "-"
        ) as file:
            yield from (text for line in file if (text := line.rstrip("\r\n")))
    except OSError as error:
        raise InputError(f"--list {name}: {reason(error)}") from None


def open_engine(settings: Settings, args: argparse.Namespace) -> AbstractContextManager[Any]:
    """The engine that the flags ask for, as a context manager. InputError where Dask is not installed."""
    try:
        from emotion.cluster import engine
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; pip install -r requirements-cluster.txt") from None
    return engine.open_engine(settings, args.cluster, args.workers, args.keys)


def settings_of(args: argparse.Namespace) -> tuple[Settings, dict[str, Any], tuple[str, ...]]:
    """How the workers do it, what the run's manifest says of it, and the emotions. InputError where a model will not do."""
    recognizer = flags.photo_recognizer(args)  # what is wrong with a model should show before the work starts
    hashes = tuple(sha256(path) for path in args.model)
    photos = {**flags.shared_options(args), "mirror": args.tta is not False}
    films = {
        **flags.shared_options(args),
        "mirror": bool(args.tta),
        "detect_every": args.detect_every,
        "smooth": args.smooth,
    }
    copies = args.run / "copies" if args.copies else None
    settings = Settings(
        folder=str(Path.cwd()),
        models=tuple(None if path.resolve() == MODEL.resolve() else str(path.resolve()) for path in args.model),
        hashes=hashes,
        detector=detector_hashes(recognizer),
        versions=versions(),
        photo_options=tuple(photos.items()),
        film_options=tuple(films.items()),
        max_pixels=args.max_pixels,
        timeout=args.timeout,
        copies=str(copies.resolve()) if copies else None,
    )
    about = {
        "model": dict(zip(distinct_names(args.model), hashes, strict=True)),
        "detector": dict(settings.detector),
        # What changes the results; in JSON a tuple comes back as a list.
        "flags": {
            **{name: list(value) if isinstance(value, tuple) else value for name, value in films.items()},
            "tta": args.tta,
            "max_pixels": args.max_pixels,
            "copies": args.copies,
        },
        "versions": dict(versions()),
    }
    return settings, about, recognizer.labels


def distinct_names(paths: list[Path]) -> list[str]:
    """The names of `paths`, or where two are the same, the whole paths."""
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]
