import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import InputError
from emotion.faces.detection import Detection
from emotion.faces.identity import Identities
from emotion.faces.recognition import Recognition
from emotion.faces.recognizer import Recognizer, crop_faces
from emotion.faces.smoothing import Smoother
from emotion.geometry import FACE_SIDE, Box
from emotion.media.animation import open_video
from emotion.media.part import Part
from emotion.shipped import CASCADE, MODEL

RAMP = np.arange(100, dtype=np.uint8).repeat(80).reshape(100, 80)  # every row one grey, its number


def test_crops_are_squares_about_their_boxes_in_order():
    gray = np.zeros((100, 200), np.uint8)
    gray[20:60, 30:70], gray[20:60, 130:170] = 100, 200
    faces = crop_faces(gray, [Detection(Box(30, 20, 40, 40)), Detection(Box(130, 20, 40, 40))])
    assert faces.shape == (2, FACE_SIDE, FACE_SIDE)
    assert faces.dtype == np.uint8
    assert [(face.min(), face.max()) for face in faces] == [(100, 100), (200, 200)]


def test_an_oblong_box_gives_a_square_crop_that_is_not_squeezed():
    gray = np.zeros((100, 100), np.uint8)
    gray[:, 40:60] = 255
    (face,) = crop_faces(
        gray, [Detection(Box(40, 30, 20, 40))]
    )  # twice as tall as wide: half of the crop is its ground
    assert face.mean() == pytest.approx(255 / 2, abs=3)
    (face,) = crop_faces(RAMP, [Detection(Box(30, 40, 20, 40))])  # rows 40 to 79
    assert face.mean() == pytest.approx(59.5, abs=0.5)


