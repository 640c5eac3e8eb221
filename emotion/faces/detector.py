"""The detector that a flag's name asks for."""

import logging
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.faces.detection import Detection, Detector
from emotion.faces.haar import HaarDetector
from emotion.faces.yunet import MIN_FACE, YuNetDetector
from emotion.geometry import Box
from emotion.shipped import YUNET

logger = logging.getLogger(__name__)

DETECTORS = ("haar+yunet", "haar", "yunet", "none")
CROPPED_SIDE = 64  # pixels: a picture no larger, in which nothing is found, is a face that somebody has cut out


class WholePicture:
    """Every picture is one face: for faces that are cropped already."""

    def __init__(self) -> None:
        self.files: list[Path] = []

    def detect(self, image: np.ndarray) -> list[Detection]:
        return [Detection(Box(0, 0, image.shape[1], image.shape[0]))]


class OrWholePicture:
    """Another detector; a small picture in which that finds nothing is taken for a face, of score 0."""

    def __init__(self, detector: Detector):
        self.detector = detector
        self.files = detector.files
        self.noted = False

    def detect(self, image: np.ndarray) -> list[Detection]:
        found = self.detector.detect(image)
        sides = image.shape[:2]
        if found or max(sides) > CROPPED_SIDE or min(sides) < MIN_FACE:
            return found
        if not self.noted:
            self.noted = True
            logger.info(f"pictures of at most {CROPPED_SIDE} pixels a side, no face found: read as cropped faces; "
                        "--detector none reads every picture so")  # fmt: skip
        return [Detection(Box(0, 0, image.shape[1], image.shape[0]), score=0.0)]


def load_detector(name: str = "haar+yunet", min_face: int | None = None) -> Detector:
    """The detector called `name`, one of DETECTORS. InputError where there is none of that name."""
    if name == "none":
        return WholePicture()
    if name == "yunet":
        return YuNetDetector(min_face)
    if name == "haar+yunet" and YUNET.is_file():
        return YuNetDetector(min_face, cascade=HaarDetector(min_face))
    if name in ("haar", "haar+yunet"):
        cascade = HaarDetector(min_face)
        if name != "haar":
            logger.info(f"{YUNET.name} is not beside the scripts: the cascade searches alone, and finds fewer faces")
        return cascade
    raise InputError(f"detector={name!r}: expected one of {', '.join(DETECTORS)}")
