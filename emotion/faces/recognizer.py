"""A picture in, who feels what out: the faces are found, cropped, classified and, in a video, followed and smoothed."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.faces.classifier import EmotionClassifier, load_classifier
from emotion.faces.detection import Detection, Detector
from emotion.faces.detector import OrWholePicture, load_detector
from emotion.faces.identity import Identities
from emotion.faces.recognition import Recognition
from emotion.faces.smoothing import HALF_LIFE, Smoother
from emotion.faces.video_detector import VideoDetector, for_frames
from emotion.geometry import FACE_SIDE, crop_turned, resized, whole_square
from emotion.media.photo import check_picture
from emotion.model_file.scaling import SCALINGS
from emotion.shipped import MODEL

DEVICES = ("auto", "cpu", "gpu")
Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class Recognizer:
    """Finds, crops and classifies the faces of a picture and, with `identities`, knows them again in the next.

    One of `for_photos` may be shared by threads: the detector and the networks take their calls in turns. One of
    `for_video` remembers the frame before, so that each stream needs its own: `new_stream` gives it at no cost. Neither goes
    to another process: make one in each. A `Recognition` does.
    """

    def __init__(
        self,
        detector: Detector | VideoDetector,
        classifier: EmotionClassifier,
        identities: Identities | None = None,
        smoother: Smoother | None = None,
        min_score: float = 0.0,
        fps: float = 30.0,
    ):
        self.detector = detector
        self.classifier = classifier
        self.identities = identities
        self.smoother = smoother
        self.min_score = min_score
        self.fps = fps
        self.next_s = 0.0  # when a frame is taken of which nobody says when

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
        check_options(device, scaling, min_face, min_score)
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
        if not fps > 0:
            raise InputError(f"fps={fps}: a video has more than 0 frames a second")
        if not 0 <= smooth < float("inf"):
            raise InputError(f"smooth={smooth}: a half-life is 0 seconds or more")
        if detect_every is not None and detect_every < 1:
            raise InputError(f"detect_every={detect_every}: every frame is 1")
        check_options(device, scaling, min_face, min_score)
        found = for_frames(load_detector(detector, min_face), detect_every, fps)
        classifier = load_classifier(_paths(model), device, _names(labels), mirror, scaling)
        return cls(found, classifier, Identities(), Smoother(smooth), min_score, fps)

    def new_stream(self) -> "Recognizer":
        """Another recognizer by the same networks and detector, with a memory of its own."""
        detector = self.detector.new_stream() if isinstance(self.detector, VideoDetector) else self.detector
        smoother = self.smoother and Smoother(self.smoother.half_life)
        identities = self.identities and Identities()
        return Recognizer(detector, self.classifier, identities, smoother, self.min_score, self.fps)

    def set_fps(self, fps: float) -> None:
        """From here on about `fps` frames come a second; where nobody asked for a `detect_every`, it follows."""
        self.fps = fps
        if isinstance(self.detector, VideoDetector):
            self.detector.set_fps(fps)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.labels

    @property
    def files(self) -> list[Path]:
        """What was read for it: no output may take its place."""
        return [*self.detector.files, *self.classifier.files]

    def recognize(self, image: np.ndarray, time_s: float | None = None) -> list[Recognition]:
        """The faces of `image`, BGR uint8 (H, W, 3), taken at `time_s` seconds; None is 1/fps after the frame before.

        InputError where `image` is no such picture.
        """
        check_picture(image)
        time_s = self.next_s if time_s is None else time_s
        self.next_s = time_s + 1 / self.fps
        return self.classify(*self.detect(image, time_s), time_s)

    def detect(self, image: np.ndarray, time_s: float) -> tuple[list[Detection], np.ndarray]:
        """The first half of the work: the faces found in `image` and who they are; their crops, uint8 (N, 48, 48)."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if self.identities and self.identities.is_cut(gray, time_s) and isinstance(self.detector, VideoDetector):
            self.detector.forget()
        found = [face for face in self.detector.detect(image) if face.score >= self.min_score]
        faces = crop_faces(gray, found)
        return self.identities.update(found, time_s, faces) if self.identities else found, faces

    def classify(self, found: list[Detection], faces: np.ndarray, time_s: float) -> list[Recognition]:
        """The second half: what the faces feel, in a video over the last moments.

        The halves share nothing: while one thread classifies the faces of a frame, another may detect those of the next.
        """
        if not found:
            return self.smoother.smooth([], time_s) if self.smoother else []
        probabilities = self.classifier.classify(faces)  # one call for all: a call costs as much as a face does
        recognitions = [
            Recognition(face.box, self.labels, row, face.id, face.score, face.tilt)
            for face, row in zip(found, probabilities, strict=True)
        ]
        return self.smoother.smooth(recognitions, time_s) if self.smoother else recognitions


def crop_faces(gray: np.ndarray, found: list[Detection]) -> np.ndarray:
    """The faces `found` in uint8 (H, W) as the network sees them: square, upright, uint8 (N, 48, 48).

    No margin: of 700 faces of PublicTest, enlarged, the cascade finds 576, in boxes of 0.98 (the median; quartiles 0.90
    and 1.04) of the picture's side about its centre. FER2013 was cut like that; YuNet's boxes are
    made so. What lies beyond the picture's border repeats its edge: a black bar would be part of no face.
    """
    faces = np.empty((len(found), FACE_SIDE, FACE_SIDE), np.uint8)
    for crop, face in zip(faces, found, strict=True):
        crop[:] = resized(crop_turned(gray, *whole_square(face.box, gray.shape), face.tilt), FACE_SIDE)
    return faces


def check_options(device: str, scaling: str | None, min_face: int | None, min_score: float) -> None:
    """Refuse what the command line refuses as well: taken as it is, it would find nothing, or what was not asked for."""
    if device not in DEVICES:
        raise InputError(f"device={device!r}: expected one of {', '.join(DEVICES)}")
    if scaling not in (None, *SCALINGS):
        raise InputError(f"scaling={scaling!r}: expected one of {', '.join(SCALINGS)}")
    if min_face is not None and min_face < 1:
        raise InputError(f"min_face={min_face}: expected at least 1 pixel")
    if not 0 <= min_score <= 1:
        raise InputError(f"min_score={min_score}: expected 0 to 1")


def _paths(model: Paths) -> list[Path]:
    paths = [Path(model)] if isinstance(model, (str, PathLike)) else [Path(path) for path in model]
    if not paths:
        raise InputError("model=[]: name a file at least")
    return paths


def _names(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(labels, str):  # a sequence as well, of letters
        raise InputError(f"labels={labels!r}: expected a list of names")
    return tuple(labels) if labels else None
