"""The flags of `fer.py`, and which of them belong together."""

import argparse
from pathlib import Path

from emotion.cli.app import Parser
from emotion.cli.flags import above_zero, add_scaling, comma_separated, positive, share
from emotion.dataset.splits import SPLITS, Dataset
from emotion.dataset.votes import PROTOCOLS
from emotion.errors import InputError
from emotion.faces.recognizer import DEVICES
from emotion.model_file.architecture import networks_beside
from emotion.outputs import check_apart
from emotion.shipped import MODEL, REPOSITORY
from emotion.training.recipes import RECIPES, TEACHER_WEIGHT

EVALUATION = {"split", "protocol", "unseen", "tta", "ensemble", "robustness", "chart", "json", "scaling"}
# What each task but training obeys, besides its own flag. Any other flag that is named is refused.
DATA = {"data", "classes", "seed", "dry_run", "quiet"}  # the seed splits what comes without splits
OBEYED = {
    "evaluate": DATA | EVALUATION | {"device", "labels"},
    "preview_augmentation": DATA | {"network"},
    "export_images": DATA,
}


def parse_arguments(description: str) -> argparse.Namespace:
    """The command line of `fer.py`, checked. Raises InputError where flags contradict each other."""
    parser = Parser(description)
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data", metavar="DIR",
                        help="fer2013 and fer2013new.csv, a csv of your own with the columns emotion and pixels, or "
                             "pictures in a folder for each class, packed or not (default: data/)")  # fmt: skip
    parser.add_argument("--classes", type=comma_separated, metavar="A,B,C",
                        help="what classes that are numbered are called, the lowest first: FER2013's codes are known; "
                             "RAF-DB's 1 to 7 are surprise,fear,disgust,happiness,sadness,anger,neutral")  # fmt: skip
    parser.add_argument("--device", choices=DEVICES, default="auto",
                        help="auto: all GPUs of this machine, and the CPU where there is none")  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")
    add_other_tasks(parser.add_argument_group("instead of training").add_mutually_exclusive_group())
    add_training_flags(parser.add_argument_group("training"))
    add_evaluation_flags(parser.add_argument_group("evaluation"))
    args = parser.parse_args()
    check_task(flags_given(parser, args))
    if args.evaluate:  # here the labels are those of a model that does not name its own
        if args.labels in ("ferplus", "fer2013"):
            raise InputError(f"--labels {args.labels}: with --evaluate they name a model's outputs; see --protocol")
        args.labels = comma_separated(args.labels) if args.labels else None
    elif args.labels not in (None, "ferplus", "fer2013"):
        raise InputError(f"--labels {args.labels}: training knows ferplus and fer2013")
    if args.ensemble and len(args.evaluate) == 1:
        raise InputError("--ensemble: one model is its own mean; name several, or leave it out")
    if args.labels == "fer2013" and args.emotions == 8 and not args.evaluate:
        raise InputError("--emotions 8: the labels of fer2013 have no contempt; leave out --labels fer2013")
    if args.output and args.output.suffix != ".h5":
        raise InputError(f"--output {args.output}: the model is a .h5 file; name it so")
    if args.init_from and args.network:
        raise InputError("--network: is that of --init-from; leave out one or the other")
    models = [*args.teacher, *([args.init_from] * bool(args.init_from))]
    outputs = {"--output": args.output, "the card of --output": args.output and args.output.with_suffix(".json")}
    check_apart(
        [*models, *(file for model in models for file in networks_beside(model)), args.backbone_weights], outputs
    )
    return args


def flags_given(parser: Parser, args: argparse.Namespace) -> list[str]:
    """Those of `args` that were on the command line, whatever their defaults are."""
    absent = object()
    given, _ = parser.parse_known_args(namespace=argparse.Namespace(**dict.fromkeys(vars(args), absent)))
    return [name for name, value in vars(given).items() if value is not absent]


def check_task(given: list[str]) -> None:
    """Refuse the first of the flags `given` that the task they ask for would ignore."""
    task = next((name for name in given if name in OBEYED), None)
    for name in given:
        if task is None and name in EVALUATION:
            raise InputError(f"{option(name)}: only of use with --evaluate MODEL.h5")
        if task is not None and name not in OBEYED[task] | {task}:
            raise InputError(f"{option(name)}: of no use with {option(task)}; leave it out")
    for name in ("teacher_weight", "teacher_answers"):
        if name in given and "teacher" not in given:
            raise InputError(f"{option(name)}: only of use with --teacher MODEL.h5")


def option(name: str) -> str:
    """The flag of an attribute: batch_size -> --batch-size."""
    return "--" + name.replace("_", "-")


