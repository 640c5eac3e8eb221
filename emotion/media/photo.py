"""Photos in and out, whatever they are called and however they are stored."""

import io
import warnings
from pathlib import Path

import cv2
import numpy as np

from emotion.errors import InputError, reason
from emotion.files import atomic_file

# What a walk through a folder takes for a photo; a file that is named is tried whatever its suffix.
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2", ".ppm", ".pgm",
}  # fmt: skip
WRITABLE = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
JPEG, PNG, AVIF = b"\xff\xd8", b"\x89PNG", (b"ftypavif", b"ftypavis")


def read_photo(path: Path) -> np.ndarray:
    """The picture in `path` as BGR uint8 (H, W, 3), upright by its orientation tag; of an animation, the first frame.

    Grey, palette, CMYK and 16-bit pictures become 8-bit colour; what is transparent becomes white.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: a folder without a picture, or one that may not be entered")
    try:
        # Not cv2.imread: on Windows it cannot open a path outside the code page, and it never says what was wrong.
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    return decode_photo(data, path)


def decode_photo(data: bytes, path: Path | str) -> np.ndarray:
    """The picture that the bytes of a file hold, as `read_photo` gives it; `path` is what an InputError calls it."""
    if not data:
        raise InputError(f"{path}: an empty file")
    layers = None if is_opaque(data) else read_layers(data)
    # OpenCV reads more kinds, and all 16 bits, but leaves an AVIF as it lies.
    picture = layers[..., :3] if layers is not None and data[4:12] in AVIF else decode(data, path)
    if picture is None:
        raise InputError(f"{path}: not a picture that can be read, or a damaged one; save it as JPEG or PNG again")
    return picture if layers is None else on_white(picture, layers[..., 3:])


def is_opaque(data: bytes) -> bool:
    """Whether a glance at a file's first bytes tells that nothing in it is transparent."""
    # Byte 25 of a PNG is its kind: 0 grey, 2 colour, others have a palette or an alpha.
    plain_png = data.startswith(PNG) and data[25:26] in (b"\0", b"\2") and b"tRNS" not in data[:1000]
    return data.startswith(JPEG) or plain_png


def read_layers(data: bytes) -> np.ndarray | None:
    """A file's bytes as BGRA uint8 (H, W, 4), upright, by Pillow; None where nothing is transparent, save for AVIF."""
    from PIL import Image, ImageOps  # few photos need it

    Image.MAX_IMAGE_PIXELS = None  # OpenCV has a limit of its own
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore")
            if not image.has_transparency_data and image.format != "AVIF":
                return None
            return np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))[..., [2, 1, 0, 3]]
    except Exception:  # what a damaged file makes of Pillow has no end; OpenCV may read it yet
        return None


def decode(data: bytes, path: Path) -> np.ndarray | None:
    """A file's bytes as BGR uint8 (H, W, 3), upright, by OpenCV; None where it cannot read them."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # above 2^30 pixels, among others
        raise InputError(f"{path}: OpenCV refuses this picture: {error.err}") from None


def on_white(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`picture` with white where `alpha`, uint8 (H, W, 1), lets the ground through."""
    if alpha.shape[:2] != picture.shape[:2]:  # of several pictures in the file they have read two
        return picture
    share = alpha / np.float32(255)
    return np.rint(picture * share + 255 * (1 - share)).astype(np.uint8)


def write_photo(path: Path, picture: np.ndarray) -> None:
    """Write BGR uint8 (H, W, 3) or grey (H, W) to `path`, whole or not at all; makes its folder.

    The format is that of the suffix of `path`. InputError where it is unknown or `path` cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE:
        raise InputError(f"{path}: cannot write that kind of picture; name a .jpg or .png")
    done, encoded = cv2.imencode(path.suffix, picture)
    if not done:  # WebP ends at 16,383 pixels a side, JPEG at 65,500
        raise InputError(f"{path}: {picture.shape[1]}x{picture.shape[0]} is too large for that format; name a .png")
    with atomic_file(path) as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(encoded)
