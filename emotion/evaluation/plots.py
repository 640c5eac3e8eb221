"""Pictures of a run and of several networks: how one learnt, what it confuses, how sure it is; what each is worth."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from emotion.dataset.splits import Dataset, Split
from emotion.dataset.votes import ground_truth
from emotion.evaluation.costs import Cost
from emotion.evaluation.metrics import Classify, Score, asked_labels, predicted_classes
from emotion.labels import rgb
from emotion.results.figure import save


def plot_run(card: dict, classify: Classify, dataset: Dataset, model: Path) -> None:
    """All pictures of a training run, beside the `model` file: `fer_curves.png` and so on."""
    plot_curves(card["history"], model.with_name(f"{model.stem}_curves.png"))
    held_out = ("PrivateTest", "Test", "PublicTest", "Validation")
    name = next((name for name in held_out if name in dataset.splits), "Training")
    figures = card["splits"][name]
    protocol = next((p for p in (card["protocol"], *figures["scores"]) if p in figures["scores"]), None)
    if protocol is None:  # a handful of faces, of which none has a label that counts
        return
    score = figures["scores"][protocol]
    title = f"{model.stem} on {name}, {protocol}: {100 * score['accuracy']:.1f} % of {score['count']}"
    plot_confusion(score["confusion"], tuple(score["recalls"]), model.with_name(f"{model.stem}_confusion.png"), title)
    plot_recalls(score["recalls"], model.with_name(f"{model.stem}_recalls.png"), title)
    mistakes = model.with_name(f"{model.stem}_mistakes.png")
    plot_mistakes(classify, dataset.splits[name], mistakes, title, protocol, tuple(card["labels"]))
    if "calibration" in figures:
        plot_reliability(
            figures["calibration"], model.with_name(f"{model.stem}_reliability.png"), f"{model.stem} on {name}"
        )


def plot_curves(history: list[dict[str, float]], path: Path) -> None:
    """Loss and accuracy by epoch, on the training rows (as augmented) and the validation rows."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(epochs, [figures[name] for figures in history], label="training, augmented")
        axis.plot(epochs, [figures[f"val_{name}"] for figures in history], label="validation")
        axis.set(xlabel="epoch", title=name)
        axis.legend()
    save(figure, path)


