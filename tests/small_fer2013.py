"""FER2013 and FER+ in small: the same files, a few rows, faces that anybody can tell apart."""

import csv
import gzip
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np

from emotion.labels import FER2013_EMOTIONS, FERPLUS_COLUMNS

FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}

COUNTS = {"Training": 14, "PublicTest": 7, "PrivateTest": 7}  # rows by split, where a few are enough


def faces_and_codes(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, 48, 48) and uint8 (N,): each emotion is a bar at a height of its own, on noise."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(count) % 7).astype(np.uint8)
    faces = rng.integers(0, 120, (count, 48, 48)).astype(np.uint8)
    for face, code in zip(faces, codes, strict=True):
        face[6 * code + 3 : 6 * code + 8] = 255
    return faces, codes


def votes_for(codes: np.ndarray) -> np.ndarray:
    """uint8 (N, 10): eight votes for the emotion, two for the next column."""
    votes = np.zeros((len(codes), 10), np.uint8)
    for row, code in zip(votes, codes, strict=True):
        column = FERPLUS_COLUMNS.index(FER2013_EMOTIONS[code])
        row[column], row[(column + 1) % 7] = 8, 2
    return votes


def usages(counts: dict[str, int]) -> list[str]:
    return [name for name, count in counts.items() for _ in range(count)]


def write_csv(path: Path, faces, codes, usage, columns=("emotion", "pixels", "Usage")) -> Path:
    """fer2013.csv; `columns` in the order and spelling that the file has them in."""
    values = {"emotion": codes, "pixels": [" ".join(map(str, face.ravel())) for face in faces], "usage": usage}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(values[column.strip().lower()] for column in columns), strict=True))
    return path


def write_votes(path: Path, votes, usage) -> Path:
    """fer2013new.csv; every third row without a name, as FER+ has it where it saw no face."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *FERPLUS_COLUMNS])
        for i, (row, split) in enumerate(zip(votes, usage, strict=True)):
            writer.writerow([split, "" if i % 3 == 2 else f"fer{i:07}.png", *row])
    return path


def write_small_fer2013(folder: Path, counts: dict[str, int] | None = None) -> Path:
    """Both csv files in `folder`, which is made; rows by split in `counts`."""
    counts = counts or {"Training": 70, "PublicTest": 28, "PrivateTest": 21}
    folder.mkdir(parents=True, exist_ok=True)
    faces, codes = faces_and_codes(sum(counts.values()))
    write_csv(folder / "fer2013.csv", faces, codes, usages(counts))
    write_votes(folder / "fer2013new.csv", votes_for(codes), usages(counts))
    return folder


def pack(path: Path, how: str) -> None:
    """Replace the file `path` by itself packed: gz, zip or tar.gz."""
    if how == "gz":
        with gzip.open(f"{path}.gz", "wb") as file:
            file.write(path.read_bytes())
    elif how == "zip":
        with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    else:
        with tarfile.open(path.with_name(f"{path.stem}.tar.gz"), "w:gz") as archive:
            archive.add(path, f"{path.stem}/{path.name}")
    path.unlink()


def write_ferplus_folders(folder: Path, counts: dict[str, int]) -> Path:
    """FER2013Train/fer0000000.png ... and its label.csv, which has no header."""
    faces, codes = faces_and_codes(sum(counts.values()))
    rows = zip(faces, votes_for(codes), usages(counts), strict=True)
    for i, (face, votes, usage) in enumerate(rows):
        child = folder / FOLDERS[usage]
        child.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(child / f"fer{i:07}.png"), face)
        with (child / "label.csv").open("a", newline="") as file:
            csv.writer(file).writerow([f"fer{i:07}.png", "(0, 0, 48, 48)", *votes])
    return folder


def write_class_folders(folder: Path, names: tuple[str, ...], splits: dict[str, int]) -> Path:
    """train/happy/0.jpg ...: `names` are the folders of FER2013's codes, `splits` rows by folder."""
    for split, count in splits.items():
        for i, (face, code) in enumerate(zip(*faces_and_codes(count), strict=True)):
            child = folder / split / names[code]
            child.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(child / f"{i}.png"), face)
    return folder
