"""Models side by side on the same faces: `fer.py --evaluate`."""

import argparse
import logging
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

from emotion.dataset.duplicates import duplicates, near_duplicates
from emotion.dataset.splits import Dataset, Split
from emotion.dataset.votes import ground_truth, outputs_of
from emotion.errors import InputError
from emotion.evaluation.calibration import calibration
from emotion.evaluation.metrics import (
    Classify,
    Score,
    asked_labels,
    ensemble,
    format_table,
    mcnemar,
    mirrored,
    predicted_classes,
    protocols,
    score,
)
from emotion.evaluation.robustness import format_table as format_robustness
from emotion.evaluation.robustness import robustness
from emotion.faces.classifier import EmotionClassifier, load_classifier
from emotion.labels import SEVEN_EMOTIONS, canonical, in_order

logger = logging.getLogger(__name__)


def assess(dataset: Dataset, args: argparse.Namespace) -> tuple[list[tuple[str, str, Score]], dict]:
    """Measure the models of `args.evaluate` and print the tables.

    Returns (model, split, score) for each model, split and protocol, and all that was found as plain JSON.
    """
    splits = chosen_splits(dataset, args)
    members, outputs = load_members(args, dataset.labels)
    results, comparisons, calibrations = [], [], {}
    for split_name, split in splits.items():
        asked = [args.protocol] if args.protocol else protocols(split)
        probabilities = {name: classify(split.faces) for name, classify in members.items()}
        for name, found in probabilities.items():
            results += [(name, split_name, score(found, split, protocol, outputs[name])) for protocol in asked]
            if split.votes is not None:
                calibrations[f"{name}, {split_name}"] = asdict(calibration(found, split.votes))
        comparisons += [
            mcnemar_test(pair, outputs, probabilities, split_name, split, asked[0]) for pair in combinations(members, 2)
        ]
    print(format_table(results))
    print_comparisons(comparisons)
    print_calibrations(calibrations)
    report = {
        "schema": 1,
        "data": dataset.fingerprint,
        "scores": [{"model": name, "split": split, **asdict(s)} for name, split, s in results],
        "mcnemar": comparisons,
        "calibration": calibrations,
        "robustness": measure_robustness(members, outputs, splits, args) if args.robustness else {},
    }
    return results, report


def load_members(
    args: argparse.Namespace, wanted: tuple[str, ...]
) -> tuple[dict[str, Classify], dict[str, tuple[str, ...]]]:
    """The models of `args.evaluate` by name, mirrored and joined as `args` asks for; and what each one's outputs mean.

    `wanted` are the labels of the data that they are to be measured on.
    """
    loaded = [load_classifier([path], args.device, args.labels) for path in args.evaluate]
    if args.ensemble and len({len(classifier.labels) for classifier in loaded}) > 1:
        raise InputError("--ensemble: answers in seven emotions and in eight have no mean; leave out one or the other")
    ordered = [reordered(classifier, path, wanted) for classifier, path in zip(loaded, args.evaluate, strict=True)]
    names = names_of(args.evaluate)
    if args.tta:
        names = [f"{name} + mirror" for name in names]
    outputs = {name: labels for name, (_, labels) in zip(names, ordered, strict=True)}
    members = {name: classify for name, (classify, _) in zip(names, ordered, strict=True)}
    if args.tta:
        members = {name: mirrored(classify) for name, classify in members.items()}
    if args.ensemble:
        members["ensemble"], outputs["ensemble"] = ensemble(list(members.values())), ordered[0][1]
    return members, outputs


def names_of(paths: list[Path]) -> list[str]:
    """The models' names for a table: the files' stems, each with a number where the name is taken."""
    names = ["ensemble"]
    for path in paths:
        name, number = path.stem, 2
        while name in names:
            name, number = f"{path.stem} {number}", number + 1
        names.append(name)
    return names[1:]


