"""What YuNet sees in a picture, and in a part of it close up, turned by steps of 30 degrees.

Source: Wu et al., YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 20, 2023;
https://github.com/opencv/opencv_zoo, face_detection_yunet_2023mar.onnx.
"""

import threading
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.geometry import crop_resized, turn

LEAST = 0.3  # the score of what is worth another look: of 293 faces from 20 pixels on, 292 reach it, and 46 patterns
# Pixels of the side of what a close look looks at, and the faces it is wide: 3.5 and 1.7 ms of one core a look.
FOR_DOUBTS, FOR_TILTS = (192, 3.0), (128, 2.4)
SURE = 0.8  # a score that needs no second look: none of 60 photos without a face reaches it
CLEAR = 0.89  # a close look at a face that is upright in it: 9 of 10 are above
STEP, FURTHEST = 30, 90  # degrees between the looks, and of the last
LEAST_TILT = 10  # degrees: what is less is within the error, and the network was trained on it


class Face(NamedTuple):
    """Centre and side in pixels, score 0-1, tilt in degrees clockwise."""

    x: float
    y: float
    side: float
    score: float
    tilt: float = 0.0


class CloseLook:
    """Looks at a place of a picture, scaled so that a face there has always the same size, and turned."""

    def __init__(self, network: cv2.FaceDetectorYN, side: int, reach: float):
        self.network, self.side, self.reach = network, side, reach
        self.face_side = side / reach
        self.lock = threading.Lock()
        network.setInputSize((side, side))

    def cut(self, image: np.ndarray, face: Face) -> np.ndarray:
        """What lies about `face`, with room for the corners of what is turned, as every look takes it."""
        side, room = 1.42 * self.reach * face.side, round(1.42 * self.side)
        return crop_resized(image, face.x, face.y, side, room, cv2.BORDER_CONSTANT)

    def at(self, patch: np.ndarray, face: Face) -> tuple[Face, int]:
        """`face` as the best look at its `patch` places and scores it, with its tilt; the degrees of that look.

        The score falls by a tenth over 45 degrees from upright: its peak says how far the face leans, within 5 degrees,
        where the line between YuNet's eyes follows a tilt by 0.3 of it.
        """
        looks = {angle: self.turned(patch, angle) for angle in (0, STEP, -STEP)}
        best = max(looks, key=lambda angle: looks[angle].score)
        while best and abs(best) < FURTHEST:
            beyond = best + (STEP if best > 0 else -STEP)
            looks[beyond] = self.turned(patch, beyond)
            if looks[beyond].score <= looks[best].score:
                break
            best = beyond
        if face.score >= SURE and looks[best].score < CLEAR:  # a face that lies has another peak, the lower one
            for angle in range(STEP - 180, 181, STEP):
                looks[angle] = looks.get(angle) or self.turned(patch, angle)
            best = max(looks, key=lambda angle: looks[angle].score)
        seen = looks[best]
        score = max(seen.score, face.score if face.score >= SURE else 0)
        # A doubt may lie beside the face that it comes from; of its size the first look says more.
        x, y = turn((seen.x - self.side / 2, seen.y - self.side / 2), best) * face.side / self.face_side
        return Face(face.x + float(x), face.y + float(y), face.side, score, tilt_of(looks, best)), best

    def turned(self, patch: np.ndarray, degrees: float) -> Face:
        """The face in the middle of `patch` when it is turned by `degrees` against the clock; score 0 where none is."""
        matrix = cv2.getRotationMatrix2D((patch.shape[1] / 2, patch.shape[0] / 2), degrees, 1)
        matrix = matrix + np.array([0, 0, (self.side - len(patch)) / 2])
        with self.lock:
            found = to_faces(self.network.detect(cv2.warpAffine(patch, matrix, (self.side, self.side)))[1])
        middle = self.side / 2
        near = (face for face in found if max(abs(face.x - middle), abs(face.y - middle)) < 0.35 * self.face_side
                and face.side < 2 * self.face_side)  # fmt: skip
        return next(near, Face(middle, middle, self.face_side, 0.0))


def load_yunet(model: Path) -> cv2.FaceDetectorYN:
    """The network in the .onnx `model`. InputError where there is none, or OpenCV cannot read it."""
    if not Path(model).is_file():
        raise InputError(f"{model}: no such file; YuNet belongs beside the scripts, fetch it again")
    size = 128, 128
    try:
        network = cv2.FaceDetectorYN.create(str(model), "", size, LEAST, 0.3)
        network.detect(np.zeros((*size, 3), np.uint8))  # only now does it look at what it was given
    except cv2.error:
        raise InputError(f"{model}: not a YuNet that OpenCV can read; fetch the file again") from None
    return network


def to_faces(found: np.ndarray | None, scale: float = 1.0) -> list[Face]:
    """YuNet's rows (x, y, width, height, five landmarks, score) as faces of the picture, the likeliest first."""
    if found is None:
        return []
    found = found[np.isfinite(found).all(axis=1)]  # sizes are powers of e, which may overflow
    x, y, width, height = found[:, :4].T / scale
    # YuNet's boxes run from hair to chin; the network learned squares about the middle of that.
    rows = np.stack([x + width / 2, y + 0.52 * height, (width + height) / 2, np.minimum(found[:, 14], 1)], axis=1)
    return sorted((Face(*row) for row in rows.tolist()), key=lambda face: -face.score)


def same(a: Face, b: Face) -> bool:
    """Whether two of one picture are one face: the larger covers most of the smaller."""
    shared = [max(0.0, (a.side + b.side) / 2 - abs(one - other)) for one, other in zip(a[:2], b[:2], strict=True)]
    smaller = min(a.side, b.side)
    return min(shared[0], smaller) * min(shared[1], smaller) > 0.5 * smaller**2


def tilt_of(looks: dict[int, Face], best: int) -> float:
    """The tilt in degrees at which the scores of the looks by their angles have their peak: a parabola's through three."""
    before, after = looks.get(best - STEP), looks.get(best + STEP)
    tilt = float(best)
    if before and after and (bend := before.score - 2 * looks[best].score + after.score) < 0:
        tilt += float(np.clip(STEP / 2 * (before.score - after.score) / bend, -STEP / 2, STEP / 2))
    return tilt if abs(tilt) >= LEAST_TILT else 0.0
