"""What networks cost, side by side: their size, their work for one face, and the time that it takes here."""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.evaluation.metrics import Score
from emotion.faces.classifier import load_classifier


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
        from emotion.evaluation.plots import plot_costs  # Matplotlib takes half a second

        plot_costs({model: (s, costs[model]) for model, s in shown.items()}, args.chart, f"{split}, {protocol}")
    return costs


def measure_cost(path: Path, labels: tuple[str, ...] | None) -> Cost:
    """The cost of the .h5 in `path`; what a person should know of it was told when it was assessed."""
    from emotion.model_file.keras_setup import start_keras

    start_keras("cpu", "float32")
    from emotion.model_file.h5 import load_model

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
