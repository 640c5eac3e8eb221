"""Boxes and squares: cut at the edges, whole again, and what two of them share."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.geometry import (
    Box,
    box_corners,
    crop_square,
    crop_turned,
    shared_area,
    square_box,
    whole_square,
)

RAMP = np.arange(100, dtype=np.uint8).repeat(80).reshape(100, 80)  # every row one grey, its number


@pytest.mark.parametrize(
    ("centre", "side", "first_column"),
    [
        pytest.param((40, 50), 4, [48, 49, 50, 51], id="inside"),
        pytest.param((40, 1), 4, [0, 0, 1, 2], id="over the top: its row repeats"),
        pytest.param((40, 99), 4, [97, 98, 99, 99], id="over the bottom"),
        pytest.param((1, 50), 4, [48, 49, 50, 51], id="over the left"),
        pytest.param((79, 50), 4, [48, 49, 50, 51], id="over the right"),
    ],
)
def test_a_square_repeats_the_edge(centre, side, first_column):
    cut = crop_square(RAMP, *centre, side)
    assert cut.shape == (4, 4)
    assert cut[:, 0].tolist() == first_column
    assert (cut == cut[:, :1]).all()
    assert (crop_square(RAMP.T, *centre[::-1], side) == cut.T).all()


@pytest.mark.parametrize(("degrees", "turned"), [(90, 1), (-90, 3), (180, 2)])
def test_a_square_that_leans_is_turned_upright(degrees, turned):
    picture = np.random.default_rng(0).integers(0, 256, (41, 41), np.uint8)
    upright = crop_turned(picture, 20.5, 20.5, 21, degrees)
    assert (upright == np.rot90(picture[10:31, 10:31], turned)).all()
    assert (crop_turned(picture, 20.5, 20.5, 21, 0) == picture[10:31, 10:31]).all()


@pytest.mark.parametrize("degrees", [0, 90, -90, 180])
def test_a_large_square_is_shrunk_before_it_is_turned(degrees):
    quarters = np.array([[10, 60], [110, 160]], np.uint8)
    picture = quarters.repeat(2000, 0).repeat(2000, 1)
    tracemalloc.start()
    upright = crop_turned(picture, 2000, 2000, 4000, degrees, longest=100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert upright.shape == (100, 100)
    assert upright[25::50, 25::50].tolist() == np.rot90(quarters, degrees // 90).tolist()
    assert peak < 200_000  # the square with its corners has 32 million


@pytest.mark.parametrize("degrees", [0, 30])
def test_a_square_far_larger_than_its_picture(degrees):
    """A strip is a photo as well; OpenCV turns nothing that is longer than 32767 pixels."""
    strip = np.full((2, 60_000), 100, np.uint8)
    square = crop_turned(strip, 30_000, 1, 60_000, degrees)
    assert square.shape == (1920, 1920)
    assert (square.min(), square.max()) == (100, 100)


def test_the_corners_of_a_box_that_leans():
    assert box_corners(Box(10, 20, 4, 2), 0).tolist() == [[10, 20], [14, 20], [14, 22], [10, 22]]
    np.testing.assert_allclose(box_corners(Box(10, 20, 4, 2), 90), [[13, 19], [13, 23], [11, 23], [11, 19]])


@given(st.floats(-50, 250), st.floats(-50, 150), st.floats(0, 300))
def test_a_square_box_lies_inside_and_is_never_empty(x, y, side):
    box = square_box(x, y, side, (100, 200))
    assert 0 <= box.x < box.x + box.width <= 200
    assert 0 <= box.y < box.y + box.height <= 100


@pytest.mark.parametrize(
    ("square", "box"),
    [
        pytest.param((50, 50, 20), Box(40, 40, 20, 20), id="inside"),
        pytest.param((5, 50, 20), Box(0, 40, 15, 20), id="cut at the left"),
        pytest.param((195, 95, 20), Box(185, 85, 15, 15), id="cut in the corner"),
        pytest.param((50, 50, 0.2), Box(50, 50, 1, 1), id="too small to be seen"),
    ],
)
def test_a_square_box_is_cut_at_the_edges(square, box):
    assert square_box(*square, (100, 200)) == box


@pytest.mark.parametrize(
    ("box", "square"),
    [
        pytest.param(Box(0, 30, 30, 40), (10, 50, 40), id="cut at the left"),
        pytest.param(Box(170, 30, 30, 40), (190, 50, 40), id="cut at the right"),
        pytest.param(Box(50, 0, 40, 30), (70, 10, 40), id="cut above"),
        pytest.param(Box(50, 30, 30, 40), (65, 50, 40), id="oblong inside"),
    ],
)
def test_a_square_cut_at_one_side_is_known_whole(box, square):
    assert whole_square(box, (100, 200)) == square


@pytest.mark.parametrize(
    ("a", "b", "area"),
    [((0, 0, 4, 4), (2, 2, 4, 4), 4), ((0, 0, 4, 4), (4, 0, 4, 4), 0), ((0, 0, 9, 9), (3, 3, 2, 2), 4)],
    ids=["corner", "side by side", "inside"],
)
def test_shared_area(a, b, area):
    assert shared_area(Box(*a), Box(*b)) == shared_area(Box(*b), Box(*a)) == area
