"""Faces by YuNet: its file, its looks, tilts and orientations."""

import hashlib
import threading
import tracemalloc

import cv2
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.close_look import Face, same, tilt_of, to_faces
from emotion.faces.haar import HaarDetector
from emotion.faces.yunet import YuNetDetector, turn_back
from emotion.shipped import YUNET

FACE = (225, 118, 90)  # centre x and y, side of the sample's


@pytest.fixture(scope="module")
def detector():
    return YuNetDetector()


def turned(image, degrees):
    """`image` turned clockwise about its face, which stays where it is."""
    matrix = cv2.getRotationMatrix2D(FACE[:2], -degrees, 1)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def is_at(face, x, y, side):
    near = max(abs(face.box.centre[0] - x), abs(face.box.centre[1] - y)) < 0.2 * side
    return near and 0.7 < face.box.width / side < 1.4


def test_the_file_is_that_of_opencvs_zoo():
    digest = hashlib.sha256(YUNET.read_bytes()).hexdigest()
    assert digest == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def test_yunet_without_its_file(tmp_path):
    with pytest.raises(InputError, match=r"yunet\.onnx: no such file"):
        YuNetDetector(model=tmp_path / "yunet.onnx")


def relu() -> bytes:
    """An ONNX file of one layer: sound, but no YuNet."""

    def field(number, content):  # of Protocol Buffers
        return bytes([number << 3 | 2, len(content)]) + content

    def number(place, value):
        return bytes([place << 3, value])

    sides = b"".join(field(1, number(1, side)) for side in (1, 3, 32, 32))
    tensor = field(2, field(1, number(1, 1) + field(2, sides)))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    graph = field(1, node) + field(2, b"g") + field(11, field(1, b"x") + tensor) + field(12, field(1, b"y") + tensor)
    return number(1, 8) + field(7, graph) + field(8, number(2, 13))


@pytest.mark.parametrize("content", [b"no network", relu()], ids=["no network", "another network"])
def test_yunet_with_another_file(tmp_path, capfd, content):
    (tmp_path / "yunet.onnx").write_bytes(content)
    with pytest.raises(InputError, match="not a YuNet"):
        YuNetDetector(model=tmp_path / "yunet.onnx")


def test_the_sample_has_one_face(detector, face_photo):
    (face,) = detector.detect(face_photo)
    assert is_at(face, *FACE)
    assert 0.8 < face.score <= 1
    assert face.tilt == 0


@pytest.mark.parametrize("degrees", [-60, -45, -30, 30, 45, 60])
def test_a_tilted_face_is_found_with_its_tilt(detector, face_photo, degrees):
    (face,) = detector.detect(turned(face_photo, degrees))
    assert is_at(face, *FACE)
    assert face.tilt == pytest.approx(degrees, abs=15)


@pytest.mark.parametrize(("quarters", "tilt"), [(1, -90), (2, 180), (3, 90)])
def test_a_photo_on_its_side_or_head(detector, face_photo, quarters, tilt):
    lying = np.ascontiguousarray(np.rot90(face_photo, quarters))
    (face,) = detector.detect(lying)
    assert abs((face.tilt - tilt + 180) % 360 - 180) < 15
    x, y, side = FACE
    places = {1: (y, 511 - x), 2: (511 - x, 511 - y), 3: (511 - y, x)}
    assert is_at(face, *places[quarters], side)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_what_is_found_in_a_turned_picture_is_where_it_was(quarters):
    picture = np.zeros((40, 70), np.uint8)
    picture[11, 52] = 255
    y, x = np.argwhere(np.rot90(picture, quarters))[0]
    face = turn_back(Face(x + 0.5, y + 0.5, 10, 1.0), quarters, 40, 70)  # a pixel's centre
    assert face[:2] == (52.5, 11.5)


def test_two_in_one_picture_from_left_to_right(detector, face_photo):
    head = face_photo[20:260, 120:340]
    two = np.full((520, 520, 3), 128, np.uint8)
    two[270:510, 20:240], two[10:250, 280:500] = head, head
    left, right = detector.detect(two)
    assert left.box.x < right.box.x
    assert left.box.y > right.box.y


def test_a_large_photo_is_boxed_in_its_own_pixels(detector, face_photo):
    large = cv2.resize(face_photo, None, fx=5, fy=5)
    (face,) = detector.detect(large)
    assert is_at(face, *(5 * value for value in FACE))


def test_min_face_leaves_out_smaller_faces(face_photo):
    assert YuNetDetector(min_face=150).detect(face_photo) == []


@pytest.mark.parametrize("shape", [(1, 1), (20, 20), (1, 500), (4000, 1), (20, 900), (31, 33), (148, 199)])
def test_a_picture_without_a_face(detector, shape):
    ramp = np.linspace(0, 255, shape[0] * shape[1] * 3).reshape(*shape, 3).astype(np.uint8)
    assert detector.detect(ramp) == []


