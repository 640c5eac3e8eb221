"""What a network costs, counted by hand beside the count by its layers."""

import keras
import pytest
from keras import layers

from emotion.evaluation.card import Card
from emotion.evaluation.costs import Cost, measure_cost, milliseconds_a_face, multiply_accumulates, total_cost
from emotion.faces.classifier import EmotionClassifier, load_classifier
from emotion.labels import SEVEN_EMOTIONS

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


def test_an_ensemble_costs_what_all_do():
    assert total_cost([Cost(10, 100, 1000, 1.0), Cost(1, 2, 3, 0.5)]) == Cost(11, 102, 1003, 1.5)
    assert total_cost([Cost(10, 100, 1000, 1.0), Cost(None, None, 3, 0.5)]) == Cost(None, None, 1003, 1.5)


def test_the_clock_is_given_one_face_at_a_time():
    seen = []
    assert milliseconds_a_face(seen.append, seconds=0) > 0
    assert {(face.shape, str(face.dtype)) for face in seen} == {((1, 48, 48), "uint8")}


@pytest.mark.slow
def test_work_that_no_card_tells_is_counted(tiny_model, monkeypatch):
    monkeypatch.setattr("emotion.evaluation.costs.milliseconds_a_face", lambda classify: 3.0)
    cost = measure_cost(tiny_model, load_classifier([tiny_model]), Card(SEVEN_EMOTIONS, parameters=7239))
    convolution, dense = 16 * 16 * 9 * 4, 16 * 16 * 4 * 7
    assert cost == Cost(9 * 4 + 4 + dense + 7, convolution + dense, tiny_model.stat().st_size, 3.0)


def test_work_that_the_card_tells_needs_no_keras(tiny_model, monkeypatch):
    monkeypatch.setattr("emotion.evaluation.costs.milliseconds_a_face", lambda classify: 3.0)
    monkeypatch.setattr("emotion.evaluation.costs.count_work", lambda path: pytest.fail("it is counted"))
    cost = measure_cost(tiny_model, load_classifier([tiny_model], mirror=True), Card((), parameters=5, macs=6))
    assert (cost.parameters, cost.macs) == (5, 12)


def test_of_what_keras_does_not_read_the_work_is_unknown(tiny_light, monkeypatch):
    monkeypatch.setattr("emotion.evaluation.costs.milliseconds_a_face", lambda classify: 3.0)
    classifier = EmotionClassifier([], SEVEN_EMOTIONS, mirror=True)
    assert measure_cost(tiny_light, classifier, None) == Cost(None, None, tiny_light.stat().st_size, 3.0)
