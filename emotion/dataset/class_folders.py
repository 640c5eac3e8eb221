"""Anybody's pictures, a folder for each class: as folders, or in a zip or tar; split by their folders, or not at all.

train/happy/*.jpg  test/happy/*.jpg     whatever the splits' folders are called, and however deep they lie
happy/*.jpg  sad/*.jpg                  flat: split here
KA.HA1.29.tiff  KA.SA1.33.tiff          JAFFE, whose files' names say the class: split here
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from emotion.dataset.archives import DAMAGED, members, read_members
from emotion.dataset.classes import label_codes, name_classes
from emotion.dataset.duplicates import photograph_groups
from emotion.dataset.faces import LARGEST, is_image, read_face
from emotion.dataset.splits import Rows, Split, is_fer2013, own_split
from emotion.errors import InputError, reason
from emotion.geometry import FACE_SIDE
from emotion.labels import FER2013_EMOTIONS
from emotion.shipped import REPOSITORY

# What the folders of splits are called, in lower case, and the index into splits.SPLITS that they mean.
SPLIT_FOLDERS = {
    "train": 0, "training": 0, "train_set": 0, "publictest": 1, "privatetest": 2, "test": 3, "testing": 3, "test_set": 3,
    "validation": 4, "valid": 4, "val": 4, "val_set": 4, "dev": 4,
}  # fmt: skip
# JAFFE's names: the person, the class and the number of the picture within it, a running number.
JAFFE_NAME = re.compile(r"[A-Z]{2}\.(AN|DI|FE|HA|NE|SA|SU)\d\.\d+\.[a-z]+", re.IGNORECASE)
JAFFE_CLASSES = {
    "AN": "anger", "DI": "disgust", "FE": "fear", "HA": "happiness", "NE": "neutral", "SA": "sadness", "SU": "surprise",
}  # fmt: skip
CACHE_SUFFIX = ".cache.npz"  # of what earlier versions kept beside the data
DEEPEST = 6  # folders below the one that is named
SAMPLES = REPOSITORY / "data" / "samples"  # no class, though it lies in data/

Place = tuple[int | None, str]  # of a picture: the index into SPLITS, None where flat; the name of its class


@dataclass(frozen=True)
class ClassFolders:
    """Pictures whose folders, or names, say their class; as a Source of load.py."""

    path: Path  # the folder or the archive
    pictures: dict[str, Place]  # by their names below `path`
    left_out: dict[str, list[str]]  # the names of other files, by the reason
    classes: tuple[str, ...] | None  # names for numbered classes
    seed: int  # of the split, where it is made here

    @property
    def flat(self) -> bool:
        """Whether no folder says which split a picture belongs to."""
        return next(iter(self.pictures.values()))[0] is None

    @property
    def files(self) -> tuple[Path, ...]:
        if not self.path.is_dir():
            return (self.path,)
        return tuple({(self.path / name).parent for name in self.pictures})

    def state(self) -> str:
        digest = hashlib.sha256(f"{self.classes} {self.seed if self.flat else ''}\n".encode())
        for name in self.pictures if self.path.is_dir() else [""]:
            status = (self.path / name).stat()
            digest.update(os.fsencode(f"{name} {status.st_size} {status.st_mtime_ns}\n"))
        return digest.hexdigest()

    def read(self) -> Rows:
        names, notes = name_classes({name for _, name in self.pictures.values()}, self.classes, str(self.path))
        labels, codes = label_codes(names)
        faces, chosen, unreadable = read_pictures(self.path, list(self.pictures))
        if not chosen:
            raise InputError(f"{self.path}: none of its {len(self.pictures)} pictures can be read ({unreadable[0]})")
        left_out = self.left_out | ({"cannot be read as pictures": unreadable} if unreadable else {})
        notes += [f"{self.path}: left out: {count_files(files)} {reason}" for reason, files in left_out.items()]
        places = [self.pictures[name] for name in chosen]
        true = np.array([codes[name] for _, name in places], np.uint8)
        if self.flat:
            usage = own_split(true, photograph_groups(faces), self.seed)
            notes.append(
                f"{self.path}: has no folders of splits; split here by photograph, 8 : 1 : 1, --seed {self.seed}"
            )
        else:
            usage = np.array([split for split, _ in places], np.uint8)
        # Of all pictures, also those that cannot be read; those of a flat folder are of no split.
        counted = np.array([split for split, _ in self.pictures.values() if split is not None])
        known = labels == FER2013_EMOTIONS and not self.classes and is_fer2013(counted)
        return Rows(Split(faces, true, None, labels, "fer2013" if known else "labels"), usage, tuple(notes))


def find_class_folders(path: Path, classes: tuple[str, ...] | None, seed: int) -> ClassFolders | None:
    """The class folders in the folder or archive `path`; None where there are none."""
    try:
        names = sorted(list_files(path) if path.is_dir() else (name for name in members(path) if name))
    except DAMAGED:
        return None
    pictures, left_out = lay_out(names)
    return ClassFolders(path, pictures, left_out, classes, seed) if pictures else None


def lay_out(names: Iterable[str]) -> tuple[dict[str, Place], dict[str, list[str]]]:
    """Files, by their names below the data's folder -> (the pictures' places, what is left out by the reason)."""
    pictures, left_out = {}, defaultdict(list)
    for name in names:
        path = PurePosixPath(name)  # without the `./` that some archives have
        if path.name.startswith(".") and path.name.endswith(CACHE_SUFFIX):
            continue
        if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
            left_out["hidden"].append(name)
        elif is_image(path):
            pictures[name] = path
        else:
            left_out["no pictures by their names"].append(name)
    places = {name: place for name, path in pictures.items() if (place := place_in_split(path))}
    if not places and (root := flat_root(pictures.values())) is not None:
        depth = len(root.parts)
        inside = {name: path for name, path in pictures.items() if path.is_relative_to(root)}
        places = {name: (None, path.parts[depth]) for name, path in inside.items() if len(path.parts) > depth + 1}
    if not places:
        places = {name: (None, label) for name, path in pictures.items() if (label := jaffe_class(path.name))}
    if places and (outside := [name for name in pictures if name not in places]):
        left_out["outside of the folders of classes"] = outside
    return places, dict(left_out)


def place_in_split(name: PurePosixPath) -> Place | None:
    """The split and the class by the folders of a picture; None where none of them is a split's with a class in it."""
    for folder, inner in zip(name.parts[:-1], name.parts[1:-1], strict=False):
        if folder.lower() in SPLIT_FOLDERS:
            return SPLIT_FOLDERS[folder.lower()], inner
    return None


