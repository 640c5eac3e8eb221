"""The shapes in which FER2013 and FER+ are downloaded, told apart by their content.

a table          fer2013.csv or icml_face_data.csv, plain, gzipped, zipped, or in Kaggle's fer2013.tar.gz;
                 with fer2013new.csv (plain or packed) beside it for the votes, joined row by row
FER+ folders     FER2013Train/fer0000000.png ... with its label.csv, joined by name
class folders    Kaggle's train/happy/*.jpg, test/...: original labels only
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from emotion.dataset.csv_tables import Table, open_table
from emotion.dataset.image_folders import (
    CLASS_FOLDERS,
    FERPLUS_FOLDERS,
    ClassFolders,
    FerplusFolders,
    emotion_code,
    is_image,
)
from emotion.dataset.rows import Rows
from emotion.dataset.table_pair import TablePair


class Source(Protocol):
    path: Path

    def state(self) -> str:
        """Changes when the files do; costs no reading of them."""

    def read(self) -> Rows:
        """Everything, in the files' order. Raises InputError where something is damaged."""


def find_source(path: Path) -> Source | None:
    """The best source at `path`, a file or a folder searched two levels deep: a table before folders of images."""
    if not path.exists():
        return None
    if path.is_file():
        folders, tables = [], tables_in([path])
        beside = tables_in(path.parent.iterdir())  # the votes may lie beside it
    else:
        folders = [path, *sorted(inner for pattern in ("*", "*/*") for inner in path.glob(pattern) if inner.is_dir())]
        tables = beside = tables_in(file for folder in folders for file in folder.iterdir())
    votes = next((table for table in beside if "nf" in table.columns and "pixels" not in table.columns), None)
    faces = next((table for table in tables if "pixels" in table.columns), None)
    if faces:
        return TablePair(faces, votes)
    return next(filter(None, (find_images(folder, votes) for folder in folders)), None)


def tables_in(paths: Iterable[Path]) -> list[Table]:
    """The tables among `paths`, in the order of their names."""
    files = (path for path in sorted(paths) if path.is_file() and not is_image(path))
    return [table for file in files if (table := open_table(file))]


def find_images(folder: Path, votes: Table | None) -> Source | None:
    """What lies in `folder` as folders of images; None where nothing does."""
    children = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()}
    ferplus, classes = (
        {children[name]: usage for name, usage in known.items() if name in children}
        for known in (FERPLUS_FOLDERS, CLASS_FOLDERS)
    )
    if ferplus:
        return FerplusFolders(folder, ferplus, votes)
    if any(emotion_code(child.name) is not None for split in classes for child in split.iterdir()):
        return ClassFolders(folder, classes)
    return None
