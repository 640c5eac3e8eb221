"""Boxes and squares in a picture: each rule once. Pixels; x grows to the right, y downwards."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

FACE_SIDE = 48  # pixels: the side of a FER2013 face, which is what the networks take
LONGEST_CROP = 40 * FACE_SIDE  # the side of a face's square before it is shrunk to that: what is finer is averaged away


class Box(NamedTuple):
    """A rectangle: its top left corner and its size, in whole pixels of the picture it lies in."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


def square_box(x: float, y: float, side: float, shape: tuple[int, ...]) -> Box:
    """The square of `side` about (x, y), as far as it lies in a picture of `shape` (height, width); never empty."""
    height, width = shape[:2]
    length = max(1, round(side))
    left, top = round(x - length / 2), round(y - length / 2)
    right, bottom = min(max(left + length, 1), width), min(max(top + length, 1), height)
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return Box(left, top, right - left, bottom - top)


def whole_square(box: Box, shape: tuple[int, ...]) -> tuple[float, float, float]:
    """(centre x, centre y, side) of the square of which a picture of `shape` (height, width) holds `box`.

    A face's box is less wide than high, or the other way round, where the picture's edge has cut it.
    """
    side = max(box.width, box.height)
    height, width = shape[:2]
    return _whole_centre(box.x, box.width, side, width), _whole_centre(box.y, box.height, side, height), side


def _whole_centre(start: int, length: int, side: int, end: int) -> float:
    """The middle of `side` pixels, of which a picture from 0 to `end` holds `length` from `start` on."""
    at_start, at_end = start == 0, start + length == end
    if at_start and not at_end:
        return length - side / 2
    if at_end and not at_start:
        return start + side / 2
    return start + length / 2


def crop_square(image: np.ndarray, x: float, y: float, side: float, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """The square of `side` about (x, y), cut from `image`, (H, W) or (H, W, 3); beyond its edges they are repeated.

    `border` is how OpenCV fills what lies beyond. The centre is moved inside if need be.
    """
    inside, beyond = _inside(image, x, y, max(1, round(side)))
    return cv2.copyMakeBorder(inside, *beyond, border) if any(beyond) else inside


def crop_resized(image: np.ndarray, x: float, y: float, side: float, length: int, border: int) -> np.ndarray:
    """The same square, resized to `length`.

    A large one is shrunk before it is filled up: about a face that fills a photo it is 18 times as large as the photo.
    """
    side = max(1, round(side))
    inside, beyond = _inside(image, x, y, side)
    if side > length and any(beyond):
        top, bottom, left, right = (round(pixels * length / side) for pixels in beyond)
        room = max(1, length - left - right), max(1, length - top - bottom)
        inside = cv2.resize(inside, room, interpolation=cv2.INTER_AREA)
        return cv2.copyMakeBorder(inside, top, bottom, left, right, border)[:length, :length]
    return resized(crop_square(image, x, y, side, border), length)


def resized(square: np.ndarray, length: int) -> np.ndarray:
    """A `square` picture in another size. Area averaging shrinks without moiré, but enlarges into blocks."""
    method = cv2.INTER_AREA if len(square) > length else cv2.INTER_CUBIC
    return cv2.resize(square, (length, length), interpolation=method)


def _inside(image: np.ndarray, x: float, y: float, side: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """What `image` holds of the square of `side` about (x, y); the pixels beyond its top, bottom, left and right."""
    height, width = image.shape[:2]
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = round(x - side / 2), round(y - side / 2)
    right, bottom = left + side, top + side
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    return inside, (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))


def crop_turned(
    image: np.ndarray, x: float, y: float, side: float, degrees: float, longest: int = LONGEST_CROP
) -> np.ndarray:
    """The square of `side` about (x, y) that leans `degrees` clockwise, turned upright; beyond edges they are repeated.

    One longer than `longest` is shrunk to it first: about a face that fills a photo of 200 megapixels the square and its
    corners took twice as much again, and OpenCV turns nothing that is longer than 32767 pixels.
    """
    side = max(1, round(side))
    length = min(side, longest)
    if not degrees:
        return crop_resized(image, x, y, side, length, cv2.BORDER_REPLICATE)
    margin = round(0.21 * length) + 1  # room for the corners
    whole = length + 2 * margin
    around = crop_resized(image, x, y, whole * side / length, whole, cv2.BORDER_REPLICATE)
    middle = (whole - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1)
    turned = cv2.warpAffine(around, matrix, (whole, whole), borderMode=cv2.BORDER_REPLICATE)
    return turned[margin : margin + length, margin : margin + length]


def box_corners(box: Box, degrees: float) -> np.ndarray:
    """The corners of `box`, turned by `degrees` clockwise about its centre; float (4, 2), x and y, top left first."""
    half = np.array([box.width, box.height]) / 2
    return turn(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half, degrees) + box.centre


def turn(points: ArrayLike, degrees: float) -> np.ndarray:
    """Points (x, y), float (..., 2), turned by `degrees` clockwise about (0, 0)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned: np.ndarray = np.asarray(points) @ np.array([[cos, sin], [-sin, cos]])
    return turned


def shared_area(a: Box, b: Box) -> int:
    """The area that two boxes share, in pixels."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(0, width) * max(0, height)
