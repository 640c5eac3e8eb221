"""One face and what it seems to feel."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.geometry import Box


@dataclass(frozen=True, eq=False)  # arrays have no one answer to ==: a face is equal to itself alone
class Recognition:
    """One face of one picture.

    `box` in pixels; `probabilities` float32 (C,), one for each of `labels`, summing to 1; `id` tells the faces of a
    video apart and is None in a photo; `detection` 0-1, how sure it is that this is a face; `tilt` in degrees, how far it
    leans clockwise: the box turned by it about its centre frames the face.
    """

    box: Box
    labels: tuple[str, ...]
    probabilities: np.ndarray
    id: int | None = None
    detection: float = 1.0
    tilt: float = 0.0

    @property
    def emotion(self) -> str:
        """The likeliest label."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of `emotion`."""
        return float(self.probabilities.max())

    @property
    def scores(self) -> dict[str, float]:
        """Every label's probability."""
        return dict(zip(self.labels, map(float, self.probabilities), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """The face as the scripts' JSON holds it: `box` is [x, y, width, height] in pixels, `tilt` in degrees clockwise."""
        return {
            "id": self.id,
            "box": list(self.box),
            "detection": round(self.detection, 4),
            "tilt": round(self.tilt, 1),
            "label": self.emotion,
            "confidence": round(self.confidence, 4),
            "emotions": {label: round(score, 4) for label, score in self.scores.items()},
        }
