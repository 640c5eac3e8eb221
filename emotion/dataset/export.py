"""The faces as PNGs in a folder for each emotion: to be looked at, sorted by hand, or read by other people's tools.

`dataset.load` reads such a folder as it reads the csv it came from, less the votes: a folder's name holds one emotion.
"""

import shutil
import sys
from pathlib import Path

import cv2
from tqdm import tqdm

from emotion.dataset.splits import Dataset
from emotion.errors import InputError
from emotion.files import clear_unfinished, unfinished_path, writing


def export_images(dataset: Dataset, folder: Path, quiet: bool = False) -> int:
    """Write every face as `folder`/Training/happiness/00001234.png and return their number.

    The emotion is the original label, the number the face's row (rows count from 0, in the order of the splits: that
    of Kaggle's file). Nothing of it appears before it is all there. InputError where `folder` holds something already,
    where it cannot be written, or where the data set has no original labels.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"--export-images {folder}: exists and is not an empty folder; name a new one")
    if not all(split.has_codes for split in dataset.splits.values()):
        raise InputError(
            f"--export-images: {dataset.source} holds no original labels, and its faces are images already"
        )
    unfinished = unfinished_path(folder)
    clear_unfinished(folder.parent)
    try:
        with writing(f"--export-images {folder}"):
            unfinished.mkdir(parents=True)
            count = write_splits(dataset, unfinished, quiet)
            folder.mkdir(exist_ok=True)
            for split in unfinished.iterdir():
                split.rename(folder / split.name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return count


def write_splits(dataset: Dataset, folder: Path, quiet: bool) -> int:
    """The work of `export_images`."""
    total = sum(map(len, dataset.splits.values()))
    row = 0
    with tqdm(total=total, unit="face", disable=quiet or not sys.stderr.isatty()) as bar:
        for name, split in dataset.splits.items():
            for emotion in split.labels:
                (folder / name / emotion).mkdir(parents=True)
            for face, code in zip(split.faces, split.codes, strict=True):
                path = folder / name / split.labels[code] / f"{row:08}.png"
                path.write_bytes(cv2.imencode(".png", face)[1])
                row += 1
                bar.update()
    return row
