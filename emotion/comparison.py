"""What networks cost, side by side, and what the cost buys: a table, and a chart of accuracy over cost."""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.classifier import load_classifier
from emotion.evaluation import Score


@dataclass(frozen=True)
class Cost:
    parameters: int
    macs: int  # multiply-accumulates of one face, in convolutions and dense layers: nearly all of the work
    file_bytes: int
    milliseconds: float  # for one face alone, by the light runtime on this CPU; the median


def compare_costs(args: argparse.Namespace, results: list[tuple[str, str, Score]]) -> dict[str, Cost]:
    """Print what the models of --evaluate cost, and draw --chart; `results` are (model, split, score), as assessed.

    The chart shows the last split under its first protocol. Under --tta a model is asked twice, and costs it; the
    ensemble costs what all of its members do together.
    """
    costs = [total([measure_cost(path, args.labels)], passes=1 + args.tta) for path in args.evaluate]
    if args.ensemble:
        costs.append(total(costs))
    names = list(dict.fromkeys(model for model, _, _ in results))
    costs = dict(zip(names, costs, strict=True))
    print("\n" + format_costs(costs))
    if args.chart and not args.robustness:
        split = results[-1][1]
        protocol = next(score.protocol for _, name, score in results if name == split)
        shown = {model: s for model, name, s in results if (name, s.protocol) == (split, protocol)}
        draw_chart({model: (s, costs[model]) for model, s in shown.items()}, args.chart, f"{split}, {protocol}")
    return costs


def measure_cost(path: Path, labels: tuple[str, ...] | None) -> Cost:
    """The cost of the .h5 in `path`; what a person should know of it was told when it was assessed."""
    from emotion.backend import start_keras

    start_keras("cpu", "float32")
    from emotion.model_file import load_model

    model = load_model(path)
    milliseconds = milliseconds_a_face(load_classifier([path], "cpu", labels).classify)
    return Cost(model.count_params(), multiply_accumulates(model), path.stat().st_size, milliseconds)


def total(costs: list[Cost], passes: int = 1) -> Cost:
    """The cost of asking all of `costs`, each `passes` times."""
    return Cost(
        sum(cost.parameters for cost in costs),
        passes * sum(cost.macs for cost in costs),
        sum(cost.file_bytes for cost in costs),
        passes * sum(cost.milliseconds for cost in costs),
    )


def multiply_accumulates(model) -> int:
    """Of the Keras `model` for one input, from the shapes of its layers alone.

    Each number in a kernel is multiplied once for each place of the output: so for plain, depthwise and separable
    convolutions (whose depthwise half strides already) as for a dense layer, whose output has but one place.
    """
    work = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            work += multiply_accumulates(layer)
            continue
        kernels = sum(math.prod(weight.shape) for weight in layer.weights if weight.name.endswith("kernel"))
        if kernels:
            work += kernels * math.prod(layer.output.shape[1:-1])
    return work


def milliseconds_a_face(classify: Callable[[np.ndarray], np.ndarray], seconds: float = 1.0) -> float:
    """The median time of `classify` for one face, uint8 (1, 48, 48), over about so many `seconds`."""
    face = np.random.default_rng(0).integers(0, 256, (1, 48, 48), np.uint8)
    for _ in range(3):  # the first calls allocate
        classify(face)
    times = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        classify(face)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def format_costs(costs: dict[str, Cost]) -> str:
    """A table for a person, a line a model."""
    lines = [f"{'model':24} {'parameters':>12} {'MACs':>10} {'file':>9} {'a face on this CPU':>19}"]
    for name, cost in costs.items():
        lines.append(
            f"{name:24} {cost.parameters:12,} {cost.macs / 1e6:8.1f} M {cost.file_bytes / 1e6:6.1f} MB "
            f"{cost.milliseconds:16.2f} ms"
        )
    return "\n".join(lines)


def draw_chart(models: dict[str, tuple[Score, Cost]], path: Path, title: str) -> None:
    """Accuracy with its 95 % interval over work and over time, each on a logarithmic axis; a labelled dot a model.

    The format is that of the suffix of `path`. InputError where it is unknown or `path` cannot be written.
    """
    from emotion.figure import plt, save  # Matplotlib takes half a second

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 6), sharey=True, layout="constrained")
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
    from matplotlib.ticker import LogLocator, NullFormatter

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
    from matplotlib.transforms import Bbox

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
