"""Train, measure and compare networks that read the emotion of a face.

python fer.py                                                 train on data/, write models/fer.h5, its card and its plots
python fer.py --resume                                        go on with a run that was stopped
python fer.py --data my_faces/ --init-from models/fer.h5      go on from a network, on classes of your own
python fer.py --evaluate models/fer.h5 --tta                  measure a model on all splits of data/ but Training
"""

from emotion.cli.interrupt import exit_on_signals

if __name__ == "__main__":
    exit_on_signals(130)  # the imports below take half a second: until they are done, a signal would be a traceback

import argparse
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli import app, member, terminal
from emotion.cli.fer_flags import default_output, parse_arguments
from emotion.dataset.splits import Dataset
from emotion.errors import InputError
from emotion.files import write_text
from emotion.outputs import check_apart, check_figure, check_outputs

if TYPE_CHECKING:
    from emotion.evaluation.card import Card

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments(__doc__)
    from emotion.dataset.load import load  # needs pandas, which those who only predict may lack; -h does not

    dataset = load(args.data, args.classes, args.seed)
    if args.dry_run:
        dataset = dataset.sample()
        args.epochs = args.epochs or 2
    if args.preview_augmentation:
        preview(dataset, args)
    elif args.export_images:
        export(dataset, args)
    elif args.evaluate:
        evaluate(dataset, args)
    elif args.output or not args.dry_run:
        args.output = args.output or default_output(args, dataset)
        train(dataset, args)
    else:  # a dry run: it proves that everything works, and must not replace a trained model
        with tempfile.TemporaryDirectory() as folder:
            args.output = Path(folder, "fer.h5")
            train(dataset, args)
    return app.DONE


