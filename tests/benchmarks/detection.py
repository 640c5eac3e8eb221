#!/usr/bin/env python3
"""How many faces the detectors find, what else they take for one, and what a photo costs.

python tests/benchmarks/detection.py DIR
python tests/benchmarks/detection.py DIR --detectors haar+yunet haar --turn 0 15 30 45 60 --portraits
python tests/benchmarks/detection.py DIR --details --worst

DIR holds annotations.csv, one row per face, and the photos that it names; a photo of DIR without a row has no face:
photo,x,y,width,height,ignore,tilt,yaw,light,occluded. `ignore` 1: too small or vague to say, neither a miss nor a false
box. `tilt` in degrees, `yaw` the nose's offset in eye distances, `light` the median grey of the box.

A hit: the detection's centre inside the face's box, both sizes within a factor of 0.5 to 2.1; each further box on a face
is false. `--turn` turns every photo by so many degrees, to both sides in turns, with room made in its corners;
`--portraits` takes the photos with one face alone. CPU is process time on one thread, the reading of the photo left out.
"""

import argparse
import csv
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
sys.path.insert(0, str(REPOSITORY))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from tabulate import tabulate  # noqa: E402

from emotion.faces.detection import Detection, Detector  # noqa: E402
from emotion.faces.detector import DETECTORS, load_detector  # noqa: E402
from emotion.media.photo import read_photo  # noqa: E402

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
GROUPS = {  # column: names and limits
    "size": (("20-40", 20, 40), ("40-80", 40, 80), ("80-160", 80, 160), ("160-320", 160, 320), ("320-", 320, np.inf)),
    "tilt": (("0-15", 0, 15), ("15-30", 15, 30), ("30-", 30, 181)),
    "yaw": (("0-0.3", 0, 0.3), ("0.3-0.6", 0.3, 0.6), ("0.6-", 0.6, np.inf)),
    "light": (("dark: 0-60", 0, 60), ("60-180", 60, 180), ("bright: 180-", 180, 256)),
    "occluded": (("no", 0, 1), ("yes", 1, 2)),
}


@dataclass
class Score:
    faces: list[tuple[dict, bool]] = field(default_factory=list)  # annotated, and whether it was found
    false: list[tuple[str, Detection]] = field(default_factory=list)
    empty: int = 0  # photos without a face
    clean: int = 0  # of those, without a box
    cpu_s: list[float] = field(default_factory=list)
    megapixels: float = 0.0

    def row(self) -> list[str]:
        found, faces = sum(hit for _, hit in self.faces), len(self.faces)
        with_faces = f"{found}/{faces} {found / faces:.1%}" if faces else ""
        without = f"{self.clean}/{self.empty} {self.clean / self.empty:.1%}" if self.empty else ""
        cpu = 1000 * np.array(self.cpu_s)
        return [with_faces, len(self.false), without, f"{cpu.mean():.0f}", f"{cpu.sum() / self.megapixels:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--detectors", nargs="+", default=["haar+yunet"], metavar="NAME", help=", ".join(DETECTORS))
    parser.add_argument("--turn", nargs="+", type=float, default=[0.0], metavar="DEGREES")
    parser.add_argument("--portraits", action="store_true", help="only photos with one face")
    parser.add_argument("--details", action="store_true", help="by size, tilt, pose, light and what hides the face")
    parser.add_argument("--worst", action="store_true", help="name every face missed and every false box")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    photos = read_annotations(args.folder)
    if args.portraits:
        photos = {name: faces for name, faces in photos.items() if len(faces) == 1 and not faces[0]["ignore"]}
    scores = {
        (name, degrees): measure(load_detector(name), args.folder, photos, degrees)
        for name in args.detectors
        for degrees in args.turn
    }
    heads = ["detector", "turned", "found", "false", "clean", "CPU ms a photo", "a megapixel"]
    print(tabulate([[*key, *score.row()] for key, score in scores.items()], heads))
    for (name, degrees), score in scores.items():
        if args.details:
            print(f"\n{name}, turned by {degrees:g}\n{tabulate(details(score.faces), ['', '', 'found'])}")
        if args.worst:
            for face in (face for face, hit in score.faces if not hit):
                print("missed", face["photo"], *(round(face[key]) for key in ("x", "y", "width", "height")))
            for photo, false in score.false:
                print("false ", photo, *false.box, f"{false.score:.2f}")


