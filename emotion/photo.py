"""Photos in and out, whatever they are called and however they are stored."""

from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError, reason
from emotion.outputs import whole_file

# What a walk through a folder takes for a photo; a file that is named is tried whatever its suffix.
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2", ".ppm", ".pgm",
}  # fmt: skip
WRITABLE = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
JPEG, PNG = b"\xff\xd8", b"\x89PNG"


def read_photo(path: Path) -> np.ndarray:
    """The picture in `path` as BGR uint8 (H, W, 3), upright by its orientation tag; of an animation, the first frame.

    Grey, palette, CMYK and 16-bit pictures become 8-bit colour; what is transparent becomes white.
    """
    path = Path(path)
    try:
        # Not cv2.imread: on Windows it cannot open a path outside the code page, and it never says what was wrong.
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    if not data:
        raise InputError(f"{path}: an empty file")
    buffer = np.frombuffer(data, np.uint8)
    picture = decode(buffer, cv2.IMREAD_COLOR, path)
    if picture is None:
        raise InputError(f"{path}: not a picture that can be read, or a damaged one; save it as JPEG or PNG again")
    if data.startswith(JPEG) or (data.startswith(PNG) and data[25] in (0, 2) and b"tRNS" not in data[:1000]):
        return picture  # grey or colour and no more: no need to read it twice
    return on_white(picture, decode(buffer, cv2.IMREAD_UNCHANGED, path))


def decode(buffer: np.ndarray, flags: int, path: Path) -> np.ndarray | None:
    try:
        return cv2.imdecode(buffer, flags)
    except cv2.error as error:  # above 2^30 pixels, among others
        raise InputError(f"{path}: OpenCV refuses this picture: {error.err}") from None


def on_white(picture: np.ndarray, layers: np.ndarray | None) -> np.ndarray:
    """`picture` with white where the alpha of `layers`, the same picture as it is stored, lets the ground through."""
    if layers is None or layers.ndim < 3 or layers.shape[2] < 4 or layers.shape[:2] != picture.shape[:2]:
        return picture
    alpha = layers[..., 3:] / np.float32(np.iinfo(layers.dtype).max)
    return np.rint(picture * alpha + 255 * (1 - alpha)).astype(np.uint8)


def write_photo(path: Path, picture: np.ndarray) -> None:
    """Write BGR uint8 (H, W, 3) or grey (H, W) to `path`, whole or not at all; makes its folder.

    The format is that of the suffix of `path`. InputError where it is unknown or `path` cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise InputError(f"{path}: cannot write that kind of picture; name a .jpg or .png")
    encoded = cv2.imencode(path.suffix, picture)[1]
    with whole_file(path) as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(encoded)