def plot_confusion(confusion: list[list[int]], names: tuple[str, ...], path: Path, title: str) -> None:
    """[true][predicted] counts of the emotions `names`, shaded by the share of the true emotion."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.5, 6), layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        shade = "white" if shares[row, column] > 0.5 else "black"
        axis.text(
            column, row, f"{100 * shares[row, column]:.0f} %\n{count}", ha="center", va="center", color=shade, size=8
        )
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted", ylabel="voted", title=title)
    save(figure, path)


def plot_recalls(recalls: dict[str, float | None], path: Path, title: str) -> None:
    """One bar an emotion: the share of its faces that were found."""
    known = {name: recall for name, recall in recalls.items() if recall is not None}
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axis = figure.subplots()
    bars = axis.bar(
        known.keys(), [100 * recall for recall in known.values()], color=[rgb(name, list(known)) for name in known]
    )
    axis.bar_label(bars, fmt="%.0f")
    axis.set(ylim=(0, 105), ylabel="recall, %", title=title)
    save(figure, path)


def plot_reliability(calibration: dict, path: Path, title: str) -> None:
    """Mean confidence beside the mean share of votes, a dot a bin, its area the faces in it."""
    confidence, share, count = (np.array(column) for column in zip(*calibration["bins"], strict=True))
    figure = Figure(figsize=(5, 5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axis.scatter(confidence, share, s=600 * count / count.max() + 8, alpha=0.7)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of the votes")
    axis.set_title(f"{title}, expected error {calibration['expected_error']:.3f}")
    save(figure, path)


def plot_mistakes(classify: Classify, split: Split, path: Path, title: str, protocol: str, labels: tuple) -> None:
    """The faces on which the network was most sure of another emotion than the one voted."""
    probabilities = classify(split.faces)
    names = asked_labels(protocol, split, labels)
    rows, true = ground_truth(protocol, split, names)
    probabilities = probabilities[rows]
    predicted, confidence = predicted_classes(probabilities, len(names)), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-confidence[wrong])][:24]
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(4, 6)
    for axis in axes.flat:
        axis.axis("off")
    for axis, i in zip(axes.flat, worst, strict=False):
        axis.imshow(split.faces[rows[i]], cmap="gray", vmin=0, vmax=255)
        axis.set_title(f"{names[predicted[i]]} {100 * confidence[i]:.0f} %\nvoted {names[true[i]]}", size=8)
    figure.suptitle(title)
    save(figure, path)


def plot_robustness(models: dict[str, list], path: Path, title: str) -> None:
    """Bars of what is left of each model's accuracy, one group a change; `models`: name -> robustness()'s results."""
    first = next(iter(models.values()))
    names = ["clean" if strength is None else f"{name} {strength:g}" for name, strength, _ in first]
    figure = Figure(figsize=(8, 0.3 * len(names) * max(1, len(models) / 2) + 1.5), layout="constrained")
    axis = figure.subplots()
    height = 0.8 / len(models)
    for number, (model, results) in enumerate(models.items()):
        places = np.arange(len(names)) + number * height
        axis.barh(places, [100 * score.accuracy for _, _, score in results], height, label=model)
    axis.set_yticks(np.arange(len(names)) + 0.4 - height / 2, names)
    axis.invert_yaxis()
    axis.set(xlabel="accuracy, %", title=title, xlim=(0, 100))
    if len(models) > 1:
        axis.legend(loc="lower left")
    save(figure, path)


def plot_costs(models: dict[str, tuple[Score, Cost]], path: Path, title: str) -> None:
    """Accuracy with its 95 % interval over work and over time, each on a logarithmic axis; a labelled dot a model.

    The format is that of the suffix of `path`. InputError where it is unknown or `path` cannot be written.
    """
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    scores = {name: score for name, (score, _) in models.items()}
    draw_dots(left, scores, [cost.macs / 1e6 for _, cost in models.values()])
    draw_dots(right, scores, [cost.milliseconds for _, cost in models.values()])
    left.set(xlabel="million multiply-accumulates a face", ylabel="accuracy, %, with its 95 % interval")
    right.set(xlabel="milliseconds a face on this CPU")
    figure.suptitle(title)
    figure.canvas.draw()  # now the places of the dots in the picture are known,
    figure.set_layout_engine("none")  # and they stay
    for axis in (left, right):
        keep_labels_apart(axis)
    save(figure, path)


def draw_dots(axis, scores: dict[str, Score], costs: list[float]) -> None:
    """Dots with their intervals and their names, over `costs`."""
    for number, ((name, score), cost) in enumerate(zip(scores.items(), costs, strict=True)):
        accuracy, low, high = 100 * score.accuracy, 100 * score.low, 100 * score.high
        bar = [[accuracy - low], [high - accuracy]]
        axis.errorbar(cost, accuracy, yerr=bar, fmt="o", capsize=3, color=f"C{number % 10}")
        axis.annotate(
            f"{name} {accuracy:.1f}", (cost, accuracy), xytext=(0, 0), textcoords="offset points",
            color=f"C{number % 10}", size=9, va="center",
        )  # fmt: skip
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")  # 0.2, where the default writes 2 x 10^-1
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(x=0.25, y=0.1)
    axis.grid(alpha=0.3)


def keep_labels_apart(axis) -> None:
    """Move each name to the nearest place beside its dot where it covers no dot, no interval and no other name."""

    def covered(box: Bbox) -> float:
        shared = [part for other in taken if (part := Bbox.intersection(box, other)) is not None]
        inside = Bbox.intersection(box, axis.bbox)
        outside = box.width * box.height - (inside.width * inside.height if inside else 0)
        return round(outside + sum(part.width * part.height for part in shared))

    taken = [Bbox(axis.transData.transform(bars.get_segments()[0])).padded(6) for bars in axis.collections]
    places = [(side, shift) for shift in (0, 12, -12, 24, -24, 36, -36) for side in ("left", "right")]
    for label in axis.texts:
        choices = []
        for side, shift in places:
            label.set(ha=side, position=(10 if side == "left" else -10, shift))
            choices.append((covered(label.get_window_extent()), len(choices), side, shift))
        _, _, side, shift = min(choices)
        label.set(ha=side, position=(10 if side == "left" else -10, shift))
        taken.append(label.get_window_extent())
