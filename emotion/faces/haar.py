"""Faces by OpenCV's Haar cascade."""

import threading
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.faces.detection import Detection, search_scale
from emotion.geometry import Box, crop_square, square_box
from emotion.shipped import CASCADE

MIN_FACE = 30  # pixels: the cascade's own window is 24, and what it sees in less than 30 is often a pattern
# Scale factor, neighbours, weight. Steps of 1.2 take half the time, and have half as many windows, each worth two.
FINE_SEARCH = 1.1, 3, 1
HALF_SURE = 30  # votes of the four looks that make a score of one half


class HaarDetector:
    """Viola and Jones's cascade of boosted Haar features, as trained by Rainer Lienhart for OpenCV."""

    def __init__(self, min_face: int | None = None, cascade: Path = CASCADE):
        """`min_face` is the side of the smallest face, in pixels; None: MIN_FACE, or more in a large photo."""
        self.min_face = min_face or MIN_FACE
        self.any_size = min_face is None
        if not Path(cascade).is_file():
            raise InputError(f"{cascade}: no such file; the cascade belongs beside the scripts, fetch it again")
        self.files = [Path(cascade)]
        self.lock = threading.Lock()  # OpenCV's cascades and networks serve one thread at a time
        self.cascade = cv2.CascadeClassifier()
        try:
            loaded = self.cascade.load(str(cascade)) and not self.cascade.empty()
        except (cv2.error, SystemError):  # a file that is no XML raises, one that is no cascade only stays empty
            loaded = False
        if not loaded:
            raise InputError(f"{cascade}: not a cascade that OpenCV can read; fetch the file again")

    def detect(self, image: np.ndarray) -> list[Detection]:
        """The faces of a photo, BGR uint8 (H, W, 3), by the careful search: four looks at it, which must agree.

        The cascade misses tilted and badly lit faces, and takes a pattern for a face now and then. A face is seen in
        several looks, each time by many neighbouring windows; a pattern in one, by few.
        """
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        height, width = gray.shape
        scale = search_scale(gray.shape, None if self.any_size else self.min_face)
        min_size = max(round(self.min_face * scale), 24) if not self.any_size else MIN_FACE
        if min(height, width) * scale < min_size:
            return []
        if scale < 1:
            gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        # Each sighting is (centre x, centre y, side, votes), its votes the windows that agreed on it.
        looks = [
            self.sightings(gray, min_size, *FINE_SEARCH),
            self.sightings(cv2.createCLAHE(2.0, (8, 8)).apply(gray), min_size),
            self.tilted_sightings(gray, 15, min_size),
            self.tilted_sightings(gray, -15, min_size),
        ]
        faces = [
            Detection(square_box(x / scale, y / scale, side / scale, (height, width)), votes / (votes + HALF_SURE))
            for x, y, side, votes in map(np.ndarray.tolist, merge_looks(looks))
        ]
        return sorted(faces, key=lambda face: face.box.x)

    def windows(self, patch: np.ndarray, side: float) -> int:
        """How many windows see a face of about `side` pixels in the middle of `patch`, BGR uint8 (H, W, 3)."""
        middle = crop_square(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), patch.shape[1] / 2, patch.shape[0] / 2, 2 * side)
        found = self.sightings(middle, round(0.65 * side), 1.1, 1, 1)
        near = np.abs(found[:, :2] - side).max(axis=1) < 0.35 * side
        return int(found[near, 3].max(initial=0))

    def search(
        self, gray: np.ndarray, scale_factor: float, neighbours: int, min_size: int, max_size: int | None = None
    ) -> list[Box]:
        """One plain pass of the cascade over uint8 (H, W); sizes are the sides of the square window, in pixels."""
        largest = (max_size, max_size) if max_size else (0, 0)
        with self.lock:
            found = self.cascade.detectMultiScale(gray, scale_factor, neighbours, 0, (min_size, min_size), largest)
        return [Box(*map(int, face)) for face in found]  # an empty tuple where there is nothing

    def sightings(
        self, gray: np.ndarray, min_size: int, scale_factor: float = 1.2, neighbours: int = 2, weight: int = 2
    ) -> np.ndarray:
        """One look, float (N, 4): centre x and y, side, votes, each window that agreed counting `weight`."""
        with self.lock:
            boxes, votes = self.cascade.detectMultiScale2(gray, scale_factor, neighbours, 0, (min_size, min_size))
        seen = [(x + w / 2, y + h / 2, w, weight * n) for (x, y, w, h), n in zip(boxes, votes, strict=True)]
        return np.array(seen, float).reshape(-1, 4)

    def tilted_sightings(self, gray: np.ndarray, degrees: float, min_size: int) -> np.ndarray:
        """One look at the picture turned by `degrees`; the sightings in the picture as it is."""
        height, width = gray.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        cos, sin = np.abs(turn[0, :2])
        room = int(height * sin + width * cos), int(height * cos + width * sin)
        turn[:, 2] += (room[0] - width) / 2, (room[1] - height) / 2
        found = self.sightings(cv2.warpAffine(gray, turn, room), min_size)
        found[:, :2] = cv2.transform(found[None, :, :2], cv2.invertAffineTransform(turn))[0] if len(found) else 0
        return found


def merge_looks(looks: list[np.ndarray]) -> list[np.ndarray]:
    """The faces (centre x, centre y, side, votes) that `looks`, the plain one first, have votes enough for."""
    groups: list[list[tuple[int, np.ndarray]]] = []
    for look, found in enumerate(looks):
        for sighting in found:
            group = next((group for group in groups if same_sighting(group[0][1], sighting)), None)
            if group is None:
                groups.append([(look, sighting)])
            else:
                group.append((look, sighting))
    faces = []
    for group in groups:
        votes = [max((sighting[3] for at, sighting in group if at == look), default=0) for look in range(len(looks))]
        plain = [sighting for look, sighting in group if look == 0]
        face = np.mean(plain or [sighting for _, sighting in group], axis=0)[:3]
        if is_face(votes, face[2]):
            faces.append(np.array([*face, sum(votes)]))
    return faces


def is_face(votes: list[float], side: float) -> bool:
    """Whether these votes, the plain look's first, are a face's.

    The limits were chosen on portraits and groups, turned, darkened, blurred, squeezed and enlarged, and on pictures
    without a face: 203 of 216 faces and 36 false ones, where the plain look finds 168 and 68.
    """
    seen = sum(vote > 0 for vote in votes)
    if seen >= 3:
        return sum(votes) >= 20
    if max(votes[1:]) >= 20:  # a tilted face is seen by the look that is tilted with it
        return True
    # The smallest faces fit few of the windows, and get few votes.
    return side < 42 and votes[0] >= 5 and seen == 2 and sum(votes) >= 12


def same_sighting(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two sightings (centre x, centre y, side, votes) overlap by more than a third of their union."""
    shared = (a[2] + b[2]) / 2 - np.abs(a[:2] - b[:2])
    shared = np.prod(np.clip(shared, 0, min(a[2], b[2])))
    return shared > 0.35 * (a[2] ** 2 + b[2] ** 2 - shared)
