"""What a network's accuracy is worth outside the data set: the same faces, blurred, dark, tilted, cropped by a detector."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from emotion.dataset.splits import Split
from emotion.evaluation.metrics import Score, score


@dataclass(frozen=True)
class DamagedScore:
    """What a model makes of faces under one corruption."""

    corruption: str  # one of CORRUPTIONS, or "clean"
    strength: float | None  # in the corruption's own unit; None of clean faces
    score: Score
    lost: float  # accuracy that the clean faces had, less that of these


def warped(faces: np.ndarray, degrees: float = 0, scale: float = 1, shift: float = 0) -> np.ndarray:
    """Turned by `degrees`, grown by `scale`, moved right and down by `shift` of the side."""
    side = faces.shape[1]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, scale)
    matrix[:, 2] += shift * side
    return np.stack([cv2.warpAffine(face, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE) for face in faces])


def blurred(faces: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian, `sigma` in pixels of the 48 x 48 face."""
    return np.stack([cv2.GaussianBlur(face, (0, 0), sigma) for face in faces])


def noisy(faces: np.ndarray, deviation: float) -> np.ndarray:
    """Gaussian, in grey levels."""
    noise = np.random.default_rng(0).normal(0, deviation, faces.shape)
    return np.clip(faces + noise, 0, 255).astype(np.uint8)


def compressed(faces: np.ndarray, quality: int) -> np.ndarray:
    """Through JPEG and back."""
    encoded = (cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for face in faces)
    return np.array([cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) for data in encoded], np.uint8)


def darkened(faces: np.ndarray, factor: float) -> np.ndarray:
    """Grey levels times `factor`, 0-1."""
    return (faces * factor).astype(np.uint8)


def flattened(faces: np.ndarray, factor: float) -> np.ndarray:
    """Contrast reduced to `factor`, about middle grey."""
    return (128 + (faces.astype(np.float32) - 128) * factor).astype(np.uint8)


def covered(faces: np.ndarray, corner: int) -> np.ndarray:
    """One quarter black: 0 top left, 1 top right, 2 bottom left, 3 bottom right."""
    half = faces.shape[1] // 2
    top, left = (corner // 2) * half, (corner % 2) * half
    out = faces.copy()
    out[:, top : top + half, left : left + half] = 0
    return out


# name, the change (faces uint8 (N, 48, 48) -> the same shape and type), its strengths from mild to hard
CORRUPTIONS: tuple[tuple[str, Callable[..., np.ndarray], tuple[float, ...]], ...] = (
    ("blur, sigma in pixels", blurred, (1, 2)),
    ("noise, deviation in grey levels", noisy, (10, 25)),
    ("JPEG, quality", compressed, (40, 15)),
    ("darkness, factor", darkened, (0.5, 0.2)),
    ("contrast, factor", flattened, (0.5, 0.2)),
    ("rotation, degrees", lambda faces, degrees: warped(faces, degrees=degrees), (-30, -15, 15, 30)),
    ("scale of the crop", lambda faces, scale: warped(faces, scale=scale), (0.8, 0.9, 1.1, 1.25)),
    ("shift of the crop", lambda faces, shift: warped(faces, shift=shift), (-0.1, -0.05, 0.05, 0.1)),
    ("a covered quarter", covered, (0, 1, 2, 3)),
)


def robustness(
    answers_of: Callable[[np.ndarray], dict[str, np.ndarray]],
    split: Split,
    protocol: str,
    labels: dict[str, tuple[str, ...]],
    clean: dict[str, Score],
) -> dict[str, list[DamagedScore]]:
    """Each model's score on the faces of `split` as they are, which is `clean`, and under each corruption.

    `answers_of` gives the models' probabilities (N, C) of faces uint8 (N, 48, 48), by their names; `labels` their outputs.
    """
    found = {name: [DamagedScore("clean", None, score, 0.0)] for name, score in clean.items()}
    for corruption, corrupt, strengths in CORRUPTIONS:
        for strength in strengths:
            for name, probabilities in answers_of(corrupt(split.faces, strength)).items():
                damaged = score(probabilities, split, protocol, labels[name])
                lost = clean[name].accuracy - damaged.accuracy
                found[name].append(DamagedScore(corruption, strength, damaged, lost))
    return found
