import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.face_detector import Box
from emotion.labels import SEVEN_EMOTIONS, colour
from emotion.overlay import annotate, best_place, label_image, overlap, text_mask
from emotion.recognizer import Recognition

HAPPY = np.array([0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05], np.float32)


def happy(*box, id=None):
    return Recognition(Box(*box), "happiness", HAPPY, id)


def ground(height, width, value=128):
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize("value", [0, 128, 255], ids=["on black", "on grey", "on white"])
def test_box_and_label_stand_out(value):
    frame = annotate(ground(400, 400, value), [happy(150, 150, 100, 100)], SEVEN_EMOTIONS)
    assert (frame[200, 149:156] == colour("happiness")).all(axis=1).any()  # the left side of the box
    label = frame[130:150, 150:250].astype(int)
    assert (label == colour("happiness")).all(axis=2).sum() > 400
    assert (label.max(axis=2) < 60).sum() > 50  # dark letters on the yellow
    assert (frame[180:220, 180:220] == value).all()  # the face is left alone


def test_bars_are_as_long_as_the_probabilities():
    frame = annotate(ground(400, 600, 0), [happy(100, 100, 160, 160)], SEVEN_EMOTIONS)
    panel = frame[:, 265:]
    lengths = [(panel == colour(label)).all(axis=2).sum(axis=1).max() for label in SEVEN_EMOTIONS]
    assert lengths[1] > 30
    assert lengths[1] / lengths[6] == pytest.approx(0.7 / 0.05, rel=0.4)


def test_a_small_face_has_no_bars():
    frame = annotate(ground(400, 600, 0), [happy(100, 100, 40, 40)], SEVEN_EMOTIONS)
    assert not frame[:, 200:].any()


def test_annotate_draws_in_place_and_nothing_without_faces():
    frame = ground(50, 50)
    assert annotate(frame, [], SEVEN_EMOTIONS) is frame
    assert (frame == 128).all()


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 400), st.integers(1, 400))
def test_any_box_in_any_frame(data, height, width):
    faces = []
    for number in range(data.draw(st.integers(1, 3))):
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        box = x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
        faces.append(happy(*box, id=number))
    frame = annotate(ground(height, width), faces, SEVEN_EMOTIONS)
    assert frame.shape == (height, width, 3)


@pytest.mark.parametrize("box", [(0, 0, 90, 90), (310, 0, 90, 90), (0, 310, 90, 90), (310, 310, 90, 90)])
def test_a_label_in_a_corner_is_whole(box):
    frame = annotate(ground(400, 400, 0), [happy(*box)], SEVEN_EMOTIONS)
    drawn = (frame == colour("happiness")).all(axis=2)
    alone = (label_image("happiness 70%", 12, colour("happiness")) == colour("happiness")).all(axis=2)
    assert drawn.sum() > alone.sum()


def test_two_labels_keep_out_of_each_other_and_of_the_faces():
    above = Box(50, 80, 100, 20)
    places = [above, Box(50, 200, 100, 20)]
    frame = ground(400, 400)
    assert best_place(frame, places, []) == above
    assert best_place(frame, places, [Box(60, 70, 40, 20)]) == places[1]


@pytest.mark.parametrize(
    ("a", "b", "area"),
    [((0, 0, 4, 4), (2, 2, 4, 4), 4), ((0, 0, 4, 4), (4, 0, 4, 4), 0), ((0, 0, 9, 9), (3, 3, 2, 2), 4)],
    ids=["corner", "side by side", "inside"],
)
def test_overlap(a, b, area):
    assert overlap(Box(*a), Box(*b)) == overlap(Box(*b), Box(*a)) == area


def test_labels_with_other_letters_are_drawn_as_such():
    assert not np.array_equal(text_mask("é", 24), text_mask("e", 24))
    assert not np.array_equal(text_mask("радость", 24), text_mask("???????", 24))
    assert len({text_mask(letter, 24).tobytes() for letter in "жщюя"}) == 4


@pytest.mark.parametrize("label", SEVEN_EMOTIONS)
def test_letters_differ_from_their_ground(label):
    image = label_image("M", 24, colour(label)).astype(int)
    grey = image @ [0.114, 0.587, 0.299]
    assert grey.max() - grey.min() > 90
