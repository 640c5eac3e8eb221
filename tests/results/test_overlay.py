import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.faces.recognition import Recognition
from emotion.geometry import Box, shared_area
from emotion.labels import SEVEN_EMOTIONS, colour
from emotion.results import overlay
from emotion.results.overlay import (
    Sizes,
    annotate,
    best_place,
    draw_box,
    draw_faces,
    draw_label,
    label_image,
    text_mask,
)

HAPPY = np.array([0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05], np.float32)


def happy(*box, id=None):
    return Recognition(Box(*box), SEVEN_EMOTIONS, HAPPY, id)


def ground(height, width, value=128):
    return np.full((height, width, 3), value, np.uint8)


def shows(frame, text, line=12):
    label = label_image(text, line, colour("happiness"))
    # The sums of squares are of floats, and never quite 0 in every OpenCV: what is likest is looked at itself.
    left, top = cv2.minMaxLoc(cv2.matchTemplate(frame, label, cv2.TM_SQDIFF))[2]
    return (frame[top : top + label.shape[0], left : left + label.shape[1]] == label).all()


@pytest.mark.parametrize("value", [0, 128, 255], ids=["on black", "on grey", "on white"])
def test_box_and_label_stand_out(value):
    frame = annotate(ground(400, 400, value), [happy(150, 150, 100, 100)])
    assert (frame[200, 149:156] == colour("happiness")).all(axis=1).any()  # the left side of the box
    label = frame[130:150, 150:250].astype(int)
    assert (label == colour("happiness")).all(axis=2).sum() > 400
    assert (label.max(axis=2) < 60).sum() > 50  # dark letters on the yellow
    assert (frame[180:220, 180:220] == value).all()  # the face is left alone