def test_rows_become_squares_the_likeliest_first():
    low = [20, 20, 8, 8, *[0] * 10, 0.4]
    high = [300, 100, 60, 100, *[0] * 10, 0.9]
    first, second = to_faces(np.array([low, high], np.float32), scale=0.5)
    assert first == pytest.approx((660, 304, 160, 0.9, 0))
    assert second.score == pytest.approx(0.4)
    assert to_faces(None) == []
    assert to_faces(np.full((1, 15), np.inf, np.float32)) == []


@pytest.mark.parametrize(("right", "down"), [(0.25, 0), (-0.2, 0.2), (0, -0.25)])
def test_a_doubt_beside_a_face_is_moved_to_it(detector, face_photo, right, down):
    x, y, side = FACE
    doubt = Face(x + right * side, y + down * side, side, 0.5)
    seen = detector.look_into(face_photo, doubt)
    assert (seen.x, seen.y) == pytest.approx((x, y), abs=0.08 * side)
    assert seen.side == side
    assert seen.score > 0.8


class Cascade(HaarDetector):
    files = ()

    def __init__(self, windows):
        self.seen = windows

    def windows(self, patch, side):
        return self.seen


@pytest.mark.parametrize(
    ("first", "close", "degrees", "windows", "face"),
    [
        pytest.param(0.4, 0.76, 30, 0, True, id="a good close look"),
        pytest.param(0.4, 0.7, 0, 0, False, id="a fair one, and a poor first"),
        pytest.param(0.78, 0.7, 0, 0, True, id="both fair"),
        pytest.param(0.4, 0.8, 60, 0, False, id="a good one at an odd angle"),
        pytest.param(0.4, 0.86, 60, 0, True, id="a very good one at an odd angle"),
        pytest.param(0.4, 0.6, 0, 20, True, id="the cascade sees it too"),
        pytest.param(0.4, 0.6, 0, 14, False, id="the cascade faintly"),
        pytest.param(0.4, 0.4, 0, 99, False, id="the cascade alone"),
    ],
)
def test_what_makes_a_face_of_a_doubt(first, close, degrees, windows, face):
    detector = YuNetDetector(cascade=Cascade(windows))
    assert detector.agreed(Face(0, 0, 50, first), Face(0, 0, 50, close), degrees, np.zeros((1, 1, 3))) == face


@pytest.mark.parametrize(
    ("scores", "tilt"),
    [
        ({-30: 0.5, 0: 0.9, 30: 0.5}, 0),
        ({-30: 0.7, 0: 0.9, 30: 0.9}, 15),
        ({0: 0.9, 30: 0.93, 60: 0.9}, 30),
        ({-60: 0.92, -30: 0.921, 0: 0.7}, -45),
        ({-30: 0.8, 0: 0.9, 30: 0.82}, 0),
        ({60: 0.7, 90: 0.9}, 90),
    ],
    ids=["upright", "between two", "at the middle one", "to the left", "too little to say", "the last"],
)
def test_the_tilt_is_where_the_scores_have_their_peak(scores, tilt):
    looks = {angle: Face(0, 0, 1, score) for angle, score in scores.items()}
    assert tilt_of(looks, max(scores, key=scores.get)) == pytest.approx(tilt, abs=2)


@pytest.mark.parametrize("side", [40, 400, 4000])
def test_a_close_look_at_a_face_takes_little_memory(detector, side):
    """About a face that fills its photo there is 18 times as much; what lies beyond is filled up when it is shrunk."""
    image = np.full((400, 400, 3), 200, np.uint8)
    tracemalloc.start()
    patch = detector.at_doubts.cut(image, Face(200, 200, side, 0.5))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert patch.shape == (273, 273, 3)
    half = min(136, 400 / (4.26 * side) * 273 / 2)  # of the patch's side, what the photo covers
    rows = np.flatnonzero(patch[:, 136].any(axis=1))
    assert (rows[0], rows[-1]) == pytest.approx((136 - half, 136 + half), abs=2)
    assert peak < 2e6


def test_a_photo_is_not_copied_to_be_looked_at_on_its_side(detector):
    image = np.full((3000, 4000, 3), 200, np.uint8)
    detector.detect(image[:300, :400])
    tracemalloc.start()
    assert detector.detect(image) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < image.nbytes / 2


def test_one_face_or_two():
    assert same(Face(50, 50, 40, 1), Face(58, 50, 40, 1))
    assert same(Face(50, 50, 90, 1), Face(70, 50, 30, 1)), "a mouth in it"
    assert not same(Face(50, 50, 40, 1), Face(80, 50, 40, 1))


def test_eight_threads_share_a_detector(detector, face_photo):
    small = face_photo[:300, :400].copy()
    alone = [detector.detect(image) for image in (face_photo, small)]
    answers: list = []

    def work():
        for _ in range(3):
            answers.append([detector.detect(image) for image in (face_photo, small)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [alone] * 24
