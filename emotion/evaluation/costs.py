"""What a network costs: its size, its work for one face, and the time that it takes here."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.evaluation.card import Card
from emotion.faces.classifier import EmotionClassifier


@dataclass(frozen=True)
class Cost:
    """What one face costs one network, here."""

    parameters: int | None  # None where they cannot be counted: of a .tflite or .onnx
    macs: int | None  # multiply-accumulates of one face, in convolutions and dense layers: nearly all of the work
    file_bytes: int
    milliseconds: float  # for one face alone, as loaded here; the median


def measure_cost(path: Path, classifier: EmotionClassifier, card: Card | None) -> Cost:
    """The cost of the model in `path`, at work in `classifier`; its work is that of its `card`, or else counted.

    With the mirror image a model is asked twice, and costs it.
    """
    parameters: int | None
    macs: int | None
    if card and card.parameters is not None and card.macs is not None:
        parameters, macs = card.parameters, card.macs
    else:
        parameters, macs = count_work(path)
    if macs is not None and classifier.mirror:
        macs *= 2
    return Cost(parameters, macs, path.stat().st_size, milliseconds_a_face(classifier.classify))


def total_cost(costs: list[Cost]) -> Cost:
    """The cost of asking all of `costs`."""
    return Cost(
        sum_known([cost.parameters for cost in costs]),
        sum_known([cost.macs for cost in costs]),
        sum(cost.file_bytes for cost in costs),
        sum(cost.milliseconds for cost in costs),
    )


def sum_known(counts: list[int | None]) -> int | None:
    """The sum of `counts`, None where one is unknown."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def count_work(path: Path) -> tuple[int, int] | tuple[None, None]:
    """(parameters, multiply-accumulates of one face) of the model in `path`, read by Keras: that takes seconds.

    (None, None) of a .tflite or .onnx, which Keras does not read.
    """
    if path.suffix.lower() in (".tflite", ".onnx"):
        return None, None
    from emotion.backend.keras_setup import start_keras

    start_keras("cpu")
    from emotion.model_file.h5 import load_model

    model = load_model(path)
    return model.count_params(), multiply_accumulates(model)


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
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        classify(face)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)
