"""Faces by YuNet, a small network of OpenCV's that also finds turned, hidden and small ones."""

import threading
from pathlib import Path

import cv2
import numpy as np

from emotion.faces.close_look import FOR_DOUBTS, FOR_TILTS, STEP, SURE, CloseLook, Face, load_yunet, same, to_faces
from emotion.faces.detection import Detection, search_scale
from emotion.faces.haar import HaarDetector
from emotion.geometry import square_box, turn
from emotion.shipped import YUNET

MIN_FACE = 12  # pixels: it was trained down to 10, and in less than 20 nobody can name an emotion
LIKELY = 0.7  # a score that counts where there is no time for a second look
UPRIGHT = 0.92  # from this score on a face leans little: of 54 turned by 45 degrees none reaches it, by 30 a quarter
# A close look makes a face of a doubt by its score, or by that and the first together. Of 20 faces below SURE these keep
# 19, of 46 patterns 1, a terrier's head.
AGREED, TOGETHER, AGREED_LYING = 0.75, 1.45, 0.85
AGREED_CASCADE, WINDOWS = 0.5, 15  # where that many of the cascade's windows see a face too
WIDENED, RAISED = 1.075, 0.04  # YuNet's square is 0.93 of the cascade's, and lower by this share of its side
MOST, MOST_LEANING = 24, 12  # doubts looked into and tilts measured, likeliest first: bounds the time in a crowd
LEANING_SIDE = 40  # pixels: of smaller faces the score says more of their size than of their tilt
LEAST_SIDE = 64  # pixels: in a strip of 32 OpenCV's network reads beside its arrays and sees faces of any size
SEARCH_SIDE = 640  # pixels of the longer side of a video's frame: 20 ms
ORIENTATION_SIDE = 480  # pixels of the longer side where a photo is tried in its other orientations


