"""What is drawn on a frame: a box, a label, and the probabilities as bars."""

from collections.abc import Callable
from functools import lru_cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from emotion.faces.recognition import Recognition
from emotion.geometry import Box, box_corners, shared_area
from emotion.labels import colour
from emotion.media.photo import check_picture

if TYPE_CHECKING:
    from PIL import ImageFont

INK, PAPER = (24, 24, 24), (255, 255, 255)
SMALLEST_LINE = 10  # pixels: what can still be read
LARGEST_KEPT = 150  # pixels: a line in 4K; 64 panels of names for a photo of 200 megapixels took 2 GB


class Sizes(NamedTuple):
    """What fits a face of this size in a frame of that size, in pixels."""

    text: int  # height of a line
    stroke: int

    @classmethod
    def of(cls, box: Box, frame: np.ndarray) -> "Sizes":
        diagonal = np.hypot(*frame.shape[:2])
        # Readable when the frame is seen as a whole, yet no larger than the face it speaks of.
        smallest = max(12, min(diagonal / 90, 0.6 * box.height))
        text = min(max(0.12 * box.height, smallest), max(12, diagonal / 30))
        return cls(int(text) // 2 * 2, max(2, round(text / 8)))  # even: fewer sizes to keep rendered


def annotate(image: np.ndarray, faces: list[Recognition]) -> np.ndarray:
    """A copy of `image`, BGR uint8 (H, W, 3), with what was recognized in it drawn on it.

    InputError where `image` is no such picture.
    """
    check_picture(image)
    annotated = image.copy()
    draw_faces(annotated, faces)
    return annotated


def draw_faces(frame: np.ndarray, recognitions: list[Recognition]) -> None:
    """Draw `recognitions` on `frame`, BGR uint8 (H, W, 3), in place."""
    taken = [face.box for face in recognitions]
    for face in recognitions:
        draw_box(frame, face.box, colour(face.emotion, face.labels), Sizes.of(face.box, frame).stroke, face.tilt)
    for face in recognitions:
        taken.append(draw_label(frame, face, taken))
    for face in recognitions:
        taken.append(draw_bars(frame, face, taken))


def draw_box(frame: np.ndarray, box: Box, bgr: tuple[int, int, int], stroke: int, tilt: float = 0.0) -> None:
    """The box, its line inside its edges, with a dark seam that parts it from a ground of its own colour.

    `tilt`: degrees by which it is turned clockwise, as the face in it is.
    """
    if tilt:
        turned = [np.rint(box_corners(box, tilt)).astype(np.int32)]
        cv2.polylines(frame, turned, True, INK, stroke + 2, cv2.LINE_AA)
        cv2.polylines(frame, turned, True, bgr, stroke, cv2.LINE_AA)
        return
    half = stroke // 2
    corners = (box.x + half, box.y + half), (box.x + box.width - 1 - half, box.y + box.height - 1 - half)
    cv2.rectangle(frame, *corners, INK, stroke + 2, cv2.LINE_AA)
    cv2.rectangle(frame, *corners, bgr, stroke, cv2.LINE_AA)


def draw_label(frame: np.ndarray, face: Recognition, taken: list[Box]) -> Box:
    """The emotion and its confidence on its colour, above or below the box, or on it. Returns its place.

    In a crowd there is little free space: then in two short lines, in smaller ones, and at last the number alone, on the
    colour that tells the emotion. The number is on every face.
    """
    size = Sizes.of(face.box, frame).text
    bgr = colour(face.emotion, face.labels)
    name = face.emotion if face.id is None else f"{face.id} {face.emotion}"
    number = f"{face.confidence:.0%}"
    small = max(SMALLEST_LINE, size * 3 // 4 // 2 * 2)
    forms = [(f"{name} {number}", size), (f"{name}\n{number}", size), (f"{name}\n{number}", small), (number, size)]
    labels = [label_image(text, line, bgr) for text, line in forms]
    if labels[0].shape[1] > 1.6 * face.box.width:
        labels = labels[1:]
    others = [box for box in taken if box != face.box]
    for label in labels:
        for place in beside(face.box, label)[:2]:
            if push_inside(place, frame) == place and not any(shared_area(place, box) for box in others):
                return paste(frame, label, place)
    fitting = [label for label in labels if label.shape[1] <= face.box.width and label.shape[0] <= face.box.height / 3]
    label = (fitting or labels[-1:])[0]
    return paste(frame, label, best_place(frame, beside(face.box, label), others))


def beside(box: Box, label: np.ndarray) -> list[Box]:
    """Where the `label` of `box` may be: above and below, and in it at its upper and its lower edge."""
    height, width = label.shape[:2]
    below = box.y + box.height
    return [Box(box.x, y, width, height) for y in (box.y - height, below, box.y, below - height)]


def draw_bars(frame: np.ndarray, face: Recognition, taken: list[Box]) -> Box:
    """All probabilities as bars beside the box, or where there is no room as one strip in it. Returns where."""
    largest = min(Sizes.of(face.box, frame).text, face.box.height // (len(face.labels) + 1)) // 2 * 2
    smallest = max(SMALLEST_LINE, int(np.hypot(*frame.shape[:2]) / 180))  # 24 in 4K, seen as a whole
    for line in range(largest, smallest - 1, -2):
        length, gap = 4 * line, line // 3
        height, width = len(face.labels) * line + 2 * gap, names_width(face.labels, line) + length + 3 * gap
        right = Box(face.box.x + face.box.width + gap, face.box.y, width, height)
        place = best_place(frame, [right, right._replace(x=face.box.x - width - gap)], taken)
        if not any(shared_area(place, box) for box in taken):
            panel = frame[place.y : place.y + height, place.x : place.x + width]
            fill_panel(panel, names_image(face.labels, line), face.scores, line)
            return place
    return draw_strip(frame, face)


def draw_strip(frame: np.ndarray, face: Recognition) -> Box:
    """All probabilities as shares of the lower edge of the box, each as long as it is likely. Returns its place."""
    x, y, width, height = face.box
    thick = min(height, max(4, height // 14))
    left = 0.0
    for label, probability in face.scores.items():
        columns = slice(x + round(left * width), x + round((left + probability) * width))
        frame[y + height - thick : y + height, columns] = colour(label, face.labels)
        left += probability
    return Box(x, y + height - thick, width, thick)


def fill_panel(panel: np.ndarray, names: np.ndarray, scores: dict[str, float], line: int) -> None:
    """The `names` of the labels, of `line` pixels each, and their bars, on a darkened `panel` of the frame."""
    length, gap = 4 * line, line // 3
    panel[:] = cv2.convertScaleAbs(panel, alpha=0.3)  # the ground can still be made out
    words = panel[gap : gap + names.shape[0], gap : gap + names.shape[1]]
    np.maximum(words, names, out=words)
    left = names.shape[1] + 2 * gap
    for row, (label, probability) in enumerate(scores.items()):
        top, bottom = gap + row * line + line // 5, gap + (row + 1) * line - line // 5
        right = left + round(length * probability)
        cv2.rectangle(panel, (left, top), (max(right, left + 1), bottom), colour(label, list(scores)), cv2.FILLED)


def best_place(frame: np.ndarray, places: list[Box], taken: list[Box]) -> Box:
    """Of `places`, pushed into the frame, the first of those that cover least of what is `taken`."""
    inside = [push_inside(place, frame) for place in places]
    pushed = [abs(a.x - b.x) + abs(a.y - b.y) for a, b in zip(places, inside, strict=True)]
    cost = [sum(shared_area(box, other) for other in taken) + push * box.height
            for box, push in zip(inside, pushed, strict=True)]  # fmt: skip
    return inside[int(np.argmin(cost))]


def push_inside(place: Box, frame: np.ndarray) -> Box:
    """`place` moved into the frame, as far as it is not larger than that."""
    height, width = frame.shape[:2]
    x, y = max(0, min(place.x, width - place.width)), max(0, min(place.y, height - place.height))
    return Box(x, y, place.width, place.height)


def paste(frame: np.ndarray, image: np.ndarray, place: Box) -> Box:
    """Put `image` at `place`; in a frame smaller than it, as much as there is room for."""
    room = frame[place.y : place.y + place.height, place.x : place.x + place.width]
    room[:] = image[: room.shape[0], : room.shape[1]]
    return place


def kept_if_small(most: int) -> Callable[[Callable[..., np.ndarray]], Callable[..., np.ndarray]]:
    """The last `most` images are kept for the next frame, but for those whose `line` is too large for a video's."""

    def decorate(draw: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        keep = lru_cache(most)(draw)

        @wraps(draw)
        def drawn(words: object, line: int, *rest: object) -> np.ndarray:
            return (keep if line <= LARGEST_KEPT else draw)(words, line, *rest)

        return drawn

    return decorate


@kept_if_small(1024)
def label_image(text: str, line: int, bgr: tuple[int, int, int]) -> np.ndarray:
    """`text` on a ground of `bgr`, each line `line` pixels high, in black or white, whichever reads better; BGR uint8."""
    mask = stacked([text_mask(row, line) for row in text.split("\n")])
    mask = np.pad(mask, ((0, 0), (line // 3, line // 3)))
    luminance = np.dot(bgr, (0.114, 0.587, 0.299))
    cover = np.arange(256, dtype=np.float32)[:, None] / np.float32(255)
    shades = np.rint(cover * (INK if luminance > 120 else PAPER) + (1 - cover) * bgr).astype(np.uint8)
    return shades[mask]


@kept_if_small(64)
def names_image(labels: tuple[str, ...], line: int) -> np.ndarray:
    """The labels under one another in white on black, `line` pixels each; BGR uint8."""
    return cv2.cvtColor(stacked([text_mask(label, line) for label in labels]), cv2.COLOR_GRAY2BGR)


@lru_cache(1024)
def names_width(labels: tuple[str, ...], line: int) -> int:
    """How wide `names_image` is, which need not be drawn to know that."""
    return max(text_width(label, line) for label in labels)


def stacked(masks: list[np.ndarray]) -> np.ndarray:
    """Lines of text under one another, as wide as the widest; uint8 (H, W)."""
    width = max(mask.shape[1] for mask in masks)
    return np.vstack([np.pad(mask, ((0, 0), (0, width - mask.shape[1]))) for mask in masks])


def text_mask(text: str, line: int) -> np.ndarray:
    """`text` as coverage 0-255, uint8 (line, its width).

    Drawn by Pillow, in a font that has more than ASCII: cv2.putText writes ??? for "joie, tristesse, dégoût".
    """
    from PIL import Image, ImageDraw

    image = Image.new("L", (text_width(text, line), line))
    ImageDraw.Draw(image).text((0, line * 0.52), text, fill=255, font=font_of(line), anchor="lm")
    return np.asarray(image)


def text_width(text: str, line: int) -> int:
    """Of `text` in a line of `line` pixels, in pixels."""
    return max(1, int(np.ceil(font_of(line).getlength(text))))


def font_of(line: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return load_font(round(line * 0.72))


@lru_cache(32)
def load_font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """DejaVu Sans, which matplotlib carries; without it the smaller font that Pillow has built in."""
    from PIL import ImageFont

    matplotlib = find_spec("matplotlib")  # found, not imported: that takes a second
    if matplotlib and matplotlib.origin:
        file = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            return ImageFont.truetype(file, size)
    return ImageFont.load_default(size)
