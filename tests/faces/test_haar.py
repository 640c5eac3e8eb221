import cv2
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.detection import search_scale
from emotion.faces.haar import HaarDetector, merge_looks, same_sighting
from emotion.geometry import Box


@pytest.fixture(scope="module")
def detector():
    return HaarDetector()


@pytest.fixture
def gray(face_photo):
    return cv2.cvtColor(face_photo, cv2.COLOR_BGR2GRAY)


def find(detector, gray):
    """The boxes of the faces in uint8 (H, W)."""
    return [face.box for face in detector.detect(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))]


def turned(gray, degrees):
    matrix = cv2.getRotationMatrix2D((225, 114), degrees, 1)  # about the face: it stays where it is
    return cv2.warpAffine(gray, matrix, gray.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def holds_the_face(box):
    return abs(box.x + box.width / 2 - 225) < 15 and abs(box.y + box.height / 2 - 114) < 15 and 75 < box.width < 120


def test_the_sample_has_one_face(detector, gray):
    (box,) = find(detector, gray)
    assert holds_the_face(box)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda gray: turned(gray, 25), id="tilted"),
        pytest.param(lambda gray: turned(gray, -25), id="tilted the other way"),
        pytest.param(lambda gray: (gray * 0.15 + 150).astype(np.uint8), id="hardly any contrast"),
    ],
)
def test_the_careful_search_finds_what_a_plain_pass_misses(detector, gray, change):
    hard = change(gray)
    assert not detector.search(hard, 1.1, 5, 30)
    (box,) = find(detector, hard)
    assert holds_the_face(box)


def test_a_large_photo_is_searched_smaller_and_boxed_in_its_own_pixels(detector, gray):
    large = cv2.resize(gray, None, fx=4, fy=4)
    boxes = [Box(*(round(value / 4) for value in box)) for box in find(detector, large)]
    assert any(map(holds_the_face, boxes))


def test_a_face_at_the_end_of_a_long_photo(detector, gray):
    long = np.hstack([np.full((512, 1500), 128, np.uint8), gray])
    boxes = [
        Box(round(box.x / 2) - 1500, *(round(value / 2) for value in box[1:]))
        for box in find(detector, cv2.resize(long, None, fx=2, fy=2))
    ]
    assert any(map(holds_the_face, boxes))


@pytest.mark.parametrize("degrees", [25, -25])
def test_a_tilted_face_at_the_end_of_a_long_photo(detector, gray, degrees):
    long = np.hstack([np.full((512, 1000), 128, np.uint8), turned(gray, degrees)])
    assert any(holds_the_face(box._replace(x=box.x - 1000)) for box in find(detector, long))


