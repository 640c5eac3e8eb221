"""Where the faces are: OpenCV's Haar cascade, or its YuNet network where the user has its file."""

import threading
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.files import CASCADE
from emotion.geometry import Box, square_box

MIN_FACE = 30  # pixels: the cascade's own window is 24, and what it sees in less than 30 is often a pattern
AREA, LARGEST_AREA = 2e6, 16e6  # pixels searched unless --min-face asks for more, and at most: bounds the time
# Scale factor, neighbours, weight. Steps of 1.2 take half the time, and have half as many windows, each worth two.
FINE = 1.1, 3, 1
LONGEST = 8000  # pixels of a side searched: a strip that is turned fills a square


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

    def detect(self, gray: np.ndarray) -> list[Box]:
        """The faces of a photo, uint8 (H, W), by the careful search: four looks at it, which must agree.

        The cascade misses tilted and badly lit faces, and takes a pattern for a face now and then. A face is seen in
        several looks, each time by many neighbouring windows; a pattern in one, by few.
        """
        height, width = gray.shape
        scale = self.search_scale(gray.shape)
        min_size = max(round(self.min_face * scale), 24) if not self.any_size else MIN_FACE
        if min(height, width) * scale < min_size:
            return []
        if scale < 1:
            gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        # Each sighting is (centre x, centre y, side, votes), its votes the windows that agreed on it.
        looks = [
            self.sightings(gray, min_size, *FINE),
            self.sightings(cv2.createCLAHE(2.0, (8, 8)).apply(gray), min_size),
            self.tilted_sightings(gray, 15, min_size),
            self.tilted_sightings(gray, -15, min_size),
        ]
        boxes = [square_box(*face / scale, (height, width)) for face in merge_looks(looks)]
        return sorted(boxes, key=lambda box: box.x)

    def search_scale(self, shape: tuple[int, int]) -> float:
        area = AREA if self.any_size else max(AREA, LARGEST_AREA * min(1, (MIN_FACE / self.min_face) ** 2))
        return min(1.0, (area / (shape[0] * shape[1])) ** 0.5, LONGEST / max(shape))

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
    """The faces (centre x, centre y, side) that `looks`, the plain one first, have votes enough for."""
    groups: list[list[tuple[int, np.ndarray]]] = []
    for look, found in enumerate(looks):
        for sighting in found:
            group = next((group for group in groups if same_face(group[0][1], sighting)), None)
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
            faces.append(face)
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


def same_face(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two sightings (centre x, centre y, side, votes) overlap by more than a third of their union."""
    shared = (a[2] + b[2]) / 2 - np.abs(a[:2] - b[:2])
    shared = np.prod(np.clip(shared, 0, min(a[2], b[2])))
    return shared > 0.35 * (a[2] ** 2 + b[2] ** 2 - shared)


class YuNetDetector:
    """OpenCV's YuNet, a small network that also finds turned faces; its file comes from OpenCV's model zoo.

    Source: Wu et al., YuNet, Machine Intelligence Research 2023; https://github.com/opencv/opencv_zoo.
    """

    def __init__(self, model: Path, min_face: int | None = None):
        self.min_face = min_face or 10  # what it was trained down to
        self.files = [Path(model)]
        self.lock = threading.Lock()
        if not Path(model).is_file():
            raise InputError(f"--detector: no such file: {model}; fetch YuNet's .onnx from OpenCV's model zoo")
        try:
            self.network = cv2.FaceDetectorYN.create(str(model), "", (320, 320), score_threshold=0.7)
            self.network.detect(np.zeros((320, 320, 3), np.uint8))  # only now does it look at what it was given
        except cv2.error:
            raise InputError(f"--detector: {model} is no YuNet that OpenCV can read; fetch it again") from None

    def detect(self, gray: np.ndarray) -> list[Box]:
        """The faces of uint8 (H, W), as squares of the size the cascade would give them."""
        scale = min(1.0, (AREA / gray.size) ** 0.5)
        small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
        with self.lock:
            self.network.setInputSize(small.shape[::-1])
            found = self.network.detect(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR))[1]
        boxes = []
        for x, y, width, height in found[:, :4] / scale if found is not None else ():
            # YuNet's boxes run from hair to chin; the network learned squares about the middle of that.
            box = square_box(x + width / 2, y + height * 0.52, (width + height) / 2, gray.shape)
            if min(box.width, box.height) >= self.min_face:
                boxes.append(box)
        return boxes


def load_detector(name: str = "haar", min_face: int | None = None) -> HaarDetector | YuNetDetector:
    """The detector called `name`: haar or yunet=FILE.onnx. InputError where there is none of that name."""
    kind, _, file = name.partition("=")
    if kind == "haar" and not file:
        return HaarDetector(min_face)
    if kind == "yunet" and file:
        return YuNetDetector(Path(file), min_face)
    raise InputError(f"--detector {name}: expected haar or yunet=FILE.onnx")