def test_the_line_of_a_box_is_inside_it():
    frame = ground(150, 200)
    draw_box(frame, Box(20, 30, 100, 60), (0, 0, 255), stroke=4)
    rows, columns = np.nonzero((frame == (0, 0, 255)).all(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (30, 89, 20, 119)


@pytest.mark.parametrize(("face", "frame", "line"), [(30, 400, 12), (30, 2000, 18), (200, 400, 18), (1000, 2000, 94)])
def test_text_can_be_read_and_is_no_larger_than_its_face(face, frame, line):
    assert Sizes.of(Box(0, 0, face, face), ground(frame, frame)).text == line


def test_a_label_says_who_and_how_surely_where_there_is_room():
    assert shows(annotate(ground(400, 400), [happy(150, 150, 100, 100, id=3)]), "3 happiness 70%")
    narrow = annotate(ground(400, 400), [happy(0, 150, 40, 100)])
    assert shows(narrow, "happiness\n70%")
    assert not shows(narrow, "happiness 70%")


def test_a_label_stands_under_a_face_that_has_no_room_above():
    frame = ground(400, 400)
    assert draw_label(frame, happy(100, 0, 100, 150), [Box(100, 0, 100, 150)])[:2] == (100, 150)


def test_in_a_crowd_a_label_is_rather_on_its_own_face_than_on_another():
    frame = annotate(ground(400, 400), [happy(100, y, 100, 100) for y in (50, 151, 252)])
    assert (frame[60:140, 110:190] == 128).all()
    assert (frame[262:342, 110:190] == 128).all()
    assert (frame[151:171, 110:150] == colour("happiness")).all(axis=2).sum() > 200


def test_two_labels_of_neighbours_are_both_whole():
    faces = [happy(100, 100, 40, 40, id=1), happy(142, 100, 40, 40, id=2)]
    frame = annotate(ground(400, 400), faces)
    assert shows(frame, "1 happiness\n70%")
    assert shows(frame, "2 happiness\n70%")


@pytest.mark.parametrize(
    ("x", "beside"), [(100, slice(265, None)), (430, slice(0, 425))], ids=["to the right", "to the left, at the edge"]
)
def test_bars_are_as_long_as_the_probabilities(x, beside):
    frame = annotate(ground(400, 600, 0), [happy(x, 100, 160, 160)])
    panel = frame[:, beside]
    lengths = [(panel == colour(label)).all(axis=2).sum(axis=1).max() for label in SEVEN_EMOTIONS]
    assert lengths[1] > 30
    assert lengths[1] / lengths[6] == pytest.approx(0.7 / 0.05, rel=0.4)


@pytest.mark.parametrize(("rows", "columns"), [(1, 7), (5, 8)])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (3840, 2160)])
def test_in_a_crowd_the_number_is_on_every_face(rows, columns, width, height, monkeypatch):
    pasted = []
    paste = overlay.paste
    monkeypatch.setattr(
        overlay, "paste", lambda frame, image, place: pasted.append(place) or paste(frame, image, place)
    )
    monkeypatch.setattr(overlay, "label_image", lambda text, *rest: written.append(text) or label_image(text, *rest))
    written = []
    across, down = width // columns, height // (rows + 1)
    side = min(across, down) * 2 // 3
    faces = [
        happy(column * across + 9, row * down + down // 2, side, side)
        for row in range(rows)
        for column in range(columns)
    ]
    annotate(ground(height, width), faces)
    assert len(pasted) == len(faces)
    assert all("70%" in text for text in written)
    assert not any(shared_area(a, b) for i, a in enumerate(pasted) for b in pasted[:i])
    assert not any(shared_area(label, face.box) for label in pasted for face in faces)


def test_without_room_for_bars_the_shares_are_along_the_box():
    frame = annotate(ground(400, 400, 0), [happy(100, 100, 70, 70)])
    strip = frame[168, 100:170]
    lengths = [(strip == colour(label)).all(axis=1).sum() for label in SEVEN_EMOTIONS]
    assert lengths == pytest.approx([0.05 * 70, 0.7 * 70, *[0.05 * 70] * 5], abs=1)


def test_a_small_face_has_no_bars():
    frame = annotate(ground(400, 600, 0), [happy(100, 100, 40, 40)])
    assert not frame[:, 200:].any()


def test_annotate_draws_in_place_and_nothing_without_faces():
    frame = ground(50, 50)
    assert (annotate(frame, []) == frame).all()
    assert (frame == 128).all()


@settings(max_examples=150)
@given(st.data(), st.integers(1, 400), st.integers(1, 400))
def test_any_box_in_any_frame(data, height, width):
    faces = []
    for number in range(data.draw(st.integers(1, 3))):
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        box = x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
        faces.append(happy(*box, id=number))
    frame = annotate(ground(height, width), faces)
    assert frame.shape == (height, width, 3)


@pytest.mark.parametrize("box", [(0, 0, 90, 90), (310, 0, 90, 90), (0, 310, 90, 90), (310, 310, 90, 90)])
def test_a_label_in_a_corner_is_whole(box):
    frame = annotate(ground(400, 400, 0), [happy(*box)])
    drawn = (frame == colour("happiness")).all(axis=2)
    alone = (label_image("happiness 70%", 12, colour("happiness")) == colour("happiness")).all(axis=2)
    assert drawn.sum() > alone.sum()


def test_two_labels_keep_out_of_each_other_and_of_the_faces():
    above = Box(50, 80, 100, 20)
    places = [above, Box(50, 200, 100, 20)]
    frame = ground(400, 400)
    assert best_place(frame, places, []) == above
    assert best_place(frame, places, [Box(60, 70, 40, 20)]) == places[1]


def test_labels_with_other_letters_are_drawn_as_such():
    assert not np.array_equal(text_mask("é", 24), text_mask("e", 24))
    assert not np.array_equal(text_mask("радость", 24), text_mask("???????", 24))
    assert len({text_mask(letter, 24).tobytes() for letter in "жщюя"}) == 4


@pytest.mark.parametrize("label", SEVEN_EMOTIONS)
def test_letters_differ_from_their_ground(label):
    image = label_image("M", 24, colour(label)).astype(int)
    grey = image @ [0.114, 0.587, 0.299]
    assert grey.max() - grey.min() > 90


def test_the_box_of_a_tilted_face_is_turned_with_it():
    frame = ground(200, 200)
    draw_box(frame, Box(50, 50, 100, 100), (0, 0, 255), 2, tilt=45.0)
    red = (frame == (0, 0, 255)).all(axis=2)
    assert red[100 - 71 : 100 - 68, 98:103].any(), "a corner above"
    assert red[98:103, 168:172].any(), "and one at the right"
    assert not red[48:54, 48:54].any(), "none where it was upright"


def test_drawing_on_a_large_photo_takes_little_memory_and_keeps_none():
    """The names beside the bars were drawn in each size that might fit, and all of these kept: 220 MB here."""
    frame = np.zeros((6000, 6000, 3), np.uint8)
    draw_faces(frame[:600, :600], [happy(150, 150, 290, 290)])
    tracemalloc.start()
    draw_faces(frame, [happy(1500, 1500, 2900, 2900)])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert frame[1300:1500, 1500:4400].any()  # the label
    assert kept < 1e6
    assert peak < 30e6
