"""What each face has felt over the last moments."""

from dataclasses import replace

import numpy as np

from emotion.faces.identity import known_since
from emotion.faces.recognition import Recognition

HALF_LIFE = 0.2  # seconds: a new emotion takes over after about this long; single frames' flicker is averaged out


class Smoother:
    """Averages the probabilities of each face over time, by its id.

    Times, not frames, decide how much the past counts, so that 15 and 60 frames a second show the same.
    `half_life` is in seconds; 0 leaves the probabilities as they are.
    """

    def __init__(self, half_life: float = HALF_LIFE):
        self.half_life = half_life
        self.felt: dict[int, tuple[float, np.ndarray]] = {}  # by id: when last seen, and what it felt then
        self.last_s = 0.0

    def smooth(self, recognitions: list[Recognition], time_s: float) -> list[Recognition]:
        """The recognitions of the frame at `time_s`, in their order, with smoothed probabilities."""
        if not self.half_life:
            return recognitions
        known_s = known_since(time_s, self.last_s)
        self.felt = {id: felt for id, felt in self.felt.items() if felt[0] >= known_s}
        self.last_s = time_s
        return [self.smooth_one(face, time_s) for face in recognitions]

    def smooth_one(self, face: Recognition, time_s: float) -> Recognition:
        """`face` with the mean of its probabilities, weighted by how long ago they were."""
        if face.id is None:
            return face
        probabilities = face.probabilities
        if face.id in self.felt:
            seen_s, before = self.felt[face.id]
            share = np.float32(1 - 0.5 ** (max(time_s - seen_s, 1e-3) / self.half_life))
            probabilities = before + share * (probabilities - before)
        self.felt[face.id] = time_s, probabilities
        return replace(face, probabilities=probabilities)
