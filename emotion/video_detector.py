"""Where the faces of a video are: the whole frame is searched now and then, the places of known faces in between."""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion.face_detector import Box, HaarDetector

WINDOW = 24  # pixels: the side of the cascade's own window
SMALLEST = 1 / 16  # of the frame's shorter side: what is smaller is too coarse for the network, and dear to find
LOCAL_SIDE = 40  # pixels: known faces are scaled to this side; the cost of a face is then the same at every size
LOCAL_MARGIN = 0.3  # of the side: how far a face may move from one frame to the next
HOLD = 0.6  # of the time between two searches of the whole frame, twice: how long a face may go without the cascade
LIKENESS = 0.75  # correlation with its last sight that keeps such a face


@dataclass
class KnownFace:
    """A face seen lately: its box as floats (centre x, centre y, side), its motion a frame, its last sight."""

    x: float
    y: float
    side: float
    sight: np.ndarray  # uint8 (LOCAL_SIDE, LOCAL_SIDE)
    dx: float = 0.0
    dy: float = 0.0
    missed: int = 0  # frames since the cascade saw it

    def move(self, x: float, y: float, side: float, share: float) -> None:
        """Take up a new place; `share` of the change becomes the motion expected next."""
        self.dx += share * (x - self.x - self.dx)
        self.dy += share * (y - self.y - self.dy)
        self.x, self.y, self.side = x, y, side


class VideoDetector:
    """Finds the faces of consecutive frames; keeps what it needs to know from one frame to the next.

    `detect_every`: the whole frame is searched on every N-th frame. Unless `detector` was given a smallest face of its
    own, that is a sixteenth of the frame's shorter side.
    """

    def __init__(self, detector: HaarDetector, detect_every: int = 8):
        self.detector = detector
        self.detect_every = detect_every
        self.faces: list[KnownFace] = []
        self.frame = 0

    def detect(self, gray: np.ndarray) -> list[Box]:
        """The faces of the next frame, uint8 (H, W)."""
        self.follow(gray)
        if self.frame % self.detect_every == 0:
            self.look_around(gray)
        self.frame += 1
        return [box_in(face, gray.shape) for face in self.faces]

    def follow(self, gray: np.ndarray) -> None:
        """Find the known faces again, near where they were; drop those that are gone."""
        kept: list[KnownFace] = []
        # Those seen by the cascade last go first: where two meet, the one in front keeps its place.
        for face in sorted(self.faces, key=lambda face: face.missed):
            found = self.find_near(gray, face, neighbours=2)
            if found:
                face.move(*found, share=0.5)
                face.missed = 0
            else:
                face.missed += 1
                if face.missed > max(2, 2 * HOLD * self.detect_every) or not resight(gray, face):
                    continue
            if any(same_place((face.x, face.y, face.side), (other.x, other.y, other.side)) for other in kept):
                continue
            if not face.missed:
                face.sight = patch(gray, face.x, face.y, face.side)
            kept.append(face)
        self.faces = kept

    def look_around(self, gray: np.ndarray) -> None:
        """Search the whole frame for faces not known yet."""
        for x, y, side in self.search_frame(gray):
            known = [(face.x, face.y, face.side) for face in self.faces]
            if any(same_place((x, y, side), place) for place in known):
                continue
            # The quick search is generous; a face must stand a closer look, which also places it better.
            found = self.find_near(gray, KnownFace(x, y, side, gray), neighbours=5)
            if found and not any(same_place(found, place) for place in known):
                self.faces.append(KnownFace(*found, patch(gray, *found)))

    def search_frame(self, gray: np.ndarray) -> list[tuple[float, float, float]]:
        """Every place (centre x, centre y, side) in the frame that may be a face.

        Octave by octave: each search looks for faces of 24-48 pixels in a picture half the size of the last. One search
        for all sizes costs twice as much, since OpenCV moves larger windows in smaller steps.
        """
        smallest = self.detector.min_face
        if self.detector.any_size:
            smallest = max(smallest, SMALLEST * min(gray.shape))
        scale = min(1.0, WINDOW / smallest)
        places = []
        while min(gray.shape) * scale >= WINDOW:
            small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for box in self.detector.search(small, 1.2, 2, WINDOW, 2 * WINDOW + 4):
                places.append(((box.x + box.width / 2) / scale, (box.y + box.height / 2) / scale, box.width / scale))
            scale /= 2
        return places

    def find_near(self, gray: np.ndarray, face: KnownFace, neighbours: int) -> tuple[float, float, float] | None:
        """Where the cascade sees `face` now, (centre x, centre y, side), if it does."""
        expected = face.x + face.dx, face.y + face.dy
        reach = face.side * (0.5 + LOCAL_MARGIN)
        left, top = max(0, round(expected[0] - reach)), max(0, round(expected[1] - reach))
        region = gray[top : max(0, round(expected[1] + reach)), left : max(0, round(expected[0] + reach))]
        scale = LOCAL_SIDE / face.side
        if min(region.shape) * scale < WINDOW:
            return None
        small = cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes = self.detector.search(small, 1.1, neighbours, round(0.75 * LOCAL_SIDE), round(1.3 * LOCAL_SIDE))
        if not boxes:
            return None
        places = [
            (left + (b.x + b.width / 2) / scale, top + (b.y + b.height / 2) / scale, b.width / scale) for b in boxes
        ]
        return min(places, key=lambda place: distance(place, (*expected, face.side)))


def distance(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """How far apart two places (centre x, centre y, side) are, in pixels; a change of size counts as a move."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2])


def same_place(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    """Whether two places (centre x, centre y, side) are one face's."""
    apart = max(abs(a[0] - b[0]), abs(a[1] - b[1]))
    return apart < 0.4 * max(a[2], b[2])


def patch(gray: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """The square about (x, y), uint8 (LOCAL_SIDE, LOCAL_SIDE), the frame's edges repeated beyond them."""
    scale = LOCAL_SIDE / side
    to_patch = np.array([[scale, 0, LOCAL_SIDE / 2 - scale * x], [0, scale, LOCAL_SIDE / 2 - scale * y]])
    return cv2.warpAffine(
        gray, to_patch, (LOCAL_SIDE, LOCAL_SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def resight(gray: np.ndarray, face: KnownFace) -> bool:
    """Look for `face` by its last sight alone and move it there; False if nothing near looks like it."""
    reach = 1 + 2 * LOCAL_MARGIN
    around = patch(gray, face.x + face.dx, face.y + face.dy, face.side * reach)
    sight = cv2.resize(face.sight, None, fx=1 / reach, fy=1 / reach, interpolation=cv2.INTER_AREA)
    likeness = cv2.matchTemplate(around, sight, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(likeness)
    if best < LIKENESS:
        return False
    step = face.side * reach / LOCAL_SIDE
    middle = (likeness.shape[1] - 1) / 2, (likeness.shape[0] - 1) / 2
    x = face.x + face.dx + (column - middle[0]) * step
    y = face.y + face.dy + (row - middle[1]) * step
    face.move(x, y, face.side, share=0.5)
    return True


def box_in(face: KnownFace, shape: tuple[int, int]) -> Box:
    """The face's box in whole pixels, cut at the frame's edges."""
    left, top = max(0, round(face.x - face.side / 2)), max(0, round(face.y - face.side / 2))
    right, bottom = min(shape[1], round(face.x + face.side / 2)), min(shape[0], round(face.y + face.side / 2))
    return Box(left, top, max(1, right - left), max(1, bottom - top))