def jaffe_class(name: str) -> str | None:
    """The class of a picture by the name that JAFFE gives it; None where it has another."""
    found = JAFFE_NAME.fullmatch(name)
    return JAFFE_CLASSES[found[1].upper()] if found else None


def flat_root(pictures: Iterable[PurePosixPath]) -> PurePosixPath | None:
    """The folder nearest to the top in which several folders hold pictures; None where there is none."""
    folders = {name.parent for name in pictures if len(name.parts) > 1}
    holding = defaultdict(set)
    for folder in folders:
        holding[folder.parent].add(folder.name)
    roots = [root for root, inner in holding.items() if len(inner) > 1]
    root = min(roots, key=lambda root: (len(root.parts), str(root)), default=None)
    if root is not None and any(name.lower() in SPLIT_FOLDERS for name in holding[root]):
        return None  # happy/train/*.jpg: splits inside the classes
    return root


def list_files(folder: Path) -> Iterator[str]:
    """The names, below `folder`, of the regular files in it; a link to a folder is followed once."""
    seen = {SAMPLES.resolve()}
    for top, inner, files in os.walk(folder, followlinks=True):
        here = Path(top)
        seen.add(here.resolve())
        depth = len(here.relative_to(folder).parts)
        inner[:] = [name for name in inner if depth < DEEPEST and (here / name).resolve() not in seen]
        for name in files:
            if (here / name).is_file():
                yield (here / name).relative_to(folder).as_posix()


def read_pictures(path: Path, names: list[str]) -> tuple[np.ndarray, list[str], list[str]]:
    """(faces uint8 (N, 48, 48), their names, the names of those that cannot be read), in the order of `names`."""
    faces = np.empty((len(names), FACE_SIDE, FACE_SIDE), np.uint8)
    places = {name: place for place, name in enumerate(names)}
    sound = np.zeros(len(names), bool)
    try:
        for name, data in picture_bytes(path, names):
            try:
                faces[places[name]] = read_face(data, name)
                sound[places[name]] = True
            except InputError:
                continue
    except DAMAGED as error:
        raise InputError(f"{path}: damaged ({reason(error)}); download it again") from None
    read = [name for name, good in zip(names, sound, strict=True) if good]
    return faces[sound], read, [name for name, good in zip(names, sound, strict=True) if not good]


def picture_bytes(path: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for name in names:
            with (path / name).open("rb") as file:
                yield name, file.read(LARGEST + 1)
    else:
        for name, stream in read_members(path, set(names)):
            yield name, stream.read(LARGEST + 1)


def count_files(names: list[str]) -> str:
    """`3 files (a.txt, b.txt, ...)`, for a person."""
    shown = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
    return f"{len(names)} {'file' if len(names) == 1 else 'files'} ({shown})"
