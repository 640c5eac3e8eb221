"""Figures of a run and of several networks: how one learnt, what it confuses, how sure it is; what each is worth."""

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from emotion.dataset.splits import Dataset, Split
from emotion.dataset.votes import ground_truth
from emotion.evaluation.calibration import Calibration
from emotion.evaluation.card import Card
from emotion.evaluation.compare import Evaluation, Robustness
from emotion.evaluation.costs import Cost
from emotion.evaluation.metrics import Classify, Score, asked_labels, predicted_classes
from emotion.labels import rgb

HELD_OUT = ("PrivateTest", "Test", "PublicTest", "Validation")  # the first that is there is the least seen
MARKERS = "os^Dv<>Pp*"


def plot_run(name: str, card: Card, classify: Classify, dataset: Dataset) -> dict[str, Figure]:
    """The figures of the training run of the model `name`: curves, confusion, recalls, mistakes, reliability."""
    figures = {"curves": plot_curves(card.history)}
    split = next((split for split in HELD_OUT if split in dataset.splits), "Training")
    measured = card.splits[split]
    protocol = next((p for p in (card.protocol, *measured.scores) if p in measured.scores), None)
    if protocol is None:  # a handful of faces, of which none has a label that counts
        return figures
    score = measured.scores[protocol]
    title = f"{name} on {split}, {protocol}: {100 * score.accuracy:.1f} % of {score.count}"
    figures["confusion"] = plot_confusion(score, title)
    figures["recalls"] = plot_recalls(score, title)
    figures["mistakes"] = plot_mistakes(classify, dataset.splits[split], protocol, card.labels, title)
    if measured.calibration:
        figures["reliability"] = plot_reliability(measured.calibration, f"{name} on {split}")
    return figures


def plot_curves(history: list[dict[str, float]]) -> Figure:
    """Loss and accuracy by epoch, on the training rows (as augmented) and the validation rows."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = range(1, len(history) + 1)
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, [figures[name] for figures in history], label="training, augmented")
        axes.plot(epochs, [figures[f"val_{name}"] for figures in history], label="validation")
        axes.set(xlabel="epoch", title=name)
        axes.legend()
    return figure


def plot_confusion(score: Score, title: str) -> Figure:
    """Counts of each true emotion's predictions, shaded by their share of it.

    Not by scikit-learn's ConfusionMatrixDisplay: that writes one number into a cell, and needs pyplot.
    """
    counts, names = np.array(score.confusion), list(score.recalls)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.5, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        color = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f} %\n{count}", ha="center", va="center", color=color, size=8)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="voted", title=title)
    return figure


def plot_recalls(score: Score, title: str) -> Figure:
    """One bar an emotion: the share of its faces that were found."""
    known = {name: 100 * recall for name, recall in score.recalls.items() if recall is not None}
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(list(known), list(known.values()), color=[rgb(name, list(known)) for name in known])
    axes.bar_label(bars, fmt="%.0f")
    axes.set(ylim=(0, 105), ylabel="recall, %", title=title)
    return figure


def plot_reliability(calibration: Calibration, title: str) -> Figure:
    """Mean confidence beside the mean share of votes, a dot a bin, its area the faces in it."""
    confidence, share, count = (np.array(column) for column in zip(*calibration.bins, strict=True))
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(confidence, share, s=600 * count / count.max() + 8, alpha=0.7)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of the votes")
    axes.set_title(f"{title}, expected error {calibration.expected_error:.3f}")
    return figure


def plot_mistakes(classify: Classify, split: Split, protocol: str, labels: tuple[str, ...], title: str) -> Figure:
    """The faces on which a network with the outputs `labels` was most sure of another emotion than the true one.

    Those that its accuracy under `protocol` counts as wrong: where contempt counts as neutral, it is none.
    """
    names = asked_labels(protocol, split, labels)
    rows, true = ground_truth(protocol, split, names)
    probabilities = classify(split.faces[rows])
    predicted, confidence = predicted_classes(probabilities, len(names)), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-confidence[wrong])]
    figure = Figure(figsize=(10, 8), layout="constrained")
    grid = figure.subplots(4, 6)
    for axes in grid.flat:
        axes.axis("off")
    for axes, i in zip(grid.flat, worst, strict=False):
        axes.imshow(split.faces[rows[i]], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{names[predicted[i]]} {100 * confidence[i]:.0f} %\nvoted {names[true[i]]}", size=8)
    figure.suptitle(title)
    return figure


def plot_robustness(robustness: Robustness) -> Figure:
    """Bars of what is left of each model's accuracy, one group a corruption."""
    models = robustness.models
    first = next(iter(models.values()))
    names = ["clean" if d.strength is None else f"{d.corruption} {d.strength:g}" for d in first]
    figure = Figure(figsize=(8, 0.3 * len(names) * max(1, len(models) / 2) + 1.5), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(models)
    for number, (model, results) in enumerate(models.items()):
        places = np.arange(len(names)) + number * height
        axes.barh(places, [100 * damaged.score.accuracy for damaged in results], height, label=model)
    axes.set_yticks(np.arange(len(names)) + 0.4 - height / 2, names)
    axes.invert_yaxis()
    axes.set(xlabel="accuracy, %", title=f"{robustness.split}, {robustness.protocol}", xlim=(0, 100))
    if len(models) > 1:
        axes.legend(loc="lower left")
    return figure


def plot_costs(evaluation: Evaluation) -> Figure:
    """Accuracy with its 95 % interval over work and over time, each on a logarithmic axis; one mark per model."""
    scores = {found.model: found.score for found in evaluation.headline}
    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_dots(left, scores, evaluation.costs, lambda cost: math.nan if cost.macs is None else cost.macs / 1e6)
    draw_dots(right, scores, evaluation.costs, lambda cost: cost.milliseconds)
    left.set(xlabel="million multiply-accumulates a face", ylabel="accuracy, %, with its 95 % interval")
    right.set(xlabel="milliseconds a face, here")
    marks, names = left.get_legend_handles_labels()
    figure.legend(marks, names, loc="outside right center", frameon=False)
    headline = evaluation.headline[0]
    figure.suptitle(f"{headline.split}, {headline.score.protocol}")
    return figure


def draw_dots(axes: Axes, scores: dict[str, Score], costs: dict[str, Cost], amount: Callable[[Cost], float]) -> None:
    """A mark with its interval for each model, from the most accurate on, over the `amount` of its cost."""
    places = {name: number for number, name in enumerate(scores)}
    for name, score in sorted(scores.items(), key=lambda item: -item[1].accuracy):
        accuracy, low, high = 100 * score.accuracy, 100 * score.low, 100 * score.high
        axes.errorbar(
            amount(costs[name]), accuracy, yerr=[[accuracy - low], [high - accuracy]], capsize=3,
            fmt=MARKERS[places[name] % len(MARKERS)], color=f"C{places[name] % 10}", label=f"{name} {accuracy:.1f}",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")  # 0.2, where the default writes 2 x 10^-1
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.25, y=0.1)
    axes.grid(alpha=0.3)
