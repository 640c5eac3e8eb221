"""Faces that a data set holds more than once. FER2013 was gathered from the web: its splits share photographs.

Of PublicTest's 3,589 faces 280 are in Training byte for byte; 579 more are other crops of photographs that Training holds.
"""

from collections.abc import Iterator

import cv2
import numpy as np

THUMBNAIL_SIDE = 16  # pixels: of the thumbnails by which candidates are found
NEIGHBOURS = 6  # candidates looked at more closely
CENTRE = slice(6, 42)  # of a face of 48: what another crop of the same photograph holds as well
SIZES = (33, 36, 40)  # pixels: the centre's side in that crop
# Correlation. By eye, 54 of 60 pairs between 0.90 and 0.93 were the same photograph, and all of 20 above 0.94.
SAME_CORRELATION = 0.90
# Of thumbnails, below which a pair is not looked at where all faces are compared with all: 4 of 5 candidates are saved,
# and a tenth of the true pairs of PublicTest missed.
THUMBNAIL_CORRELATION = 0.8


def duplicates(faces: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which of `faces`, uint8 (N, 48, 48), are in `known`, uint8 (M, 48, 48), byte for byte: bool (N,)."""
    there = {face.tobytes() for face in known}
    return np.array([face.tobytes() in there for face in faces], bool)


def photograph_groups(faces: np.ndarray) -> np.ndarray:
    """Which of `faces`, uint8 (N, 48, 48), are of one photograph: int (N,), the same number for the same one.

    Byte for byte, or crops of it, mirrored or not: the frames of a face held still count as one photograph too.
    """
    group = np.arange(len(faces))

    def root(row: int) -> int:
        while group[row] != row:
            group[row] = row = group[group[row]]
        return row

    _, first, inverse = np.unique(faces.reshape(len(faces), -1), axis=0, return_index=True, return_inverse=True)
    different = faces[first]
    for row, other in similar_pairs(different):
        group[root(first[row])] = root(first[other])
    return np.array([root(row) for row in first])[inverse.ravel()]


def similar_pairs(faces: np.ndarray) -> Iterator[tuple[int, int]]:
    """The pairs of rows of `faces` that show one photograph."""
    known_thumbnails = thumbnails(faces).T
    last = min(NEIGHBOURS + 1, len(faces)) - 1  # of which one is the face itself
    for seen in (faces, np.ascontiguousarray(faces[:, :, ::-1])):
        for rows in np.array_split(np.arange(len(seen)), len(seen) // 256 + 1):
            nearness = thumbnails(seen[rows]) @ known_thumbnails
            nearest = np.argpartition(-nearness, last, axis=1)[:, : last + 1]
            for row, others in zip(rows, nearest, strict=True):
                alike = others[nearness[row - rows[0], others] > THUMBNAIL_CORRELATION]
                yield from (
                    (row, other) for other in alike if other != row and same_photograph(seen[row], faces[other])
                )


def near_duplicates(faces: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which of `faces`, uint8 (N, 48, 48), are crops of photographs that `known`, uint8 (M, 48, 48), holds: bool (N,)."""
    found = np.zeros(len(faces), bool)
    known_thumbnails = thumbnails(known).T
    last = min(NEIGHBOURS, len(known)) - 1
    for seen in (faces, np.ascontiguousarray(faces[:, :, ::-1])):
        for rows in np.array_split(np.arange(len(seen)), len(seen) // 256 + 1):  # all at once would fill the memory
            nearest = np.argpartition(-thumbnails(seen[rows]) @ known_thumbnails, last, axis=1)[:, : last + 1]
            for row, candidates in zip(rows, nearest, strict=True):
                found[row] = found[row] or any(same_photograph(seen[row], known[other]) for other in candidates)
    return found


def thumbnails(faces: np.ndarray) -> np.ndarray:
    """Faces, uint8 (N, 48, 48), made small: float32 (N, THUMBNAIL_SIDE²), of mean 0 and length 1."""
    middles = (cv2.GaussianBlur(face, (0, 0), 1.0)[4:44, 4:44] for face in faces)
    size = THUMBNAIL_SIDE, THUMBNAIL_SIDE
    tiles = [cv2.resize(middle, size, interpolation=cv2.INTER_AREA).ravel() for middle in middles]
    small = np.array(tiles, np.float32).reshape(-1, THUMBNAIL_SIDE * THUMBNAIL_SIDE)
    small -= small.mean(axis=1, keepdims=True)  # light makes no difference
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def same_photograph(face: np.ndarray, other: np.ndarray) -> bool:
    """Whether the centre of `other`, a little larger or smaller, lies somewhere in `face`."""
    centre = other[CENTRE, CENTRE]
    if centre.std() < 1:  # one grey is found everywhere
        return False
    scaled = (cv2.resize(centre, (size, size), interpolation=cv2.INTER_AREA) for size in SIZES)
    return any(cv2.matchTemplate(face, part, cv2.TM_CCOEFF_NORMED).max() >= SAME_CORRELATION for part in scaled)
