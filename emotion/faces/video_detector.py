"""Where the faces of a video are: the whole frame is searched now and then, the places of known faces in between."""

import cv2
import numpy as np

from emotion.faces.close_look import Face
from emotion.faces.detection import Detection, Detector
from emotion.faces.haar import HaarDetector
from emotion.faces.known_face import CASCADE_SCORE, MARGIN, KnownFace, Place, distance, patch, same_place
from emotion.faces.yunet import LIKELY, SEARCH_SIDE, YuNetDetector, shrunk
from emotion.geometry import Box, square_box

WINDOW = 24  # pixels: the side of the cascade's own window
SMALLEST = 1 / 16  # of the frame's shorter side: what is smaller is too coarse for the network, and dear to find
# A known face is looked for in its surroundings, scaled so that it has this side: its cost is then the same at every
# size. The glance costs 1-2 ms a face and finds nine of ten; only where it fails, the closer look follows.
GLANCE_SIDE, CLOSER_SIDE = 40, 56  # pixels
# With its last template: from the first on a face counts as seen, from the second on as still there.
SEEN_CORRELATION, PRESENT_CORRELATION = 0.92, 0.7
# Of the time between two searches of the whole frame: how long a face the cascade does not see is shown by its looks
# alone, and how long it is looked for where it was.
SHOWN_INTERVALS, SOUGHT_INTERVALS = 1.2, 2.0
MOST_DENIALS = 3  # searches that do not see a face where the cascade and its looks still do: it was a pattern
SEARCH_S = 0.24  # seconds between two searches of the whole frame: who enters is soon found, at 1 to 4 ms a frame


