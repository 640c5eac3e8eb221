"""What a training face may go through, and why.

A detector's box is never the box FER2013 was cropped with, and light, focus and noise differ: each change below is one
that happens to a face between the camera and the network, and none alters its emotion.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np


@dataclass(frozen=True)
class Ranges:
    """How far each change may go; the defaults train the shipped network."""

    rotation: float = 25.0  # degrees to either side: heads tilt
    scale: tuple[float, float] = (0.8, 1.25)  # boxes are loose or tight
    shift: float = 0.12  # of the side, to either side: boxes are off centre
    shear: float = 0.12  # a stand-in for a head turned a little
    mirror: bool = True  # faces are left/right symmetric, and so are emotions
    gamma: tuple[float, float] = (0.5, 2.0)  # exposure; plain brightness and contrast the network undoes by itself
    blur: float = 0.15  # the share of faces out of focus
    blur_sigma: tuple[float, float] = (0.4, 1.2)  # pixels of 48
    noise: float = 0.15  # the share of those shot in the dark
    noise_level: tuple[float, float] = (2.0, 12.0)  # standard deviation, grey levels
    erase: float = 0.5  # the share with a rectangle hidden: hands, hair, glasses, microphones


DEFAULT_RANGES = Ranges()
# For the last epochs: +0.25 points on clean faces, -1.7 under blur of 2 pixels (docs/lab_book.md, run 6).
# Source: He et al., Data Augmentation Revisited, arXiv:1909.09148.
MILD_RANGES = Ranges(10, scale=(0.9, 1.1), shift=0.05, shear=0.05, gamma=(0.8, 1.25), blur=0.05, noise=0.05, erase=0.0)
# For real photos: blur up to 2 pixels of 48 and noise up to 25 grey levels, as far as the robustness figures go.
ROBUST_RANGES = Ranges(blur=0.2, blur_sigma=(0.4, 2.0), noise=0.2, noise_level=(2.0, 25.0))
# Of a student, whose teachers have learnt already what a bent face is: as robust, and less bent (docs/lab_book.md, run 11).
STUDENT_RANGES = replace(
    ROBUST_RANGES, rotation=18, scale=(0.85, 1.18), shift=0.08, shear=0.1, gamma=(0.6, 1.67), erase=0.3
)


def augment(faces: np.ndarray, rng: np.random.Generator, ranges: Ranges = DEFAULT_RANGES) -> np.ndarray:
    """Faces uint8 (N, 48, 48) -> changed copies, same shape and type; the same `rng` state gives the same faces."""
    count, side, _ = faces.shape
    matrices = affine_matrices(count, side, rng, ranges)
    curves = tone_curves(count, rng, ranges)
    blurred, noisy, erased = rng.random((3, count)) < np.array([[ranges.blur], [ranges.noise], [ranges.erase]])
    out = np.empty_like(faces)
    for i in range(count):
        # Edges repeat outwards: a black corner is in no detector's crop.
        face = cv2.warpAffine(faces[i], matrices[i], (side, side), borderMode=cv2.BORDER_REPLICATE)
        face = cv2.LUT(face, curves[i])
        if blurred[i]:
            face = cv2.GaussianBlur(face, (0, 0), rng.uniform(*ranges.blur_sigma))
        if noisy[i]:
            noise = rng.standard_normal(face.shape, np.float32) * rng.uniform(*ranges.noise_level)
            face = np.clip(face + noise, 0, 255).astype(np.uint8)
        if erased[i]:
            erase(face, rng)
        out[i] = face
    return out


def affine_matrices(count: int, side: int, rng: np.random.Generator, ranges: Ranges) -> np.ndarray:
    """Random (N, 2, 3) maps about the centre: mirrored or not, turned, scaled, sheared, shifted."""
    angle = np.deg2rad(rng.uniform(-ranges.rotation, ranges.rotation, count))
    scale = np.exp(rng.uniform(np.log(ranges.scale[0]), np.log(ranges.scale[1]), count))
    shear = rng.uniform(-ranges.shear, ranges.shear, count)
    mirror = rng.choice([-1.0, 1.0] if ranges.mirror else [1.0], count)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos * mirror, shear * cos - sin], [sin * mirror, shear * sin + cos]]).transpose(2, 0, 1)
    centre = np.full(2, (side - 1) / 2)
    shift = centre - linear @ centre + rng.uniform(-ranges.shift, ranges.shift, (count, 2)) * side
    return np.concatenate([linear, shift[:, :, None]], axis=2)


def tone_curves(count: int, rng: np.random.Generator, ranges: Ranges) -> np.ndarray:
    """Random gamma curves as lookup tables, uint8 (N, 256)."""
    gamma = np.exp(rng.uniform(np.log(ranges.gamma[0]), np.log(ranges.gamma[1]), (count, 1)))
    return np.rint(255 * np.linspace(0, 1, 256) ** gamma).astype(np.uint8)


def erase(face: np.ndarray, rng: np.random.Generator) -> None:
    """Hide a random rectangle of `face` in place, up to half of each side, under one grey.

    Source: Zhong et al., Random Erasing Data Augmentation, arXiv:1708.04896.
    """
    side = face.shape[0]
    height, width = rng.integers(side // 8, side // 2 + 1, 2)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    face[top : top + height, left : left + width] = rng.integers(0, 256)
