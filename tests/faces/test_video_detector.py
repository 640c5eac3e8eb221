import cv2
import numpy as np
import pytest
from made_videos import paste, portrait

from emotion.faces.detector import load_detector
from emotion.faces.haar import HaarDetector
from emotion.faces.known_face import KnownFace, patch
from emotion.faces.video_detector import GLANCE_SIDE, MOST_DENIALS, SEEN_CORRELATION, VideoDetector, for_frames

EVERY = 10


@pytest.fixture
def detector():
    return VideoDetector(HaarDetector(), EVERY)


@pytest.fixture(scope="module")
def ground():
    """A street without faces, uint8 (360, 640, 3)."""
    image = np.full((360, 640, 3), (90, 110, 120), np.uint8)
    for i in range(60):
        x, y, colour = i * 97 % 640, i * 53 % 360, (i * 40 % 200, i * 17 % 200, i * 71 % 200)
        cv2.rectangle(image, (x, y), (x + 30 + i, y + 20 + i % 40), colour, cv2.FILLED)
    return cv2.GaussianBlur(image, (0, 0), 3)


def gray(image):
    noise = np.random.default_rng(image.size).normal(0, 2, image.shape[:2])
    return np.clip(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) + noise, 0, 255).astype(np.uint8)


def find(detector, picture):
    """The boxes of the faces in the next frame, uint8 (H, W)."""
    return [face.box for face in detector.detect(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))]


def holds(box, x, y):
    return abs(box.x + box.width / 2 - x) < 0.25 * box.width and abs(box.y + box.height / 2 - y) < 0.25 * box.height


@pytest.mark.parametrize("side", [40, 70, 140])
def test_a_moving_face_is_found_in_every_frame(detector, ground, face_photo, side):
    head = portrait(face_photo, side)
    for frame in range(40):
        image, x, y = ground.copy(), 200 + 5 * frame, 180 + 20 * np.sin(frame / 6)
        paste(image, head, x, y)
        boxes = find(detector, gray(image))
        assert len(boxes) == 1, f"frame {frame}"
        assert holds(boxes[0], x, y), f"frame {frame}"
        assert 0.6 < boxes[0].width / side < 1.5


def test_a_face_that_enters_is_found_by_the_next_search_and_one_that_leaves_is_no_ghost(detector, ground, face_photo):
    head = portrait(face_photo, 80)
    found = []
    for frame in range(60):
        image = ground.copy()
        if 15 <= frame < 40:
            paste(image, head, 320, 180)
        found.append(len(find(detector, gray(image))))
    assert found[:15] == [0] * 15
    assert found[15 + EVERY : 40] == [1] * (25 - EVERY)
    assert found[42:] == [0] * 18


def test_a_moment_of_blur_does_not_lose_the_face(detector, ground, face_photo):
    head, found = portrait(face_photo, 80), []
    for frame in range(20):
        image = ground.copy()
        paste(image, cv2.GaussianBlur(head, (0, 0), 6) if 11 <= frame < 14 else head, 320, 180)
        found.append(len(find(detector, gray(image))))
    assert found == [1] * 20


def test_a_face_the_cascade_sees_no_more_is_shown_by_its_looks_for_a_while_and_then_forgotten(
    detector, ground, face_photo, monkeypatch
):
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    picture = gray(image)
    assert len(find(detector, picture)) == 1
    monkeypatch.setattr(detector.detector, "search", lambda *_: [])
    found = [len(find(detector, picture)) for _ in range(4 * EVERY)]
    assert found == sorted(found, reverse=True)
    assert EVERY < sum(found) < 2 * EVERY
    assert detector.faces == []


def test_a_face_is_looked_for_by_its_looks_where_it_was_going(ground, face_photo):
    before, now = ground.copy(), ground.copy()
    paste(before, portrait(face_photo, 80), 320, 180)
    paste(now, portrait(face_photo, 80), 360, 180)
    face = KnownFace(320, 180, 80, dx=40, template=patch(gray(before), 320, 180, 80))
    assert face.follow(gray(now), SEEN_CORRELATION)
    assert face.place == pytest.approx((360, 180, 80), abs=2)