def test_large_faces_shrink_without_moire_and_small_ones_grow_without_blocks():
    chequers = (np.indices((480, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    (shrunk,) = crop_faces(chequers, [Detection(Box(0, 0, 480, 480))])
    assert shrunk.std() < 2
    (grown,) = crop_faces(10 * RAMP[:12, :12], [Detection(Box(0, 0, 12, 12))])
    assert len(np.unique(grown)) > 12


def test_no_boxes_no_crops():
    assert crop_faces(RAMP, []).shape == (0, FACE_SIDE, FACE_SIDE)


@given(st.integers(0, 79), st.integers(0, 99), st.integers(1, 200), st.integers(1, 200))
def test_any_box_can_be_cropped(x, y, width, height):
    assert crop_faces(RAMP, [Detection(Box(x, y, width, height))]).shape == (1, FACE_SIDE, FACE_SIDE)


@pytest.mark.parametrize(
    ("box", "whole"),
    [
        (Box(0, 30, 20, 40), Box(-20, 30, 40, 40)),
        (Box(60, 30, 20, 40), Box(60, 30, 40, 40)),
        (Box(20, 0, 40, 25), Box(20, -15, 40, 40)),
        (Box(20, 75, 40, 25), Box(20, 75, 40, 40)),
        (Box(0, 10, 80, 90), Box(-5, 10, 90, 90)),
    ],
    ids=["left", "right", "above", "below", "on both sides"],
)
def test_a_face_cut_by_the_frames_edge_is_where_it_was(box, whole):
    beyond = 40
    wider = np.pad(RAMP, beyond, mode="edge")
    moved = whole._replace(x=whole.x + beyond, y=whole.y + beyond)
    np.testing.assert_array_equal(crop_faces(RAMP, [Detection(box)]), crop_faces(wider, [Detection(moved)]))


class FixedDetector:
    def __init__(self, *boxes, score=1.0):
        self.found = [Detection(box, score, tilt=20.0) for box in boxes]

    def detect(self, image):
        assert image.ndim == 3
        return self.found


class CountingClassifier:
    labels = ("dark", "bright")

    def __init__(self):
        self.calls = 0

    def classify(self, faces):
        self.calls += 1
        bright = faces.mean(axis=(1, 2)) / 255
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


FRAME = np.zeros((100, 200, 3), np.uint8)
FRAME[:, 100:] = 255


def test_blue_is_dark_and_red_is_brighter():
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[:, :100], frame[:, 100:] = (255, 0, 0), (0, 0, 255)
    _, faces = Recognizer(FixedDetector(Box(0, 0, 100, 100), Box(100, 0, 100, 100)), None).detect(frame, 0.0)
    assert faces[:, 0, 0].tolist() == [29, 76]


def test_a_tilted_face_is_turned_upright():
    image = np.full((200, 200), 50, np.uint8)
    image[60:140, 60:100], image[60:140, 100:140] = 0, 255  # dark on its right side, bright on its left
    matrix = cv2.getRotationMatrix2D((99.5, 99.5), -40, 1)  # leaning clockwise
    leaning = cv2.warpAffine(image, matrix, (200, 200), borderValue=50)
    (upright,) = crop_faces(image, [Detection(Box(60, 60, 80, 80))])
    (turned,) = crop_faces(leaning, [Detection(Box(60, 60, 80, 80), tilt=40.0)])
    (left,) = crop_faces(leaning, [Detection(Box(60, 60, 80, 80))])
    assert np.abs(turned.astype(int) - upright).mean() < 5
    assert np.abs(left.astype(int) - upright).mean() > 30


def test_what_the_detector_says_is_kept():
    (face,) = Recognizer(FixedDetector(Box(10, 10, 50, 50), score=0.8), CountingClassifier()).recognize(FRAME)
    assert (face.detection, face.tilt) == (0.8, 20.0)


@pytest.mark.parametrize(("least", "faces"), [(0.0, 1), (0.8, 1), (0.81, 0)])
def test_a_least_score(least, faces):
    recognizer = Recognizer(FixedDetector(Box(10, 10, 50, 50), score=0.8), CountingClassifier(), min_score=least)
    assert len(recognizer.recognize(FRAME)) == len(recognizer.new_stream().recognize(FRAME)) == faces


def test_eight_threads_share_a_recognizer_of_photos(face_photo):
    recognizer = Recognizer.for_photos()
    (alone,) = recognizer.recognize(face_photo)
    answers = []

    def work():
        answers.extend(recognizer.recognize(face_photo) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 24
    for (face,) in answers:
        assert face.box == alone.box
        np.testing.assert_allclose(face.probabilities, alone.probabilities, atol=1e-6)


def test_all_faces_of_a_frame_are_one_call():
    classifier = CountingClassifier()
    dark, bright = Box(10, 10, 50, 50), Box(120, 10, 50, 50)
    faces = Recognizer(FixedDetector(dark, bright), classifier).recognize(FRAME)
    assert [(face.box, face.emotion, face.confidence, face.id) for face in faces] == [
        (dark, "dark", 1.0, None),
        (bright, "bright", 1.0, None),
    ]
    assert classifier.calls == 1


def test_without_a_face_the_network_is_not_called():
    classifier = CountingClassifier()
    assert Recognizer(FixedDetector(), classifier).recognize(FRAME) == []
    assert classifier.calls == 0


def test_a_video_tells_faces_apart_and_smooths_what_each_feels():
    detector = FixedDetector(Box(10, 10, 50, 50), Box(120, 10, 50, 50))
    recognizer = Recognizer(detector, CountingClassifier(), Identities(), Smoother(half_life=10.0))
    first = recognizer.recognize(FRAME, 0.0)
    assert [(face.id, face.emotion) for face in first] == [(1, "dark"), (2, "bright")]
    dimmer = recognizer.recognize(FRAME // 2, 0.04)
    assert [(face.id, face.emotion) for face in dimmer] == [(1, "dark"), (2, "bright")]
    assert dimmer[1].confidence > 0.99, "of the past"
    assert [face.id for face in recognizer.new_stream().recognize(FRAME, 0.08)] == [1, 2], "who knows nobody yet"


def test_frames_without_times_are_as_far_apart_as_fps_says():
    recognizer = Recognizer(
        FixedDetector(Box(10, 10, 50, 50)), CountingClassifier(), Identities(), Smoother(0.2), fps=10
    )
    stream = recognizer.new_stream()
    frames = [FRAME] + [np.full_like(FRAME, 255)] * 4
    shares = [stream.recognize(frame)[0].scores["bright"] for frame in frames]
    assert shares == pytest.approx([0, 0.293, 0.5, 0.646, 0.75], abs=0.005)
    stream.recognize(FRAME, 7.0)
    assert stream.next_s == 7.1


def test_a_video_has_frames():
    with pytest.raises(InputError, match="fps=0"):
        Recognizer.for_video(fps=0)


def test_after_a_cut_everybody_is_new_and_has_no_past():
    recognizer = Recognizer(FixedDetector(Box(10, 10, 50, 50)), CountingClassifier(), Identities(), Smoother(10.0))
    assert recognizer.recognize(FRAME, 0.0)[0].emotion == "dark"
    (face,) = recognizer.recognize(FRAME[:, ::-1], 0.04)
    assert (face.id, face.emotion) == (2, "bright")


@pytest.mark.parametrize("every_s", [0.0, 0.5, 1.0])
def test_one_woman_is_one_face_at_any_pace(sample, every_s):
    stream = Recognizer.for_video()
    with open_video(sample.with_suffix(".mp4"), Part(every_s=every_s)) as video:
        ids = {face.id for image, time_s, _ in video for face in stream.recognize(image, time_s)}
    assert ids == {1}


def test_a_recognition_describes_itself():
    face = Recognition(Box(0, 0, 1, 1), ("a", "b"), np.array([0.25, 0.75], np.float32))
    assert (face.emotion, face.confidence, face.scores) == ("b", 0.75, {"a": 0.25, "b": 0.75})


def test_recognitions_can_be_looked_for_and_counted():
    one, other = (Recognition(Box(0, 0, 1, 1), ("a", "b"), np.array([0.25, 0.75], np.float32)) for _ in range(2))
    assert one == one
    assert one != other
    assert other in [one, other]
    assert len({one, other, one}) == 2


def test_what_was_read_for_it_is_known():
    files = {"fer.h5", "fer.tflite", "haarcascade_frontalface_default.xml"}
    for recognizer in (Recognizer.for_photos(), Recognizer.for_video(), Recognizer.for_video().new_stream()):
        assert files <= {path.name for path in recognizer.files}
        assert all(path.parent in (MODEL.parent, CASCADE.parent) for path in recognizer.files)
