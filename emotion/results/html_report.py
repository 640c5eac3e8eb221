"""A page that stands by itself: who felt what and when, with pictures, tables and filters; it asks the network for nothing."""

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emotion.faces.recognition import Recognition
from emotion.files import write_text
from emotion.geometry import Box, crop_square
from emotion.labels import css_colour
from emotion.results.overlay import annotate
from emotion.results.timeline import LANES, Timeline, clock

TEMPLATE = Path(__file__).with_name("report.html")
FACE_PICTURE, PHOTO_PICTURE = 120, 480  # pixels: the sides of a face's picture and of a photo's
MOMENTS = 3  # pictures of each emotion
APART_S = 2.0  # seconds between two of them


class HtmlReport:
    """What a page shows: photos, films or both, in the order in which they came."""

    def __init__(self, labels: tuple[str, ...]):
        self.labels = labels
        self.photos: list[dict] = []
        self.films: list[dict] = []

    def add_photo(self, name: str, image: np.ndarray, faces: list[Recognition]) -> None:
        """Take up a photo, BGR uint8 (H, W, 3), as it is, and its faces; of it a small annotated copy is kept."""
        height, width = image.shape[:2]
        scale = min(1.0, PHOTO_PICTURE / max(height, width))
        small = cv2.resize(
            image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
        )
        boxes = [Box(*(round(side * scale) for side in face.box)) for face in faces]
        drawn = [replace(face, box=box) for box, face in zip(boxes, faces, strict=True)]
        self.photos.append(
            {"name": name, "picture": as_url(annotate(small, drawn)), "faces": [row(face) for face in faces]}
        )

    def add_failure(self, name: str, problem: str) -> None:
        self.photos.append({"name": name, "problem": problem, "faces": []})

    def add_film(self, name: str, timeline: Timeline, pictures: "Pictures", start_s: float = 0.0) -> None:
        """Take up a film that was seen from `start_s` on."""
        people = [
            {
                "id": id_,
                "picture": pictures.people.get(id_, (0, ""))[1],
                "seen": clock(timeline.seen[id_] / timeline.fps(1.0)),
                "shares": dict(zip(self.labels, map(float, timeline.shares(id_)), strict=True)),
                "lane": np.rint(100 * timeline.probabilities(id_)).astype(int).tolist(),
            }
            for id_ in timeline.longest()[:LANES]
        ]
        self.films.append({
            "name": name, "summary": timeline.film_length(), "people": people, "bin_s": timeline.bin_s, "start_s": start_s,
            "end_s": timeline.end_s,
            "moments": [
                {"label": label, "score": score, "when": clock(start_s + time_s), "id": id_, "picture": picture}
                for label in self.labels for score, time_s, id_, picture in pictures.moments[label]
            ],
        })  # fmt: skip

    def write(self, path: Path) -> None:
        """Write the page whole or not at all. InputError where it cannot be written."""
        from jinja2 import Environment

        # Names of files and labels are other people's: the template escapes all that it is given.
        template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
            TEMPLATE.read_text("utf-8")
        )
        colours = {label: css_colour(label, self.labels) for label in self.labels}
        page = template.render(
            labels=self.labels, colours=colours, photos=self.photos, films=self.films,
            lanes=[{key: film[key] for key in ("bin_s", "start_s", "end_s")} | {"lanes": [p["lane"] for p in film["people"]]}
                   for film in self.films],
        )  # fmt: skip
        write_text(path, page.encode("utf-8", "backslashreplace").decode())


class Pictures:
    """The best picture of each person of a film, and of the moments of strongest emotion; bounded, as JPEG."""

    def __init__(self, labels: tuple[str, ...]):
        self.people: dict[int | None, tuple[int, str]] = {}
        self.moments: dict[str, list[tuple[float, float, int | None, str]]] = {label: [] for label in labels}

    def add(self, image: np.ndarray, time_s: float, faces: list[Recognition]) -> None:
        """Take up a frame, BGR uint8 (H, W, 3), on which nothing is drawn yet."""
        for face in faces:
            size = face.box.width * face.box.height
            if size > 1.3 * self.people.get(face.id, (0, ""))[0]:
                self.people[face.id] = size, as_url(square_of(image, face, 1.4))
            found = self.moments[face.emotion]
            near = [entry for entry in found if abs(entry[1] - time_s) < APART_S]
            rivals = near or (found if len(found) >= MOMENTS else [])
            if not rivals or face.confidence > min(rivals)[0] + 0.01:
                for entry in near or rivals[-1:]:
                    found.remove(entry)
                found.append((face.confidence, time_s, face.id, as_url(square_of(image, face, 2.2))))
                found.sort(reverse=True)


def square_of(image: np.ndarray, face: Recognition, wider: float) -> np.ndarray:
    """The face with what is about it, `wider` than its box, as FACE_PICTURE x FACE_PICTURE."""
    cut = crop_square(image, *face.box.centre, wider * max(face.box.width, face.box.height))
    return cv2.resize(cut, (FACE_PICTURE, FACE_PICTURE), interpolation=cv2.INTER_AREA)


def as_url(image: np.ndarray) -> str:
    """BGR uint8 (H, W, 3) as a JPEG in a data: URL."""
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def row(face: Recognition) -> dict:
    return {"label": face.emotion, "confidence": face.confidence, "scores": face.scores}
