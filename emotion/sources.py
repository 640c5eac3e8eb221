"""The shapes in which FER2013 and FER+ are downloaded, told apart by their content.

a table          fer2013.csv or icml_face_data.csv, plain, gzipped, zipped, or in Kaggle's fer2013.tar.gz;
                 with fer2013new.csv (plain or packed) beside it for the votes, joined row by row
FER+ folders     FER2013Train/fer0000000.png ... with its label.csv, joined by name
class folders    Kaggle's train/happy/*.jpg, test/...: original labels only
"""

from pathlib import Path
from typing import Protocol

from emotion.image_folders import CLASS_FOLDERS, FERPLUS_FOLDERS, ClassFolders, FerplusFolders, emotion_code, is_image
from emotion.rows import Rows
from emotion.table_pair import TablePair
from emotion.tables import open_table


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
    folders = [path, *sorted(p for pattern in ("*", "*/*") for p in path.glob(pattern) if p.is_dir())]
    inside = (file for folder in folders for file in folder.iterdir() if file.is_file() and not is_image(file))
    files = [path] if path.is_file() else sorted(inside)
    tables = [table for file in files if (table := open_table(file))]
    beside = [t for f in sorted(path.parent.iterdir()) if (t := open_table(f))] if path.is_file() else tables
    votes = next((t for t in beside if "nf" in t.columns and "pixels" not in t.columns), None)
    faces = next((t for t in tables if "pixels" in t.columns), None)
    if faces:
        return TablePair(faces, votes)
    for folder in folders:
        names = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()} if folder.is_dir() else {}
        if names.keys() & FERPLUS_FOLDERS.keys():
            return FerplusFolders(
                folder, {names[n]: usage for n, usage in FERPLUS_FOLDERS.items() if n in names}, votes
            )
        found = {names[n]: usage for n, usage in CLASS_FOLDERS.items() if n in names}
        if any(emotion_code(child.name) is not None for split in found for child in split.iterdir()):
            return ClassFolders(folder, found)
    return None
