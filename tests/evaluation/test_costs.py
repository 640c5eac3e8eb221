"""What a network costs, counted by hand beside the count by its layers, and the chart of it."""

import argparse
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from emotion.errors import InputError
from emotion.evaluation.costs import Cost, compare_costs, milliseconds_a_face, multiply_accumulates, total
from emotion.evaluation.metrics import Score
from emotion.evaluation.plots import draw_dots, keep_labels_apart, plot_costs
from emotion.labels import SEVEN_EMOTIONS
from emotion.model_file.h5 import save_model

pytestmark = pytest.mark.slow


def network(*stack) -> keras.Model:
    return keras.Sequential([keras.Input((8, 8, 2)), *stack])


@pytest.mark.parametrize(
    ("stack", "macs"),
    [
        ([layers.Conv2D(5, 3)], 6 * 6 * 3 * 3 * 2 * 5),
        ([layers.Conv2D(5, 3, padding="same")], 8 * 8 * 3 * 3 * 2 * 5),
        ([layers.Conv2D(5, 3, padding="same", strides=2)], 4 * 4 * 3 * 3 * 2 * 5),
        ([layers.Conv2D(4, 1, groups=2)], 8 * 8 * 1 * 4),
        ([layers.DepthwiseConv2D(3)], 6 * 6 * 3 * 3 * 2),
        ([layers.SeparableConv2D(5, 3, strides=2, padding="same")], 4 * 4 * (3 * 3 * 2 + 2 * 5)),
        ([layers.Flatten(), layers.Dense(7)], 8 * 8 * 2 * 7),
        ([layers.Rescaling(2), layers.BatchNormalization(), layers.MaxPooling2D(), layers.ReLU()], 0),
    ],
    ids=["valid", "same", "strided", "grouped", "depthwise", "separable", "dense", "no kernel"],
)
def test_work_of_one_layer(stack, macs):
    assert multiply_accumulates(network(*stack)) == macs


def test_work_adds_up_through_a_network_within_a_network():
    inner = network(layers.Conv2D(5, 3))
    face = keras.Input((8, 8, 2))
    outer = keras.Model(face, layers.Dense(7)(layers.Flatten()(inner(face))))
    assert multiply_accumulates(outer) == 6 * 6 * 18 * 5 + 6 * 6 * 5 * 7


def test_an_ensemble_and_its_mirror_image_cost_what_all_do():
    costs = [Cost(10, 100, 1000, 1.0), Cost(1, 2, 3, 0.5)]
    assert total(costs, passes=2) == Cost(11, 204, 1003, 3.0)


def test_the_clock_is_given_one_face_at_a_time():
    seen = []
    assert milliseconds_a_face(seen.append, seconds=0) > 0
    assert {(face.shape, str(face.dtype)) for face in seen} == {((1, 48, 48), "uint8")}


def scored(accuracy: float, protocol: str = "majority") -> Score:
    return Score(protocol, 3199, accuracy, accuracy - 0.01, accuracy + 0.01, 0.5, {}, [])


@pytest.fixture
def model(tmp_path):
    """The smallest network on disk."""
    stack = [keras.Input((48, 48, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(7, "softmax")]
    save_model(keras.Sequential(stack), tmp_path / "small.h5", {"labels": list(SEVEN_EMOTIONS)})
    return tmp_path / "small.h5"


def test_costs_of_files_are_printed_and_charted(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("emotion.evaluation.costs.milliseconds_a_face", partial(milliseconds_a_face, seconds=0))
    flags = {"evaluate": [model, model], "labels": None, "tta": False, "ensemble": True, "robustness": False}
    args = argparse.Namespace(**flags, chart=tmp_path / "chart.png")
    results = [(name, split, scored(0.8)) for split in ("PublicTest", "PrivateTest") for name in ("a", "b", "ensemble")]
    costs = compare_costs(args, results)
    assert list(costs) == ["a", "b", "ensemble"]
    assert [cost.parameters for cost in costs.values()] == [16_135, 16_135, 32_270]
    assert [cost.macs for cost in costs.values()] == [16_128, 16_128, 32_256]
    assert costs["a"].file_bytes == model.stat().st_size
    assert all(cost.milliseconds > 0 for cost in costs.values())
    lines = capsys.readouterr().out.strip().splitlines()
    assert [line.split()[0] for line in lines] == ["model", "a", "b", "ensemble"]
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_names_in_a_crowd_cover_neither_dots_nor_each_other():
    """Eight models as good and as large as one another."""
    figure = Figure(figsize=(6, 6))
    axis = figure.subplots()
    scores = {f"network_{i}": scored(0.80 + i / 500) for i in range(8)}
    draw_dots(axis, scores, [100 + i for i in range(8)])
    axis.set_xlim(10, 1000)
    figure.canvas.draw()
    keep_labels_apart(axis)
    boxes = [label.get_window_extent() for label in axis.texts]
    overlaps = [(i, j) for i in range(8) for j in range(i) if Bbox.intersection(boxes[i], boxes[j]) is not None]
    assert overlaps == []
    assert all(axis.bbox.x0 <= box.x0 and box.x1 <= axis.bbox.x1 for box in boxes)


@pytest.mark.parametrize(
    ("name", "reason"), [("chart.docx", "a figure is written as"), ("nowhere/chart.png", "cannot be written")]
)
def test_a_chart_that_cannot_be_written_is_named(tmp_path, name, reason):
    with pytest.raises(InputError, match=f"{name}: {reason}"):
        plot_costs({"one": (scored(0.8), Cost(10, 100, 1000, 1.0))}, tmp_path / name, "PublicTest")
    assert list(tmp_path.iterdir()) == []


def test_the_chart_of_one_model_has_its_interval(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("emotion.evaluation.plots.save", lambda figure, path: drawn.append(figure))
    plot_costs({"one": (scored(0.8), Cost(10, 2_000_000, 1000, 3.0))}, tmp_path / "chart.png", "PublicTest")
    for axis, place in zip(drawn[0].axes, (2.0, 3.0), strict=True):
        np.testing.assert_allclose(axis.collections[0].get_segments()[0], [[place, 79], [place, 81]])
        assert axis.get_xscale() == "log"
        assert axis.texts[0].get_text() == "one 80.0"