class VideoDetector:
    """Finds the faces of consecutive frames; keeps what it needs to know from one frame to the next.

    The whole frame is searched by the `network`, or by the cascade where there is none; in between, the cascade follows.
    `detect_every`: the whole frame is searched on every N-th frame, of which N follows the frame rate if it is `paced`.
    Unless `detector` was given a smallest face of its own, that is a sixteenth of the frame's shorter side.
    """

    def __init__(
        self, detector: HaarDetector, detect_every: int = 8, network: YuNetDetector | None = None, paced: bool = False
    ):
        self.detector = detector
        self.network = network
        self.files = (network or detector).files
        self.detect_every, self.paced = detect_every, paced
        self.faces: list[KnownFace] = []
        self.frame = 0

    def new_stream(self) -> "VideoDetector":
        """Another one by the same detector, which knows no face yet."""
        return VideoDetector(self.detector, self.detect_every, self.network, self.paced)

    def set_fps(self, fps: float) -> None:
        """From here on about `fps` frames come a second: the searches of the whole frame stay as far apart in time."""
        if self.paced:
            self.detect_every = frames_between_searches(fps)

    def forget(self) -> None:
        """The next frame is another picture: none of the known faces is in it, and it is searched."""
        self.faces, self.frame = [], 0

    def detect(self, image: np.ndarray) -> list[Detection]:
        """The faces of the next frame, BGR uint8 (H, W, 3)."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        self.follow(gray)
        if self.frame % self.detect_every == 0:
            if self.network:
                self.search(self.network, image, gray)
            else:
                self.look_around(gray)
        self.frame += 1
        shown = [face for face in self.faces if not face.hidden]
        return [Detection(square_box(*face.shown, gray.shape), face.score, face.tilt) for face in shown]

    def follow(self, gray: np.ndarray) -> None:
        """Find the known faces again, near where they were; forget those that are gone."""
        kept: list[KnownFace] = []
        # Those seen by the cascade last go first: where two meet, the one in front keeps its place.
        for turn, face in enumerate(sorted(self.faces, key=lambda face: face.missed)):
            # The cascade looks at each face on every third frame; in between, looking the same is enough.
            if (self.frame + turn) % 3 and not face.missed and face.follow(gray, SEEN_CORRELATION):
                pass
            elif found := self.look_at(gray, face):
                face.see(gray, found)
            else:
                face.missed += 1
                # Turned away, a face is still known for a while by its looks, and looked for where it was.
                held = face.missed <= max(2, SHOWN_INTERVALS * self.detect_every)
                face.hidden = face.hidden or not (held and face.follow(gray, PRESENT_CORRELATION))
                if face.hidden and face.missed > SOUGHT_INTERVALS * self.detect_every:
                    continue
            if not any(same_place(face.place, other.place) for other in kept):
                kept.append(face)
        self.faces = kept

    def look_at(self, gray: np.ndarray, face: KnownFace) -> Place | None:
        """Where the cascade sees `face` now, if it does: at a glance, or else by a closer look."""
        glance = None if face.hidden else self.find_near(gray, face, GLANCE_SIDE, 2)
        return glance or self.find_near(gray, face, CLOSER_SIDE, 4 if face.hidden else 2)

    def search(self, network: YuNetDetector, image: np.ndarray, gray: np.ndarray) -> None:
        """Search the whole frame by the network, for faces not known yet, and whether the known ones are faces."""
        seen: list[tuple[KnownFace, Face]] = []
        scale = min(1.0, SEARCH_SIDE / max(gray.shape))
        for face in network.look(shrunk(image, scale), scale):
            place = network.place(face)
            if place[2] < self.smallest(gray.shape):
                continue
            same = [known for known in self.faces if same_place(place, known.place)]
            known = min(same, key=lambda known: distance(known.place, place), default=None)
            if known and not known.hidden and place[2] < 1.5 * known.side:
                if face.score >= LIKELY and known.missed:
                    known.see(gray, place)
            elif face.score >= LIKELY or self.sees(gray, KnownFace(*place)):
                # A mouth is taken for a face now and then, never a face for a mouth: the larger is right.
                self.faces = [other for other in self.faces if other not in same]
                known = KnownFace(*place, shown=place, template=patch(gray, *place))
                self.faces.append(known)
            if known and known in self.faces and all(known is not other for other, _ in seen):
                seen.append((known, face))
        for known in self.faces:
            known.denied += 1
        for known, face in seen:
            known.denied, known.score = 0, max(face.score, CASCADE_SCORE)
        self.faces = [known for known in self.faces if known.denied < MOST_DENIALS]
        self.measure_tilt(network, image, seen)

    def measure_tilt(self, network: YuNetDetector, image: np.ndarray, seen: list[tuple[KnownFace, Face]]) -> None:
        """Measure how far one face leans, that for which it is longest ago: 7 ms a search."""
        leaning = [pair for pair in seen if network.may_lean(pair[1])]
        for known, face in seen:
            if not network.may_lean(face):
                known.tilt = 0.0
        if leaning:
            known, face = min(leaning, key=lambda pair: pair[0].tilted)
            known.tilt, known.tilted = network.with_tilt(image, face).tilt, self.frame

    def sees(self, gray: np.ndarray, face: KnownFace) -> Place | None:
        """Where the cascade surely sees `face`: at a glance and by a closer look, which also places it better."""
        return self.find_near(gray, face, GLANCE_SIDE, 3) and self.find_near(gray, face, CLOSER_SIDE, 7)

    def look_around(self, gray: np.ndarray) -> None:
        """Search the whole frame for faces not known yet."""
        for place in self.search_frame(gray):
            shown = [face for face in self.faces if not face.hidden]
            if any(same_place(place, face.place) and place[2] < 1.5 * face.side for face in shown):
                continue
            found = self.sees(gray, KnownFace(*place))  # the quick search is generous
            if not found:
                continue
            # The cascade takes a mouth for a face now and then, never a face for a mouth: the larger is right.
            same = [face for face in self.faces if same_place(found, face.place)]
            if all(face.hidden or found[2] > 1.5 * face.side for face in same):
                self.faces = [face for face in self.faces if face not in same]
                self.faces.append(KnownFace(*found, shown=found, template=patch(gray, *found)))

    def search_frame(self, gray: np.ndarray) -> list[Place]:
        """Every place (centre x, centre y, side) in the frame that may be a face.

        Octave by octave: each search looks for faces of 24-48 pixels in a picture half the size of the last. One search
        for all sizes costs twice as much, since OpenCV moves larger windows in smaller steps.
        """
        scale = min(1.0, WINDOW / self.smallest(gray.shape))
        places = []
        while min(gray.shape) * scale >= WINDOW:
            small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for box in self.detector.search(small, 1.2, 2, WINDOW, 2 * WINDOW + 4):
                places.append(place_in_frame(box, scale))
            scale /= 2
        return places

    def smallest(self, shape: tuple[int, ...]) -> float:
        """The side of the smallest face that is looked for in a frame of `shape` (height, width), in pixels."""
        if not self.detector.any_size:
            return self.detector.min_face
        return max(self.detector.min_face, SMALLEST * min(shape))

    def find_near(self, gray: np.ndarray, face: KnownFace, side: int, neighbours: int) -> Place | None:
        """Where the cascade sees `face` now, if it does, in surroundings scaled so that it has `side`."""
        x, y = face.x + face.dx, face.y + face.dy
        reach = face.side * (0.5 + MARGIN)
        left, top = max(0, round(x - reach)), max(0, round(y - reach))
        region = gray[top : max(0, round(y + reach)), left : max(0, round(x + reach))]
        scale = side / face.side
        if min(region.shape) * scale < WINDOW:
            return None
        small = cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes = self.detector.search(small, 1.1, neighbours, round(0.75 * side), round(1.3 * side))
        places = [place_in_frame(box, scale, left, top) for box in boxes]
        return min(places, key=lambda place: distance(place, (x, y, face.side)), default=None)


def place_in_frame(box: Box, scale: float, left: int = 0, top: int = 0) -> Place:
    """The place of a box that was found in a picture scaled by `scale`, its corner at (left, top)."""
    return left + (box.x + box.width / 2) / scale, top + (box.y + box.height / 2) / scale, box.width / scale


def frames_between_searches(fps: float) -> int:
    """How many frames come in SEARCH_S seconds, at least 1."""
    return max(1, round(SEARCH_S * fps))


def for_frames(detector: Detector, detect_every: int | None = None, fps: float = 30.0) -> "Detector | VideoDetector":
    """What finds the faces of consecutive frames, about `fps` a second, as `detector` finds those of photos.

    `detect_every`: as of VideoDetector; None follows the frame rate. Without a cascade to follow by, every frame is searched.
    """
    every, paced = detect_every or frames_between_searches(fps), detect_every is None
    if isinstance(detector, HaarDetector):
        return VideoDetector(detector, every, paced=paced)
    if isinstance(detector, YuNetDetector) and detector.cascade:
        return VideoDetector(detector.cascade, every, detector, paced)
    return detector
