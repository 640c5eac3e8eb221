"""A face of a video that was seen lately, and where it is now by its looks alone."""

from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 0.3  # of the side: how far a face may move from one frame to the next
TEMPLATE_SIDE = 32  # pixels: the side of the template by which a face is known
CASCADE_SCORE = 0.5  # of a face that only the cascade has seen: its quick looks count no windows

Place = tuple[float, float, float]  # centre x, centre y, side; pixels of the frame


@dataclass(eq=False)
class KnownFace:
    """A face seen lately: its place and motion a frame, the place that is shown, and what it looked like."""

    x: float
    y: float
    side: float
    shown: Place = (0.0, 0.0, 0.0)
    template: np.ndarray | None = None  # uint8 (TEMPLATE_SIDE, TEMPLATE_SIDE)
    dx: float = 0.0
    dy: float = 0.0
    missed: int = 0  # looks in which the cascade did not see it, since it last did
    hidden: bool = False  # not to be seen, but looked for
    score: float = CASCADE_SCORE  # the network's, when it last saw it
    tilt: float = 0.0
    tilted: int = -1  # the frame in which the tilt was measured
    denied: int = 0  # searches in which the network did not see it, since it last did

    @property
    def place(self) -> Place:
        return self.x, self.y, self.side

    def see(self, gray: np.ndarray, place: Place) -> None:
        """Take up what the cascade saw."""
        self.move(*place)
        self.missed, self.hidden, self.template = 0, False, patch(gray, *place)

    def move(self, x: float, y: float, side: float) -> None:
        """Take up a new place; half of the change becomes the motion expected next."""
        self.dx += 0.5 * (x - self.x - self.dx)
        self.dy += 0.5 * (y - self.y - self.dy)
        self.x, self.y, self.side = x, y, side
        # The cascade's boxes tremble by a few percent of their side: damped. A move of a tenth is real: followed.
        change = np.subtract(self.place, self.shown)
        share = np.clip(np.abs(change).max() / (0.1 * side), 0.3, 1.0)
        self.shown = tuple(self.shown + share * change)

    def follow(self, gray: np.ndarray, likeness: float) -> bool:
        """Look for it by its last template alone and move it there; False if nothing near is so like it."""
        if self.template is None:
            return False
        reach = 1 + 2 * MARGIN
        around = patch(gray, self.x + self.dx, self.y + self.dy, self.side * reach, round(TEMPLATE_SIDE * reach))
        fit = cv2.matchTemplate(cv2.blur(around, (3, 3)), cv2.blur(self.template, (3, 3)), cv2.TM_CCOEFF_NORMED)
        _, best, _, (column, row) = cv2.minMaxLoc(fit)
        if best < likeness:
            return False
        step, middle = self.side / TEMPLATE_SIDE, (fit.shape[0] - 1) / 2
        self.move(self.x + self.dx + (column - middle) * step, self.y + self.dy + (row - middle) * step, self.side)
        return True


def distance(a: Place, b: Place) -> float:
    """How far apart two places (centre x, centre y, side) are, in pixels; a change of size counts as a move."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2])


def same_place(a: Place, b: Place) -> bool:
    """Whether two places (centre x, centre y, side) are one face's."""
    apart = max(abs(a[0] - b[0]), abs(a[1] - b[1]))
    return apart < 0.4 * max(a[2], b[2])


def patch(gray: np.ndarray, x: float, y: float, side: float, pixels: int = TEMPLATE_SIDE) -> np.ndarray:
    """The square about (x, y), uint8 (pixels, pixels), the frame's edges repeated beyond them."""
    left, top = round(x - side / 2), round(y - side / 2)
    size = max(1, round(side))
    rows = np.clip(np.arange(pixels) * size // pixels + top, 0, gray.shape[0] - 1)
    columns = np.clip(np.arange(pixels) * size // pixels + left, 0, gray.shape[1] - 1)
    return gray[np.ix_(rows, columns)]