def train(dataset: Dataset, args: argparse.Namespace) -> None:
    """Teach a network what `dataset` holds, and write it with its card and its plots to --output."""
    from emotion.backend.keras_setup import every_gpu, seed_everything, start_keras

    check_apart(dataset.files, {"--output": args.output, "the card of --output": args.output.with_suffix(".json")})
    gpus = start_keras(args.device, args.precision)  # before the files below import Keras
    import keras

    from emotion.backend import hosts
    from emotion.dataset.targets import find_targets
    from emotion.evaluation.card import measure
    from emotion.evaluation.report import format_card
    from emotion.networks.pretrained import load_pretrained
    from emotion.networks.registry import build
    from emotion.training.card import build_card
    from emotion.training.checkpoint import Checkpoint
    from emotion.training.distillation import open_answers
    from emotion.training.fit import calibrate, classifier_of, fit, in_single_precision
    from emotion.training.run import plan_run

    seed_everything(args.seed)

    # Prepare the data: faces uint8 (N, 48, 48), and what to answer as a distribution, float32 (N, emotions).
    targets = find_targets(dataset, args.labels, args.emotions, args.seed)
    faces = targets.training[0]
    for line in dataset.class_table().splitlines():
        logger.info(line)
    logger.info(f"{dataset}; learning from {len(faces)}, selecting on {len(targets.validation[0])}")

    # Begin the run, or go on with one that has the same settings.
    run = plan_run(
        dataset, targets, network=args.network, init_from=args.init_from, backbone_weights=args.backbone_weights,
        teachers=args.teacher, teacher_weight=args.teacher_weight, seed=args.seed,
        epochs=args.epochs, batch_size=args.batch_size, learning_rate=args.learning_rate,
    )  # fmt: skip
    first = hosts.place() == 0  # of several processes that train together, the one that writes
    checkpoint = Checkpoint(args.output.with_suffix(".checkpoint"), run.settings, args.resume, writes=first)
    hosts.check_agreement({"settings": checkpoint.settings, "checkpoint": checkpoint.history})
    teacher = open_answers(args.teacher, run, faces, args.device, args.teacher_answers) if args.teacher else None

    # Build the network and train it. What comes back has the weights of its best epoch.
    with every_gpu(gpus):
        if args.init_from:
            model = load_pretrained(args.init_from, run.labels)
        else:
            model = build(
                run.network, len(run.labels), run.backbone_weights, sample=faces[:: max(1, len(faces) // 1024)]
            )
        logger.info(f"{run.network}: {model.count_params():,} parameters, on {', '.join(gpus) or 'the CPU'}")
        jit = True if args.xla and not gpus else "auto"  # on GPUs Keras decides: MirroredStrategy takes no XLA
        quiet = args.quiet or not first
        fit(
            model, targets.training, targets.validation, run.recipe, checkpoint,
            seed=run.seed, jit=jit, quiet=quiet, teacher=teacher,
        )  # fmt: skip
    model = hosts.leave(model)
    if not first:
        return

    # Match its confidence to the votes, measure it once on each split, and write it all down.
    precision, model = keras.mixed_precision.dtype_policy().name, in_single_precision(model)
    temperature = calibrate(model, *targets.calibration)
    figures = measure(classifier_of(model), dataset.splits, run.labels)
    card = build_card(model, run, dataset, checkpoint, figures, temperature, precision)
    write(model, card, dataset, args)
    checkpoint.finish()
    terminal.say_table(format_card(args.output.name, card))


def write(model, card: "Card", dataset: Dataset, args: argparse.Namespace) -> None:
    """Write the Keras `model` to --output, and beside it its light copy, its card and the plots of its run."""
    from emotion.evaluation.plots import plot_run
    from emotion.model_file.h5 import save_model
    from emotion.model_file.light import write_light
    from emotion.results.figure import save
    from emotion.training.fit import classifier_of

    save_model(model, args.output, card.to_json())
    try:
        write_light(args.output, args.output.with_suffix(".tflite"))
    except InputError as error:  # on a machine with JAX alone: the first prediction elsewhere makes it
        logger.info(error)
    name = args.output.stem
    for plot, figure in plot_run(name, card, classifier_of(model), dataset).items():
        save(figure, args.output.with_name(f"{name}_{plot}.png"))
    logger.info(f"{args.output}: written, with its card and its plots")


def evaluate(dataset: Dataset, args: argparse.Namespace) -> None:
    """Measure the models of --evaluate side by side: tables on stdout, all figures to --json, a picture to --chart."""
    from emotion.evaluation.compare import compare, load_members
    from emotion.evaluation.report import evaluation_to_json, format_evaluation
    from emotion.evaluation.selection import select_splits

    check_outputs([*args.evaluate, *dataset.files], {"--chart": args.chart, "--json": args.json})
    check_figure(args.chart)
    splits = select_splits(dataset, args.split, args.protocol, args.unseen)
    members = load_members(
        args.evaluate, dataset.labels, args.device, args.labels, mirror=args.tta, scaling=args.scaling
    )
    found = compare(members, splits, args.protocol, args.ensemble, args.robustness)
    terminal.say_table(format_evaluation(found))
    if args.json:
        write_text(args.json, evaluation_to_json(found, dataset.fingerprint))
    if args.chart:
        from emotion.evaluation.plots import plot_costs, plot_robustness
        from emotion.results.figure import save

        save(plot_robustness(found.robustness) if found.robustness else plot_costs(found), args.chart)


def preview(dataset: Dataset, args: argparse.Namespace) -> None:
    """Draw what training may do to a face."""
    from emotion.training.preview import preview_augmentation
    from emotion.training.recipes import recipe_of

    ranges = recipe_of(args.network or "five_block").augmentation
    if ranges is None:
        raise InputError(f"--preview-augmentation: the recipe of {args.network} changes nothing in a face")
    check_outputs(dataset.files, {"--preview-augmentation": args.preview_augmentation})
    preview_augmentation(dataset.splits["Training"].faces, args.preview_augmentation, ranges, args.seed)


def export(dataset: Dataset, args: argparse.Namespace) -> None:
    """Write the data's faces as pictures."""
    from emotion.dataset.export import export_images

    count = export_images(dataset, args.export_images, quiet=args.quiet)
    terminal.say(f"{args.export_images}: {count} faces")


if __name__ == "__main__":
    member.run(main)
