"""A picture in, who feels what out: the faces are found, cropped, classified and, in a video, followed."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from emotion.faces.classifier import EmotionClassifier, load_classifier
from emotion.faces.detection import Detection, Detector
from emotion.faces.detector import OrWholePicture, load_detector
from emotion.faces.haar import HaarDetector
from emotion.faces.recognition import Recognition
from emotion.faces.tracker import HALF_LIFE, Tracker
from emotion.faces.video_detector import VideoDetector, frames_between_searches
from emotion.files import MODEL
from emotion.geometry import FACE_SIDE, crop_turned, whole_square

NO_FACES = np.empty((0, FACE_SIDE, FACE_SIDE), np.uint8)
Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class Recognizer:
    """Finds, crops, classifies and, with a tracker, follows the faces of a picture.

    One of `for_photos` may be shared by threads: the detector and the networks take their calls in turns. One of
    `for_video` remembers the frame before, so that each stream needs its own: `new_stream` gives it at no cost.
    """

    def __init__(
        self,
        detector: Detector | VideoDetector,
        classifier: EmotionClassifier,
        tracker: Tracker | None = None,
        min_score: float = 0.0,
    ):
        self.detector = detector
        self.classifier = classifier
        self.tracker = tracker
        self.min_score = min_score

    @classmethod
    def for_photos(
        cls,
        model: Paths = MODEL,
        *,
        labels: Sequence[str] | None = None,
        scaling: str | None = None,
        detector: str = "haar+yunet",
        device: str = "auto",
        min_face: int | None = None,
        min_score: float = 0.0,
        mirror: bool = True,
    ) -> Self:
        """A recognizer of single pictures.

        `model`: the .h5 file, or several, whose mean answer counts. `labels`: the names of their outputs, where the
        files do not say; `scaling`: how these want their pixels, 0-1, -1-1, 0-255 or standardize. `detector`: haar+yunet,
        haar, yunet, or none for faces that are cropped already. `device`: auto and cpu, without TensorFlow, or gpu.
        `min_face`: the side of the smallest face in pixels. `min_score`: faces of which the detector is less sure, 0-1,
        are left out. `mirror`: the network sees each face's mirror image as well, and the mean counts. InputError where
        one of them will not do.
        """
        found = OrWholePicture(load_detector(detector, min_face))
        return cls(found, load_classifier(_paths(model), device, _names(labels), mirror, scaling), min_score=min_score)

    @classmethod
    def for_video(
        cls,
        model: Paths = MODEL,
        *,
        fps: float = 30.0,
        labels: Sequence[str] | None = None,
        scaling: str | None = None,
        detector: str = "haar+yunet",
        device: str = "auto",
        min_face: int | None = None,
        min_score: float = 0.0,
        mirror: bool = False,
        detect_every: int | None = None,
        smooth: float = HALF_LIFE,
    ) -> Self:
        """A recognizer of consecutive frames, about `fps` a second: each face has an id and smoothed probabilities.

        `detect_every`: the whole frame is searched on every N-th frame (default: about four times a second). `smooth`:
        the half-life in seconds of what a face felt before; 0 shows each frame by itself. The rest as in `for_photos`.
        """
        found = load_detector("haar" if detector == "haar+yunet" else detector, min_face)
        if isinstance(found, HaarDetector):  # YuNet is quick enough to look at every frame whole
            found = VideoDetector(found, detect_every or frames_between_searches(fps))
        return cls(
            found, load_classifier(_paths(model), device, _names(labels), mirror, scaling), Tracker(smooth), min_score
        )

    def new_stream(self) -> "Recognizer":
        """Another recognizer by the same networks and detector, with a memory of its own."""
        detector = self.detector.new_stream() if isinstance(self.detector, VideoDetector) else self.detector
        tracker = self.tracker and Tracker(self.tracker.half_life)
        return Recognizer(detector, self.classifier, tracker, self.min_score)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.labels

    @property
    def files(self) -> list[Path]:
        """What was read for it: no output may take its place."""
        return [*self.detector.files, *self.classifier.files]

    def recognize(self, image: np.ndarray, time_s: float = 0.0) -> list[Recognition]:
        """The faces of `image`, BGR uint8 (H, W, 3), taken at `time_s` seconds."""
        return self.classify(*self.detect(image), time_s)

    def detect(self, image: np.ndarray) -> tuple[list[Detection], np.ndarray]:
        """The first half of the work: the faces found in `image`, and their crops, uint8 (N, 48, 48)."""
        found = [face for face in self.detector.detect(image) if face.score >= self.min_score]
        return found, crop_faces(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), found) if found else NO_FACES

    def classify(self, found: list[Detection], faces: np.ndarray, time_s: float = 0.0) -> list[Recognition]:
        """The second half: what the faces feel and, with a tracker, whose they are.

        The halves share nothing: while one thread classifies the faces of a frame, another may detect those of the next.
        """
        # One call for all faces: a call costs as much as a face does.
        probabilities = self.classifier.classify(faces) if found else []
        recognitions = [
            Recognition(face.box, self.labels, row, face.id, face.score, face.tilt)
            for face, row in zip(found, probabilities, strict=True)
        ]
        return self.tracker.update(recognitions, time_s, faces) if self.tracker else recognitions


def crop_faces(gray: np.ndarray, found: list[Detection]) -> np.ndarray:
    """The faces `found` in uint8 (H, W) as the network sees them: square, upright, uint8 (N, 48, 48).

    No margin: of 700 faces of PublicTest, enlarged, the cascade finds 576, in boxes of 0.98 (the median; quartiles 0.90
    and 1.04) of the picture's side about its centre. FER2013 was cut like that. What lies beyond the picture's border
    repeats its edge: a black bar would be part of no face.
    """
    faces = np.empty((len(found), FACE_SIDE, FACE_SIDE), np.uint8)
    for crop, face in zip(faces, found, strict=True):
        cut = crop_turned(gray, *whole_square(face.box, gray.shape), face.tilt)
        # Area averaging shrinks without moiré, but enlarges into blocks.
        method = cv2.INTER_AREA if len(cut) > FACE_SIDE else cv2.INTER_CUBIC
        crop[:] = cv2.resize(cut, (FACE_SIDE, FACE_SIDE), interpolation=method)
    return faces


def _paths(model: Paths) -> list[Path]:
    return [Path(model)] if isinstance(model, (str, PathLike)) else [Path(path) for path in model]


def _names(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(labels) if labels else None