class YuNetDetector:
    """One look at the whole picture; where it leaves a doubt, or a face may lean, closer ones at the place.

    What stays a doubt is a face where the `cascade`, if there is one, clearly sees one too.
    """

    def __init__(self, min_face: int | None = None, model: Path = YUNET, cascade: HaarDetector | None = None):
        """`min_face` is the side of the smallest face, in pixels."""
        self.min_face = min_face
        self.cascade = cascade
        self.files = [Path(model), *(cascade.files if cascade else [])]
        self.lock = threading.Lock()  # a network of OpenCV's serves one thread at a time
        self.network = load_yunet(model)
        # Another size costs a network 3 ms each time: the close looks have their own.
        self.at_doubts, self.at_tilts = (CloseLook(load_yunet(model), *size) for size in (FOR_DOUBTS, FOR_TILTS))

    def detect(self, image: np.ndarray) -> list[Detection]:
        """The faces of a photo, BGR uint8 (H, W, 3), as squares of the size the cascade would give them."""
        faces = self.search(image, search_scale(image.shape, self.min_face))
        if not faces:
            faces = self.search_other_orientations(image)
        return [to_detection(face, image.shape) for face in sorted(faces)]

    def search(self, image: np.ndarray, scale: float, small: np.ndarray | None = None) -> list[Face]:
        """The faces of `image`, looked at in `scale`; `small` is the image in that scale, where it is there already."""
        faces: list[Face] = []
        doubts = leaning = 0
        for face in self.look(shrunk(image, scale) if small is None else small, scale):
            if any(same(face, other) for other in faces):
                continue
            if face.score < SURE:
                doubts += 1
                seen = self.look_into(image, face) if doubts <= MOST else None
                if seen and not any(same(seen, other) for other in faces):
                    faces.append(seen)
            elif leaning < MOST_LEANING and self.may_lean(face):
                leaning += 1
                faces.append(self.with_tilt(image, face))
            else:
                faces.append(face)
        return faces

    def look(self, small: np.ndarray, scale: float) -> list[Face]:
        """What may be a face in a picture of which `small` is the copy in `scale`; the likeliest first."""
        if min(small.shape[:2]) < MIN_FACE:
            return []
        right, bottom = (max(0, LEAST_SIDE - side) for side in small.shape[1::-1])
        if right or bottom:
            small = cv2.copyMakeBorder(small, 0, bottom, 0, right, cv2.BORDER_CONSTANT)
        with self.lock:
            self.network.setInputSize(small.shape[1::-1])
            found = to_faces(self.network.detect(small)[1], scale)
        return [face for face in found if face.side >= (self.min_face or MIN_FACE)]

    def may_lean(self, face: Face) -> bool:
        """Whether it is worth the while to measure the tilt of `face`."""
        return SURE <= face.score < UPRIGHT and face.side >= LEANING_SIDE

    def with_tilt(self, image: np.ndarray, face: Face) -> Face:
        """A face that is sure, and how far it leans."""
        seen, _ = self.at_tilts.at(self.at_tilts.cut(image, face), face)
        return seen

    def look_into(self, image: np.ndarray, doubt: Face) -> Face | None:
        """`doubt` as a closer look sees it, with its tilt; None where that makes no face of it."""
        patch = self.at_doubts.cut(image, doubt)
        seen, degrees = self.at_doubts.at(patch, doubt)
        return seen if self.agreed(doubt, seen, degrees, patch) else None

    @staticmethod
    def place(face: Face) -> tuple[float, float, float]:
        """Centre x, centre y and side of the square that the cascade would give `face`: a little larger and higher.

        The network likes it best, too: of 500 enlarged faces of PublicTest it names 90.7 % right in squares of 1.075 of
        the side, the middle 0.04 higher, 89.7 % in YuNet's own, 90.7 % as they come.
        """
        x, y = turn((0, -RAISED * face.side), face.tilt)
        return face.x + x, face.y + y, WIDENED * face.side

    def agreed(self, face: Face, seen: Face, degrees: int, patch: np.ndarray) -> bool:
        """Whether what was `seen` when `patch` was turned by `degrees` makes a face of the doubt `face`."""
        if abs(degrees) > STEP:
            return seen.score >= AGREED_LYING
        if seen.score >= AGREED or seen.score + face.score >= TOGETHER:
            return True
        if self.cascade is None or seen.score < AGREED_CASCADE:
            return False
        return self.cascade.windows(patch, self.at_doubts.face_side) >= WINDOWS

    def search_other_orientations(self, image: np.ndarray) -> list[Face]:
        """The faces of a photo that lies on its side or its head, by the orientation that shows most of them."""
        height, width = image.shape[:2]
        scale = min(1.0, ORIENTATION_SIDE / max(height, width))
        small = shrunk(image, scale)
        best: list[Face] = []
        for quarters in (1, 3, 2):  # the image turned is a view: a copy of the largest would be 600 MB
            turned = np.ascontiguousarray(np.rot90(small, quarters))
            found = self.search(np.rot90(image, quarters), scale, turned)
            found = [turn_back(face, quarters, height, width) for face in found if face.score >= AGREED_LYING]
            best = max(best, found, key=len)
        return best


def shrunk(image: np.ndarray, scale: float) -> np.ndarray:
    """`image` in `scale`, at most 1; at least one pixel."""
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image


def to_detection(face: Face, shape: tuple[int, ...]) -> Detection:
    """`face` as a square in a picture of `shape` (height, width)."""
    return Detection(square_box(*YuNetDetector.place(face), shape), face.score, face.tilt)


def turn_back(face: Face, quarters: int, height: int, width: int) -> Face:
    """`face` of the picture that np.rot90 turned `quarters` times, in the picture of (height, width) as it was."""
    x, y = face.x, face.y
    places = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}
    tilt = (face.tilt + 90 * quarters + 180) % 360 - 180
    return face._replace(x=places[quarters][0], y=places[quarters][1], tilt=tilt)
