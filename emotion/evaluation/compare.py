"""Models side by side on the same faces: `fer.py --evaluate`, as data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from emotion.dataset.splits import Split
from emotion.dataset.votes import ground_truth, outputs_of
from emotion.errors import InputError
from emotion.evaluation.calibration import Calibration, calibration
from emotion.evaluation.card import Card, read_card
from emotion.evaluation.costs import Cost, measure_cost, total_cost
from emotion.evaluation.metrics import Score, asked_labels, mcnemar, predicted_classes, protocols, score
from emotion.evaluation.robustness import DamagedScore, robustness
from emotion.evaluation.selection import SelectedSplit
from emotion.faces.classifier import EmotionClassifier, load_classifier, mean_answer
from emotion.labels import canonical, in_order

ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Member:
    """A model to be measured."""

    name: str  # for the tables
    path: Path
    classifier: EmotionClassifier  # its labels in the one order of the emotions
    card: Card | None


@dataclass(frozen=True)
class ModelScore:
    """One model on one split."""

    model: str
    split: str
    score: Score


@dataclass(frozen=True)
class ModelCalibration:
    """One model on one split."""

    model: str
    split: str
    calibration: Calibration


@dataclass(frozen=True)
class McNemar:
    """The exact McNemar test between the answers of two models."""

    first: str
    second: str
    split: str
    protocol: str
    p: float


@dataclass(frozen=True)
class Robustness:
    """All models on the same damaged faces."""

    split: str
    protocol: str
    models: dict[str, list[DamagedScore]]  # the clean faces first


@dataclass(frozen=True)
class Evaluation:
    """All that was measured, by model where there are several, in the order in which they were named."""

    splits: list[SelectedSplit]
    scores: list[ModelScore]  # for each split, each model under each protocol
    calibrations: list[ModelCalibration]
    comparisons: list[McNemar]
    costs: dict[str, Cost]
    robustness: Robustness | None = None  # of the headline

    @property
    def headline(self) -> list[ModelScore]:
        """A score a model: on the last split, the furthest from training, under its first protocol."""
        here = [each for each in self.scores if each.split == self.splits[-1].name]
        return [each for each in here if each.score.protocol == here[0].score.protocol]


def load_members(
    paths: Sequence[Path],
    wanted: tuple[str, ...],
    device: str = "auto",
    labels: tuple[str, ...] | None = None,
    mirror: bool = False,
    scaling: str | None = None,
) -> list[Member]:
    """The models in `paths`, each loaded once, to be measured on data that are labelled with `wanted`.

    `device`, `labels`, `mirror`, `scaling`: as in load_classifier. InputError where a model does not answer in all that is wanted.
    """
    members = []
    for name, path in zip(names_of(paths), paths, strict=True):
        classifier = load_classifier([path], device, labels, mirror, scaling)
        names = tuple(map(canonical, classifier.labels))
        if (outputs_of(wanted, names) < 0).any():
            theirs, ours = ",".join(classifier.labels), ",".join(in_order(wanted))
            way_out = "mend --labels, or leave it out" if labels else "leave it out"
            raise InputError(f"{path}: its labels ({theirs}) are not those of the data ({ours}); {way_out}")
        name = f"{name} + mirror" if mirror else name
        members.append(Member(name, path, classifier.in_order(in_order(names)), read_card(path)))
    return members


def names_of(paths: Sequence[Path]) -> list[str]:
    """The models' names for a table: the files' stems, each with a number where the name is taken."""
    names = [ENSEMBLE]
    for path in paths:
        name, number = path.stem, 2
        while name in names:
            name, number = f"{path.stem} {number}", number + 1
        names.append(name)
    return names[1:]


def compare(
    members: Sequence[Member],
    splits: list[SelectedSplit],
    protocol: str | None = None,
    ensemble: bool = False,
    with_robustness: bool = False,
) -> Evaluation:
    """Measure `members` on `splits`, under `protocol` or all that the splits have labels for.

    `ensemble`: the mean of all members as one more model. `with_robustness`: on damaged faces as well, which takes two
    dozen times as long. InputError where members have no mean.
    """
    labels = {member.name: member.classifier.labels for member in members}
    if ensemble and len(set(labels.values())) > 1:
        raise InputError("--ensemble: answers in seven emotions and in eight have no mean; leave out one or the other")
    if ensemble:
        labels[ENSEMBLE] = members[0].classifier.labels

    def answers_of(faces: np.ndarray) -> dict[str, np.ndarray]:
        answers = {member.name: member.classifier.classify(faces) for member in members}
        return answers | {ENSEMBLE: mean_answer(list(answers.values()))} if ensemble else answers

    scores: list[ModelScore] = []
    calibrations: list[ModelCalibration] = []
    comparisons: list[McNemar] = []
    for selected in splits:
        asked = [protocol] if protocol else protocols(selected.rows)
        answers = answers_of(selected.rows.faces)
        for name, answer in answers.items():
            scores += [
                ModelScore(name, selected.name, score(answer, selected.rows, each, labels[name])) for each in asked
            ]
        calibrations += calibrate_models(answers, labels, selected)
        comparisons += compare_pairs(answers, labels, selected, asked[0])
    costs = {member.name: measure_cost(member.path, member.classifier, member.card) for member in members}
    if ensemble:
        costs[ENSEMBLE] = total_cost(list(costs.values()))
    found = Evaluation(splits, scores, calibrations, comparisons, costs)
    if not with_robustness:
        return found
    clean = {each.model: each.score for each in found.headline}
    last, under = splits[-1], found.headline[0].score.protocol
    damaged = robustness(answers_of, last.rows, under, labels, clean)
    return replace(found, robustness=Robustness(last.name, under, damaged))


def calibrate_models(
    answers: dict[str, np.ndarray], labels: dict[str, tuple[str, ...]], selected: SelectedSplit
) -> list[ModelCalibration]:
    """The models' probabilities `answers`, (N, C) of their `labels`, beside the votes; none where nobody has voted."""
    votes = selected.rows.votes
    if votes is None:
        return []
    found = {name: calibration(answer, votes, labels[name]) for name, answer in answers.items()}
    return [ModelCalibration(name, selected.name, each) for name, each in found.items() if each]


def compare_pairs(
    answers: dict[str, np.ndarray], labels: dict[str, tuple[str, ...]], selected: SelectedSplit, protocol: str
) -> list[McNemar]:
    """Each two of the models by their probabilities `answers`, (N, C) of their `labels`."""
    tests = []
    for first, second in combinations(answers, 2):
        pair = (answers[first], labels[first]), (answers[second], labels[second])
        p = mcnemar_test(*pair, selected.rows, protocol)
        tests.append(McNemar(first, second, selected.name, protocol, p))
    return tests


def mcnemar_test(
    first: tuple[np.ndarray, tuple[str, ...]], second: tuple[np.ndarray, tuple[str, ...]], split: Split, protocol: str
) -> float:
    """The p-value of the McNemar test between two models' (probabilities (N, C), labels) on the rows of `split`."""
    # Seven outputs and eight may meet here.
    asked = asked_labels(protocol, split, min(first[1], second[1], key=len))
    rows, true = ground_truth(protocol, split, asked)
    one, other = (predicted_classes(answer[rows], len(asked)) for answer, _ in (first, second))
    return mcnemar(one, other, true)