def test_above_the_frame_there_is_nothing_to_see(detector, ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    assert detector.find_near(gray(image), KnownFace(320, -100, 80), GLANCE_SIDE, 2) is None


def test_where_a_mouth_was_taken_for_a_face_the_face_takes_its_place(detector, ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    detector.faces = [KnownFace(320, 200, 25)]
    detector.look_around(gray(image))
    (face,) = detector.faces
    assert 60 < face.side < 110


def test_two_who_become_one_are_one(detector, ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    detector.faces = [KnownFace(x, 180, 80, template=patch(gray(image), x, 180, 80)) for x in (315, 325)]
    detector.follow(gray(image))
    assert len(detector.faces) == 1


@pytest.mark.parametrize(
    ("x", "y", "right", "down"), [(560, 60, 4, -1), (320, 160, 0, 6)], ids=["at the top right", "at the bottom"]
)
def test_boxes_stay_inside_the_frame_when_a_face_walks_out(detector, ground, face_photo, x, y, right, down):
    head, seen = portrait(face_photo, 90), 0
    for frame in range(50):
        image = ground.copy()
        paste(image, head, x + right * frame, y + down * frame)
        for box in find(detector, gray(image)):
            assert box.x >= 0
            assert box.y >= 0
            assert box.x + box.width <= 640
            assert box.y + box.height <= 360
            seen += 1
    assert seen > 5


def test_a_still_face_does_not_tremble(detector, ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    rng = np.random.default_rng(0)
    clean = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    boxes = [
        find(detector, np.clip(clean + rng.normal(0, 4, clean.shape), 0, 255).astype(np.uint8))[0] for _ in range(30)
    ]
    middles = np.array([(box.x + box.width / 2, box.y + box.height / 2) for box in boxes[5:]])
    assert np.abs(np.diff(middles, axis=0)).mean() < 0.8, "pixels from frame to frame"


def test_the_smallest_face_asked_for_is_looked_for(ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 60), 320, 180)
    picture = gray(cv2.resize(image, None, fx=2, fy=2))
    assert len(find(VideoDetector(HaarDetector()), picture)) == 1
    assert find(VideoDetector(HaarDetector(min_face=200)), picture) == []


def test_the_smallest_face_depends_on_the_shorter_side(ground, face_photo):
    image = ground.copy()
    paste(image, portrait(face_photo, 60), 320, 180)
    wide = np.hstack([gray(image), np.full((360, 1200), 128, np.uint8)])
    assert len(find(VideoDetector(HaarDetector()), wide)) == 1


def test_nothing_is_found_where_there_is_nothing(detector):
    for shape in ((360, 640), (20, 30), (1, 1)):
        assert find(detector, np.full(shape, 128, np.uint8)) == []


@pytest.fixture
def both():
    """By the network and the cascade, as haar+yunet searches a video."""
    return for_frames(load_detector("haar+yunet"), EVERY)


def test_what_finds_the_faces_of_frames(both):
    assert isinstance(both, VideoDetector)
    assert both.network
    assert for_frames(load_detector("haar"), 5).network is None
    yunet = load_detector("yunet")
    assert for_frames(yunet, 5) is yunet, "searches every frame"


@pytest.mark.parametrize("side", [50, 140])
def test_the_network_finds_and_the_cascade_follows(both, ground, face_photo, side):
    head = portrait(face_photo, side)
    for frame in range(25):
        image, x, y = ground.copy(), 200 + 5 * frame, 180 + 20 * np.sin(frame / 6)
        paste(image, head, x, y)
        (face,) = both.detect(image)
        assert holds(face.box, x, y), f"frame {frame}"
        assert 0.6 < face.box.width / side < 1.5
        assert face.score > 0.7


def test_a_face_that_leans_is_followed_with_its_tilt(both, ground, face_photo):
    matrix = cv2.getRotationMatrix2D((225, 118), -40, 1)
    leaning = cv2.warpAffine(face_photo, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    found = [both.detect(cv2.resize(leaning, (400, 400))) for _ in range(2 * EVERY)]
    assert [len(faces) for faces in found] == [1] * 2 * EVERY
    assert all(faces[0].tilt == pytest.approx(40, abs=15) for faces in found)


def test_a_pattern_that_only_the_cascade_sees_is_dropped(both, ground, monkeypatch):
    both.faces = [KnownFace(320, 180, 80, template=np.zeros((32, 32), np.uint8))]
    monkeypatch.setattr(both, "look_at", lambda gray, face: (320, 180, 80))
    found = [len(both.detect(ground)) for _ in range(MOST_DENIALS * EVERY)]
    assert found == [1] * ((MOST_DENIALS - 1) * EVERY) + [0] * EVERY


def test_another_picture_is_searched_at_once(both, ground, face_photo):
    assert both.detect(ground) == []
    image = ground.copy()
    paste(image, portrait(face_photo, 80), 320, 180)
    both.forget()
    assert len(both.detect(image)) == 1
    both.forget()
    assert both.detect(ground) == []
