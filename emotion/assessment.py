"""Models side by side on the same faces: `fer.py --evaluate`."""

import argparse
import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np

from emotion.calibration import calibration
from emotion.classifier import EmotionClassifier, load_classifier
from emotion.dataset import Dataset, Split
from emotion.errors import InputError
from emotion.evaluation import Classify, Score, ensemble, format_table, mcnemar, mirrored, protocols, score
from emotion.labels import SYNONYMS, emotions
from emotion.model_file import write_text
from emotion.robustness import format_table as format_robustness
from emotion.robustness import robustness
from emotion.votes import truth


def assess(dataset: Dataset, args: argparse.Namespace, say: Callable[[str], None]) -> list[tuple[str, str, Score]]:
    """Measure the models of `args.evaluate`, print the tables, write what `args` asks for.

    Returns (model, split, score) for each model, split and protocol.
    """
    splits = chosen_splits(dataset, args.split)
    labels = tuple(args.labels.split(",")) if args.labels else None
    members = {path.stem: in_order(load_classifier([path], args.device, labels, say), path) for path in args.evaluate}
    if args.tta:
        members = {f"{name} + mirror": mirrored(classify) for name, classify in members.items()}
    if args.ensemble:
        members["ensemble"] = ensemble(members.values())
    results, report = [], {"schema": 1, "data": dataset.fingerprint, "calibration": {}, "mcnemar": [], "robustness": {}}
    for split_name, split in splits.items():
        asked = [args.protocol] if args.protocol else protocols(split)
        probabilities = {name: classify(split.faces) for name, classify in members.items()}
        for name in members:
            results += [(name, split_name, score(probabilities[name], split, protocol)) for protocol in asked]
            if split.votes is not None:
                report["calibration"][f"{name}, {split_name}"] = calibration(probabilities[name], split.votes).as_dict()
        for first, second in combinations(members, 2):
            report["mcnemar"].append(apart(first, second, probabilities, split_name, split, asked[0]))
    print(format_table(results))
    for pair in report["mcnemar"]:
        print("{first} and {second}, {split}, {protocol}: McNemar p = {p:.3g}".format(**pair))
    for name, found in report["calibration"].items():
        print(f"{name}: expected calibration error {found['expected_error']:.3f}, cross-entropy {found['cross_entropy']:.3f} "
              f"(people {found['humans_cross_entropy']:.3f}), total variation {found['total_variation']:.3f} "
              f"(people {found['humans_total_variation']:.3f})")  # fmt: skip
    if args.robustness:
        report["robustness"] = measure_robustness(members, splits, args)
    if args.json:
        report["scores"] = [{"model": name, "split": split, **s.as_dict()} for name, split, s in results]
        write_text(args.json, json.dumps(report, indent=1) + "\n")
    return results


def chosen_splits(dataset: Dataset, name: str | None) -> dict[str, Split]:
    """The split called `name`; without a name all that were not trained on."""
    if name is None:
        return {n: split for n, split in dataset.splits.items() if n != "Training"} or dict(dataset.splits)
    if name not in dataset.splits:
        raise InputError(f"--split {name}: not in {dataset}")
    return {name: dataset.splits[name]}


def in_order(classifier: EmotionClassifier, path: Path) -> Classify:
    """The classifier's outputs by their names, in the order that votes and codes count in."""
    names = [SYNONYMS.get(label.lower(), label.lower()) for label in classifier.labels]
    wanted = emotions(8 if "contempt" in names else 7)
    if sorted(names) != sorted(wanted):
        raise InputError(f"{path}: its labels ({','.join(classifier.labels)}) are not {','.join(wanted)}; see --labels")
    order = [names.index(name) for name in wanted]
    return lambda faces: classifier.classify(faces)[:, order]


def apart(first: str, second: str, probabilities: dict, split_name: str, split: Split, protocol: str) -> dict:
    """The McNemar test between two models' answers on one split."""
    rows, _ = truth(protocol, split)
    answers = [probabilities[name][rows].argmax(axis=1) for name in (first, second)]
    # Seven outputs and eight may meet here; contempt counts as neutral then, for both.
    classes = min(probabilities[name].shape[1] for name in (first, second))
    answers = [np.where(answer < classes, answer, 0) for answer in answers]
    p = mcnemar(*answers, truth(protocol, split, classes)[1])
    return {"first": first, "second": second, "split": split_name, "protocol": protocol, "p": p}


def measure_robustness(members: dict[str, Classify], splits: dict[str, Split], args: argparse.Namespace) -> dict:
    """Tables on stdout and, for `args.chart`, a plot; on the last split, as close to unseen faces as the data go."""
    name, split = list(splits.items())[-1]
    protocol = args.protocol or protocols(split)[0]
    found = {member: robustness(classify, split, protocol) for member, classify in members.items()}
    for member, results in found.items():
        print(f"\n{member} on {name}, {protocol}, {results[0][2].count} rows\n{format_robustness(results)}")
    if args.chart:
        from emotion.plots import plot_robustness

        plot_robustness(found, args.chart, f"{name}, {protocol}")
    return {
        member: [{"change": change, "strength": strength, **s.as_dict()} for change, strength, s in results]
        for member, results in found.items()
    }