def read_annotations(folder: Path) -> dict[str, list[dict]]:
    """The faces of each photo below `folder`, by its path from there."""
    photos = defaultdict(list)
    with (folder / "annotations.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            photo = row["photo"]
            photos[photo].append({"photo": photo} | {key: float(value or "nan") for key, value in row.items()
                                                     if key != "photo"})  # fmt: skip
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS:
            photos.setdefault(path.relative_to(folder).as_posix(), [])
    return dict(sorted(photos.items()))


def measure(detector: Detector, folder: Path, photos: dict[str, list[dict]], degrees: float) -> Score:
    score = Score()
    for number, (name, faces) in enumerate(photos.items()):
        image = read_photo(folder / name)
        if degrees:
            image, faces = turned(image, faces, degrees if number % 2 else -degrees)
        started = time.process_time()
        found = detector.detect(image)
        score.cpu_s.append(time.process_time() - started)
        score.megapixels += image.shape[0] * image.shape[1] / 1e6
        hits, false = compare(found, faces)
        score.faces += [(face, i in hits) for i, face in enumerate(faces) if not face["ignore"]]
        score.false += [(name, detection) for detection in false]
        if not faces:
            score.empty += 1
            score.clean += not found
    return score


def compare(found: list[Detection], faces: list[dict]) -> tuple[set[int], list[Detection]]:
    """Which of `faces` are found, and the detections that are no face's, the surest having the first choice."""
    hits: set[int] = set()
    false = []
    for detection in sorted(found, key=lambda detection: -detection.score):
        x, y = detection.box.centre
        side = max(detection.box.width, detection.box.height)
        inside = [i for i, face in enumerate(faces)
                  if 0 <= x - face["x"] <= face["width"] and 0 <= y - face["y"] <= face["height"]]  # fmt: skip
        fits = [i for i in inside if all(0.5 <= side / faces[i][key] <= 2.1 for key in ("width", "height"))]
        new = [i for i in fits if i not in hits and not faces[i]["ignore"]]
        if new:
            hits.add(new[0])
        elif not any(faces[i]["ignore"] for i in inside):
            false.append(detection)
    return hits, false


def turned(image: np.ndarray, faces: list[dict], degrees: float) -> tuple[np.ndarray, list[dict]]:
    """`image` turned clockwise by `degrees`, and its `faces` in it: squares about their centres, turned with it."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    cos, sin = np.abs(matrix[0, :2])
    room = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += (np.array(room) - (width, height)) / 2
    moved = []
    for face in faces:
        side = (face["width"] + face["height"]) / 2
        x, y = matrix @ (face["x"] + face["width"] / 2, face["y"] + face["height"] / 2, 1)
        moved.append(face | {"x": x - side / 2, "y": y - side / 2, "width": side, "height": side,
                             "tilt": face["tilt"] + degrees})  # fmt: skip
    return cv2.warpAffine(image, matrix, room), moved


def details(faces: list[tuple[dict, bool]]) -> list[list[str]]:
    rows = []
    for column, groups in GROUPS.items():
        for name, least, most in groups:
            here = [hit for face, hit in faces if least <= value(face, column) < most]
            if here:
                rows.append([column, name, f"{sum(here)}/{len(here)} {sum(here) / len(here):.1%}"])
    return rows


def value(face: dict, column: str) -> float:
    return (face["width"] + face["height"]) / 2 if column == "size" else abs(face[column])


if __name__ == "__main__":
    main()
