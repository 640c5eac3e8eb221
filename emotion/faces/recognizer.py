"""A frame in, who feels what out. The parts come as arguments: a detector, a classifier, perhaps a tracker."""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion.faces.detector import Box

SIDE = 48  # pixels: the side of a FER2013 face


@dataclass(frozen=True)
class Recognition:
    """One face of one frame.

    `probabilities` is float32 (C,), in the order of the classifier's labels; `id` is the tracker's, if there is one.
    """

    box: Box
    emotion: str
    probabilities: np.ndarray
    id: int | None = None

    @property
    def confidence(self) -> float:
        """The probability of the emotion named."""
        return float(self.probabilities.max())


class Recognizer:
    """Finds, crops, classifies and, with a tracker, follows the faces of a frame."""

    def __init__(self, detector, classifier, tracker=None):
        self.detector = detector
        self.classifier = classifier
        self.tracker = tracker

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.labels

    def recognize(self, frame: np.ndarray, time_s: float = 0.0) -> list[Recognition]:
        """The faces of `frame`, BGR uint8 (H, W, 3), taken at `time_s` seconds."""
        return self.classify(*self.detect(frame), time_s)

    def detect(self, frame: np.ndarray) -> tuple[list[Box], np.ndarray]:
        """The first half of the work: the boxes of the faces in `frame`, and their crops, uint8 (N, 48, 48)."""
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        boxes = self.detector.detect(gray)
        return boxes, crop_faces(gray, boxes)

    def classify(self, boxes: list[Box], faces: np.ndarray, time_s: float = 0.0) -> list[Recognition]:
        """The second half: what the faces feel and, with a tracker, whose they are.

        The halves share nothing: while one thread classifies the faces of a frame, another may detect those of the next.
        """
        # One call for all faces: a call costs as much as a face does.
        probabilities = self.classifier.classify(faces) if boxes else []
        recognitions = [
            Recognition(box, self.labels[int(row.argmax())], row) for box, row in zip(boxes, probabilities, strict=True)
        ]
        return self.tracker.update(recognitions, time_s, faces) if self.tracker else recognitions


def crop_faces(gray: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """The faces in `boxes` as the network sees them: square, uint8 (N, 48, 48).

    No margin: of 700 faces of PublicTest, enlarged, the cascade finds 576, in boxes of 0.98 (the median; quartiles 0.90
    and 1.04) of the picture's side about its centre. FER2013 was cut like that. What lies beyond the picture's border
    repeats its edge: a black bar would be part of no face.
    """
    faces = np.empty((len(boxes), SIDE, SIDE), np.uint8)
    for face, box in zip(faces, boxes, strict=True):
        side = max(box.width, box.height)
        centre = middle(box.x, box.width, side, gray.shape[1]), middle(box.y, box.height, side, gray.shape[0])
        cut = square(gray, centre, side)
        # Area averaging shrinks without moiré, but enlarges into blocks.
        method = cv2.INTER_AREA if len(cut) > SIDE else cv2.INTER_CUBIC
        face[:] = cv2.resize(cut, (SIDE, SIDE), interpolation=method)
    return faces


def middle(start: int, length: int, side: int, end: int) -> float:
    """The middle of a face of `side` pixels, of which the frame, from 0 to `end`, holds `length` pixels from `start` on.

    A box is less wide than high, or the other way round, where the frame's edge has cut it.
    """
    at_start, at_end = start == 0, start + length == end
    if at_start and not at_end:
        return length - side / 2
    if at_end and not at_start:
        return start + side / 2
    return start + length / 2


def square(gray: np.ndarray, centre: tuple[float, float], side: float) -> np.ndarray:
    """The square about `centre` (x, y), cut from uint8 (H, W), its edges repeated where it reaches beyond."""
    side = max(1, round(side))
    left, top = round(centre[0] - side / 2), round(centre[1] - side / 2)
    right, bottom = left + side, top + side
    height, width = gray.shape
    inside = gray[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    beyond = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    return cv2.copyMakeBorder(inside, *beyond, cv2.BORDER_REPLICATE) if any(beyond) else inside