def test_the_more_votes_the_higher_the_score(detector, gray):
    (clear,) = detector.detect(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
    (faint,) = detector.detect(cv2.cvtColor((gray * 0.15 + 150).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    assert 0 < faint.score < clear.score < 1


def test_faces_come_from_left_to_right(detector, gray):
    head = gray[30:230, 130:330]
    two = np.full((500, 500), 128, np.uint8)
    two[280:480, 20:220], two[20:220, 280:480] = head, head
    left, right = find(detector, two)
    assert left.x < 220 < right.x
    assert left.y > right.y


@pytest.mark.parametrize(
    ("min_face", "shape", "scale"),
    [
        pytest.param(None, (1000, 2000), 1.0, id="two megapixels: as it is"),
        pytest.param(None, (4000, 2000), 0.5, id="eight: at two"),
        pytest.param(30, (4000, 2000), 1.0, id="eight, and small faces are asked for"),
        pytest.param(30, (8000, 8000), 0.5, id="sixty-four, and small faces: at sixteen"),
        pytest.param(300, (4000, 2000), 0.5, id="eight, and only large faces are asked for"),
        pytest.param(None, (100, 16000), 0.5, id="a strip: eight thousand pixels long"),
    ],
)
def test_the_size_a_photo_is_searched_at(min_face, shape, scale):
    assert search_scale(shape, min_face) == pytest.approx(scale)


def test_min_face_leaves_out_smaller_faces(gray):
    assert find(HaarDetector(min_face=150), gray) == []
    large = cv2.resize(gray, None, fx=4, fy=4)  # the face is 380 pixels wide, and searched at 0.69 of that
    assert len(find(HaarDetector(min_face=330), large)) == 1


@pytest.mark.parametrize("shape", [(1, 1), (20, 20), (1, 500), (30, 30), (148, 199)])
def test_a_picture_without_a_face(detector, shape):
    ramp = np.linspace(0, 255, shape[0] * shape[1]).reshape(shape).astype(np.uint8)
    assert find(detector, ramp) == []


def test_search_returns_a_list_whether_or_not_there_is_a_face(detector, gray):
    assert detector.search(np.zeros((100, 100), np.uint8), 1.1, 5, 30) == []
    (box,) = detector.search(gray, 1.1, 5, 30)
    assert isinstance(box, Box)
    assert all(type(value) is int for value in box)
    assert detector.search(gray, 1.1, 5, 30, max_size=60) == []


def test_an_absent_cascade(tmp_path):
    with pytest.raises(InputError, match=r"absent\.xml: no such file"):
        HaarDetector(cascade=tmp_path / "absent.xml")


@pytest.mark.parametrize("text", ["", "no xml at all", "<?xml version='1.0'?><opencv_storage></opencv_storage>"])
def test_a_broken_cascade(tmp_path, text):
    (tmp_path / "broken.xml").write_text(text)
    with pytest.raises(InputError, match=r"broken\.xml: not a cascade"):
        HaarDetector(cascade=tmp_path / "broken.xml")


def look(*sightings):
    return np.array(sightings, float).reshape(-1, 4)


NOTHING = look()


@pytest.mark.parametrize(
    ("looks", "faces"),
    [
        pytest.param([look((50, 50, 80, 60)), NOTHING, NOTHING], 0, id="the plain look alone"),
        pytest.param([look((50, 50, 80, 8)), look((52, 49, 84, 8)), NOTHING], 0, id="two looks, large and faint"),
        pytest.param([look((50, 50, 80, 8)), look((52, 49, 84, 8)), look((50, 50, 80, 6))], 1, id="three looks"),
        pytest.param([look((50, 50, 80, 4)), look((52, 49, 84, 4)), look((50, 50, 80, 4))], 0, id="three, faintly"),
        pytest.param([look((50, 50, 35, 6)), look((52, 49, 36, 6)), NOTHING], 1, id="two looks, small"),
        pytest.param(
            [look((50, 50, 35, 4)), look((52, 49, 36, 9)), NOTHING], 0, id="two, small, the plain one faintly"
        ),
        pytest.param([look((50, 50, 35, 6)), look((150, 49, 36, 6)), NOTHING], 0, id="two looks, in two places"),
        pytest.param([NOTHING, NOTHING, look((51, 51, 80, 20))], 1, id="one of the other looks, clearly"),
        pytest.param([NOTHING, NOTHING, look((50, 50, 80, 10))], 0, id="one of the other looks, faintly"),
        pytest.param([NOTHING, NOTHING, look((50, 50, 80, 10), (51, 51, 80, 10))], 0, id="one, twice faintly"),
        pytest.param([look((50, 50, 40, 9)), look((50, 50, 40, 20), (150, 50, 40, 20)), NOTHING], 2, id="two faces"),
        pytest.param([NOTHING, NOTHING, NOTHING], 0, id="nothing"),
    ],
)
def test_looks_agree(looks, faces):
    assert len(merge_looks(looks)) == faces


def test_the_plain_look_says_where_an_agreed_face_is():
    (face,) = merge_looks([look((50, 50, 40, 10)), look((54, 54, 48, 20))])
    assert face.tolist() == [50, 50, 40, 30], "with the votes of both"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((50, 50, 40), True),
        ((67, 50, 40), True),
        ((71, 50, 40), False),
        ((80, 50, 40), False),
        ((50, 50, 15), False),
        ((99, 99, 40), False),
    ],
)
def test_same_face(other, same):
    assert same_sighting(np.array([50.0, 50, 40, 1]), np.array([*other, 1.0])) == same


@pytest.mark.parametrize("size", [(33000, 2), (2, 33000), (20000, 29)], ids=str)
def test_in_a_strip_too_thin_for_a_face_there_is_none(detector, size):
    assert find(detector, np.zeros(size, np.uint8)) == []


def test_in_the_corner_of_a_large_photo_a_box_ends_inside(monkeypatch):
    detector = HaarDetector()

    def in_the_corner(gray, *_):  # of whichever look: these are as large as the photo searched
        return np.array([[gray.shape[1] - 20, gray.shape[0] - 20, 41, 30.0]])

    monkeypatch.setattr(detector, "sightings", in_the_corner)
    monkeypatch.setattr(detector, "tilted_sightings", in_the_corner)
    (box,) = find(detector, np.zeros((3000, 4000), np.uint8))
    assert (box.x + box.width, box.y + box.height) == (4000, 3000)
