"""Where one shot of a film ends and another begins."""

import cv2
import numpy as np

SIZE = 64, 36  # pixels, width and height: what moves within a shot changes little of so coarse a picture
SHIFT = 8, 5  # pixels that the camera may turn from one frame to the next
# Correlation with the frame before; less is another shot. Frames of one shot have 0.95, of 1560 pairs of photos none more
# than 0.73, two men in the same studio 0.75, and a frame that a flash has burnt out 0.83 with the one before.
SAME_SHOT = 0.8
NEIGHBOURS_S = 0.25  # within one shot of the sample the correlation is 0.87 after so long, but 0.72 after half a second
FLAT = 6.0  # grey levels, the standard deviation: less is no picture, but a fade's black or a flash's white
RETURN_S = 2.0  # an interview cuts to and fro: a shot that is back after so long is the one it was


class Shots:
    """Numbers the shots of consecutive frames.

    The measure is the correlation of coarse grey pictures, which neither light nor contrast change, at the best of small
    shifts. A flat frame says nothing: the next picture is compared with the last. What is back within two seconds, after
    the other man's answer or a flash that changed more than the light, is the shot it was. A cross-fade is no cut.
    Of frames further apart than NEIGHBOURS_S, as `--every` or a slow camera gives them, nothing is said: there people
    are known by their looks.
    """

    def __init__(self) -> None:
        self.number = self.last = 0
        self.before_s = 0.0  # when the frame before was, flat or not: a fade may last
        self.picture: np.ndarray | None = None  # uint8 (36, 64)
        self.ended: list[tuple[int, np.ndarray, float]] = []  # shots lately over: number, last picture, and when

    def shot(self, gray: np.ndarray, time_s: float) -> int:
        """The number of the shot that the frame uint8 (H, W) at `time_s` belongs to."""
        passed_s, self.before_s = time_s - self.before_s, time_s
        step = max(1, min(gray.shape[1] // (4 * SIZE[0]), gray.shape[0] // (4 * SIZE[1])))
        picture = cv2.resize(gray[::step, ::step], SIZE, interpolation=cv2.INTER_AREA)  # of all pixels: 2 ms in 1080p
        if picture.std() < FLAT:
            return self.number
        if self.picture is not None and passed_s <= NEIGHBOURS_S and likeness(self.picture, picture) < SAME_SHOT:
            self.cut(self.picture, picture, time_s)
        self.picture = picture
        return self.number

    def cut(self, end: np.ndarray, picture: np.ndarray, time_s: float) -> None:
        """The shot that ended with `end` is over, and `picture` belongs to another."""
        recent = [shot for shot in self.ended if time_s - shot[2] < RETURN_S]
        back = [shot for shot in recent if likeness(shot[1], picture) >= SAME_SHOT]
        self.ended = [*(shot for shot in recent if not back or shot[0] != back[0][0]), (self.number, end, time_s)]
        if back:
            self.number = back[0][0]
        else:
            self.last = self.number = self.last + 1


def likeness(before: np.ndarray, after: np.ndarray) -> float:
    """The correlation of two coarse pictures, -1 to 1, at the best of small shifts."""
    right, down = SHIFT
    return float(np.nan_to_num(cv2.matchTemplate(after, before[down:-down, right:-right], cv2.TM_CCOEFF_NORMED)).max())
