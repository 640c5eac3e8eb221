"""Who is who from frame to frame."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from emotion.faces.cuts import Shots
from emotion.faces.detection import Detection
from emotion.geometry import Box

MEMORY = 2.0  # seconds: how long a face out of sight keeps its identity
REACH = 0.8  # of a face's side: how far from where it is expected it may be; grows with REACH_GROWTH a second unseen
REACH_GROWTH = 1.5
MOTION_HALF_LIFE = 0.3  # seconds, of the speed expected of a face: the box of one half hidden jumps to who is in front
STRANGER = 0.45  # 1 - correlation of two appearances: above it, a face that was out of sight is somebody else
APPEARANCE_SIDE = 16  # pixels: the side of the thumbnail by which a face is remembered


@dataclass
class Track:
    """One person: where, when and in which shot last seen, how fast, what like. Pixels and seconds."""

    id: int
    place: np.ndarray  # centre x, centre y, side
    seen_s: float
    appearance: np.ndarray | None  # float32, mean 0, length 1
    speed: np.ndarray  # of x and y
    shot: int = 0

    def expected(self, time_s: float) -> np.ndarray:
        """Where it should be at `time_s`: people keep going, but not for long."""
        going = self.speed * min(time_s - self.seen_s, 1.0)
        return self.place + np.array([*going, 0.0])


class Identities:
    """Gives each face of consecutive frames the id of its person: by place and motion, by looks after a while out of sight.

    A cut ends all of them: nobody of one shot is known in another.
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.shots = Shots()
        self.last_id, self.last_s = 0, 0.0

    def is_cut(self, gray: np.ndarray, time_s: float) -> bool:
        """Whether another shot begins with the frame uint8 (H, W) at `time_s`; to be asked before its `update`."""
        before = self.shots.number
        return self.shots.shot(gray, time_s) != before

    def update(self, found: list[Detection], time_s: float, faces: np.ndarray | None = None) -> list[Detection]:
        """The faces `found` in the frame at `time_s`, in their order, with `id`.

        `faces`, uint8 (N, h, w), are their crops: with them, people who cross are told apart by their looks too.
        """
        known_s = known_since(time_s, self.last_s)
        self.tracks = [track for track in self.tracks if track.seen_s >= known_s]
        self.last_s = time_s
        places = [place_of(face.box) for face in found]
        appearances = [None] * len(places) if faces is None else [appearance_of(face) for face in faces]
        matches = self.match(places, appearances, time_s)
        ids = [
            self.follow(matches[i], places[i], appearances[i], time_s)
            if i in matches
            else self.begin(places[i], appearances[i], time_s)
            for i in range(len(found))
        ]
        return [replace(face, id=id) for face, id in zip(found, ids, strict=True)]

    def match(self, places: list, appearances: list, time_s: float) -> dict[int, Track]:
        """Which face, by its index, is which track: the likeliest pair first."""
        pairs = []
        for track in (track for track in self.tracks if track.shot == self.shots.number):
            for i, (place, appearance) in enumerate(zip(places, appearances, strict=True)):
                cost = match_cost(track, place, appearance, time_s)
                if cost is not None:
                    pairs.append((cost, i, track))
        matches: dict[int, Track] = {}
        taken: set[int] = set()
        for _, i, track in sorted(pairs, key=lambda pair: pair[0]):
            if i not in matches and track.id not in taken:
                matches[i] = track
                taken.add(track.id)
        return matches

    def begin(self, place: np.ndarray, appearance: np.ndarray | None, time_s: float) -> int:
        """A new track at `place`; returns its id."""
        self.last_id += 1
        self.tracks.append(Track(self.last_id, place, time_s, appearance, np.zeros(2), self.shots.number))
        return self.last_id

    def follow(self, track: Track, place: np.ndarray, appearance: np.ndarray | None, time_s: float) -> int:
        """Move `track` to `place`, with the speed and the looks that follow from it; returns its id."""
        passed = max(time_s - track.seen_s, 1e-3)
        share = 1 - 0.5 ** (passed / MOTION_HALF_LIFE)
        track.speed = track.speed + share * ((place - track.place)[:2] / passed - track.speed)
        track.place, track.seen_s = place, time_s
        if track.appearance is None:
            track.appearance = appearance
        elif appearance is not None and float((appearance * track.appearance).sum()) > 1 - STRANGER / 2:
            # Only what is surely this face: half covered, it would come to look like the one in front.
            blend = track.appearance + 0.1 * (appearance - track.appearance)
            track.appearance = blend / max(float(np.linalg.norm(blend)), 1e-6)
        return track.id


def match_cost(track: Track, place: np.ndarray, appearance: np.ndarray | None, time_s: float) -> float | None:
    """How unlikely it is that `track` is now at `place` and looks like `appearance`; None if it cannot be."""
    unseen = time_s - track.seen_s
    expected = track.expected(time_s)
    side = (expected[2] + place[2]) / 2
    apart = float(np.hypot(*(expected - place)[:2])) / side
    grown = abs(float(np.log(place[2] / expected[2])))
    reach, stranger = REACH + REACH_GROWTH * unseen, 0.0
    if appearance is not None and track.appearance is not None:
        likeness = float((appearance * track.appearance).sum())
        stranger = 1 - likeness
        if unseen > 0.25 and stranger > STRANGER:
            return None
        reach *= 0.5 + 2 * max(likeness, 0.0)  # who looks the same may have gone further than thought
    if apart > reach or grown > 0.7:
        return None
    # The longer out of sight, the less the place says, and the more the looks.
    return apart / (1 + 4 * unseen) + grown + 2 * stranger + 0.5 * min(unseen, 1.0)


def known_since(time_s: float, last_s: float) -> float:
    """When a face must have been seen, in seconds, to be known at `time_s`; `last_s` is the time of the frame before.

    Between two frames nobody was out of sight, however slow the camera is or long it was away.
    """
    return min(time_s - MEMORY, last_s)


def appearance_of(face: np.ndarray) -> np.ndarray:
    """What a face, uint8 (h, w), looks like: a thumbnail as a vector, mean 0 and length 1, so that light does not matter."""
    size = APPEARANCE_SIDE, APPEARANCE_SIDE
    appearance = cv2.resize(face, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    appearance -= appearance.mean()
    return appearance / max(float(np.linalg.norm(appearance)), 1e-6)


def place_of(box: Box) -> np.ndarray:
    """Centre x, centre y and side of `box` in pixels, float (3,)."""
    return np.array([*box.centre, max(box.width, box.height)])