def default_output(args: argparse.Namespace, dataset: Dataset) -> Path:
    """Where a training writes whose call names no --output: the shipped model only gives way to one of its own kind."""
    if args.init_from:
        return MODEL.with_name(f"{args.init_from.stem}_tuned.h5")
    if "labels" in {split.protocol for split in dataset.splits.values()}:
        return MODEL.with_name(f"{dataset.source.resolve().name.partition('.')[0]}.h5")
    return MODEL if args.network in (None, "five_block") else MODEL.with_name(f"{args.network}.h5")


def add_other_tasks(group: argparse._ActionsContainer) -> None:
    group.add_argument("--evaluate", nargs="+", type=Path, metavar="MODEL.h5",
                       help="measure these; of several, side by side")  # fmt: skip
    group.add_argument("--preview-augmentation", type=Path, metavar="PNG",
                       help="draw training faces before and after augmentation")  # fmt: skip
    group.add_argument("--export-images", type=Path, metavar="DIR",
                       help="write every face as a PNG into a folder of its emotion")  # fmt: skip


def add_training_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument("--network", choices=RECIPES, help="(default: five_block)")
    group.add_argument("--init-from", type=Path, metavar="MODEL.h5",
                       help="go on from this trained network, for other classes too; a tenth of its recipe's rate")  # fmt: skip
    group.add_argument("--emotions", type=int, choices=(7, 8),
                       help="8 keeps contempt; 7 counts it as neutral (default: 7 of votes, else what the data have)")  # fmt: skip
    group.add_argument("--labels", metavar="ferplus|fer2013",
                       help="learn from FER+'s votes, or from the labels (default: the votes, where there are any)")  # fmt: skip
    group.add_argument("--epochs", type=positive, metavar="N", help="(default: the network's recipe)")
    group.add_argument("--batch-size", type=positive, metavar="N", help="(default: the network's recipe)")
    group.add_argument("--learning-rate", type=above_zero, metavar="F", help="(default: the network's recipe)")
    group.add_argument("--seed", type=seed, default=0,
                       help="of the first weights, the batches, what happens to them, and the splits of data that come "
                            "without (default: 0)")  # fmt: skip
    group.add_argument("--teacher", nargs="+", type=Path, default=[], metavar="MODEL.h5",
                       help="learn from the mean answer of these as much as from the votes")  # fmt: skip
    group.add_argument("--teacher-weight", type=share, default=TEACHER_WEIGHT, metavar="F",
                       help="the teachers' part in what is learnt; the votes' is the rest (default: %(default)s)")  # fmt: skip
    group.add_argument("--teacher-answers", type=Path, metavar="DIR",
                       help="where their answers are kept for the next run (default: the user's cache)")  # fmt: skip
    group.add_argument("--output", type=Path, metavar="MODEL.h5",
                       help="(default: models/fer.h5; of another network, or data, a file of that name)")  # fmt: skip
    group.add_argument(
        "--resume", action="store_true", help="go on with the run that was stopped on its way to --output"
    )
    group.add_argument("--dry-run", action="store_true",
                       help="every step on a handful of rows, in under a minute; keeps nothing without --output")  # fmt: skip
    group.add_argument("--backbone-weights", default="imagenet", metavar="imagenet|none|FILE|DIR",
                       help="what mobilenet_v2 and resnet50 (imagenet) or the networks of faces (none) start from")  # fmt: skip
    group.add_argument("--precision", choices=("auto", "float32", "mixed"), default="auto",
                       help="auto: mixed (bfloat16) where the GPU or CPU gains from it (default: auto)")  # fmt: skip
    group.add_argument("--xla", action="store_true",
                       help="compile with XLA on the CPU too: faster on some, slower on others")  # fmt: skip


def add_evaluation_flags(group: argparse._ActionsContainer) -> None:
    group.add_argument("--split", choices=SPLITS, help="only this one (default: all but Training)")
    group.add_argument(
        "--protocol", choices=PROTOCOLS, help="only this one (default: all that the data have labels for)"
    )
    add_scaling(group)
    group.add_argument("--unseen", action="store_true", help="leave out faces whose photograph was seen in training")
    group.add_argument("--tta", action="store_true", help="average each face with its mirror image")
    group.add_argument("--ensemble", action="store_true", help="also the mean of all models named")
    group.add_argument(
        "--robustness", action="store_true", help="also under blur, noise, darkness, tilt, loose crops ..."
    )
    group.add_argument(
        "--chart", type=Path, metavar="PNG", help="draw accuracy over cost, or over damage with --robustness"
    )
    group.add_argument("--json", type=Path, metavar="FILE", help="write all figures")


def seed(text: str) -> int:
    """A whole number that NumPy takes for a seed."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to {2**32 - 1}, where NumPy's seeds are")
    return number