def chosen_splits(dataset: Dataset, args: argparse.Namespace) -> dict[str, Split]:
    """The splits to measure on, by what to call them: that of --split, or else all that were not trained on."""
    if args.split and args.split not in dataset.splits:
        raise InputError(f"--split {args.split}: not in {dataset}")
    names = [args.split] if args.split else [name for name in dataset.splits if name != "Training"] or ["Training"]
    chosen = dict(chosen_rows(dataset, name, args.unseen) for name in names)
    for name, split in chosen.items():
        known = protocols(split)
        if not known:
            raise InputError(f"{dataset.source}: no face of {name} has a label that counts")
        if args.protocol not in (None, *known):
            raise InputError(f"--protocol {args.protocol}: {dataset.source} has labels for {', '.join(known)}")
    return chosen


def chosen_rows(dataset: Dataset, name: str, unseen: bool) -> tuple[str, Split]:
    """What to call the split `name`, and its rows; `unseen` leaves out those whose photograph training had seen."""
    split = dataset.splits[name]
    if name == "Training":
        if unseen:
            raise InputError("--unseen: Training is what was seen; name another --split")
        return name, split
    known = dataset.seen_faces(name)
    exact = duplicates(split.faces, known)
    if not unseen:
        if exact.any():
            logger.info(
                f"{name}: {exact.sum()} of {len(split)} faces were seen in training, byte for byte; see --unseen"
            )
        return name, split
    rest = split.take(~exact)
    near = near_duplicates(rest.faces, known)
    logger.info(
        f"{name}: {exact.sum()} faces seen in training are left out, and {near.sum()} other crops of such photographs"
    )
    if near.all():
        raise InputError(f"--unseen: training had seen every face of {name}")
    return f"{name}, unseen", rest.take(~near)


def reordered(
    classifier: EmotionClassifier, path: Path, wanted: tuple[str, ...] = SEVEN_EMOTIONS
) -> tuple[Classify, tuple[str, ...]]:
    """The classifier's outputs in the one order of the emotions, or of other classes, and their names.

    InputError where it does not answer in all the labels `wanted`; contempt may count as neutral.
    """
    names = [canonical(label) for label in classifier.labels]
    if (outputs_of(wanted, tuple(names)) < 0).any():
        wanted = in_order(wanted)
        raise InputError(f"{path}: its labels ({','.join(classifier.labels)}) are not {','.join(wanted)}; see --labels")
    ordered = in_order(names)
    order = [names.index(name) for name in ordered]
    return (lambda faces: classifier.classify(faces)[:, order]), ordered


def mcnemar_test(
    pair: tuple[str, str], outputs: dict, probabilities: dict, split_name: str, split: Split, protocol: str
) -> dict:
    """The McNemar test between two models' answers on one split."""
    # Seven outputs and eight may meet here.
    labels = asked_labels(protocol, split, min((outputs[name] for name in pair), key=len))
    rows, true = ground_truth(protocol, split, labels)
    p = mcnemar(*(predicted_classes(probabilities[name][rows], len(labels)) for name in pair), true)
    return {"first": pair[0], "second": pair[1], "split": split_name, "protocol": protocol, "p": p}


def print_comparisons(comparisons: list[dict]) -> None:
    for pair in comparisons:
        print("{first} and {second}, {split}, {protocol}: McNemar p = {p:.3g}".format(**pair))


def print_calibrations(calibrations: dict[str, dict]) -> None:
    for name, found in calibrations.items():
        print(
            "{name}: expected calibration error {expected_error:.3f}, cross-entropy {cross_entropy:.3f} (people "
            "{humans_cross_entropy:.3f}), total variation {total_variation:.3f} (people {humans_total_variation:.3f})"
            .format(name=name, **found)
        )  # fmt: skip


def measure_robustness(
    members: dict[str, Classify], outputs: dict, splits: dict[str, Split], args: argparse.Namespace
) -> dict:
    """Tables on stdout and, for `args.chart`, a plot; on the last split, the furthest from training."""
    name, split = list(splits.items())[-1]
    protocol = args.protocol or protocols(split)[0]
    found = {member: robustness(classify, split, protocol, outputs[member]) for member, classify in members.items()}
    for member, results in found.items():
        print(f"\n{member} on {name}, {protocol}, {results[0][2].count} rows\n{format_robustness(results)}")
    if args.chart:
        from emotion.evaluation.plots import plot_robustness

        plot_robustness(found, args.chart, f"{name}, {protocol}")
    return {
        member: [{"change": change, "strength": strength, **asdict(s)} for change, strength, s in results]
        for member, results in found.items()
    }
