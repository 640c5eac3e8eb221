"""The bytes of a picture to 8-bit colour, whatever its format; bounded by its header before anything is decoded."""

import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from emotion.errors import InputError
from emotion.media.suffixes import VIDEOS
from emotion.native_stderr import native_stderr

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)
# What Pillow logs of a damaged file would be a line on stderr, without that file's name.
logging.getLogger("PIL").addHandler(logging.NullHandler())

MAX_PIXELS = 200_000_000  # what the largest phones take; 600 MB as 8-bit colour
MOVING = 6  # of a film several frames are in memory at once: it may have a sixth, which is 8K
# Of what needs more memory while it is decoded, fewer pixels: so that none takes more than 1.5 GB.
WEIGHTS = {"JPEG2000": 3, "AVIF": 2, "HEIF": 2, "progressive": 2, "deep": 2, "F": 3, "I": 3, "RGBA": 1.25, "LA": 1.25,
           "PA": 1.25, "GIF": 1.5, "PSD": 1.25, "TGA": 1.25, "QOI": 1.25, "ICO": 1.25, "BMP": 1.6, "DIB": 1.6,
           "layered PNG": 1.25, "layered WEBP": 3, "moving": MOVING,
           "moving PNG": 7, "moving WEBP": 7, "moving AVIF": 10}  # fmt: skip
PIECES = 8  # of a TIFF, at least: of fewer each takes memory as it is stored and once more unpacked
MOST_WORK = 4_000_000_000  # pixels that all passes of a JPEG go over together: 20 passes of 200 megapixels
SMALL_FILE = 1 << 20  # bytes, of no weight
BAND = 1 << 24  # bytes that are converted at a time
MORE = "--max-pixels MEGAPIXELS allows more"  # the way out, in errors

# Not EPS, which Pillow would hand to Ghostscript. HEIF comes from its own package.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "JPEG2000", "BMP", "DIB", "PPM", "TGA", "PSD", "ICO", "QOI")
JPEGS = ("JPEG", "MPO")
ANIMATIONS = {"GIF", "PNG", "WEBP", "AVIF", "HEIF"}  # a JPEG's further pictures are previews, a TIFF's are pages
PNG = b"\x89PNG\r\n\x1a\n"

# What each orientation of EXIF asks for.
TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda picture: cv2.flip(picture, 1),
    3: lambda picture: cv2.rotate(picture, cv2.ROTATE_180),
    4: lambda picture: cv2.flip(picture, 0),
    5: cv2.transpose,
    6: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE),
    7: lambda picture: cv2.rotate(cv2.transpose(picture), cv2.ROTATE_180),
    8: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def decode_photo(data: bytes, name: Path | str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The picture that the bytes of a file hold, as BGR uint8 (H, W, 3), upright and contiguous; of several, the first.

    `name` is what an InputError calls it: where there is no picture, a damaged one, or one of more than `max_pixels`.
    """
    if not data:
        raise InputError(f"{name}: an empty file")
    with open_header(data, name, max_pixels) as image:
        check_pixels(image, len(data), name, max_pixels)
        check_passes(data, image, name)
        if image.format in ANIMATIONS and getattr(image, "is_animated", False):
            logger.info(f"{name}: holds several pictures, of which the first is read")
        with native_stderr() as said:
            picture = decode(data, image)
        if picture is None:
            raise InputError(unreadable(name))
        if said and image.format in JPEGS:  # of others, what is said is about tags and profiles
            logger.info(f"{name}: damaged; what is left of it is read ({said[0]})")
    return picture


def decode(data: bytes, image: "Image.Image") -> np.ndarray | None:
    """The picture in `data`, whose header is `image`; None where it cannot be read."""
    picture = None
    try:
        # OpenCV reads 16 bits and CMYK better, but no HEIC and no grey of 32, and it makes little of transparency.
        if image.format in ("AVIF", "HEIF") or image.mode in ("F", "I") or image.has_transparency_data:
            return upright(by_pillow(image), image)
        if (picture := by_opencv(data, is_deep(image))) is None:
            picture = upright(by_pillow(image), image)
    except MemoryError:
        raise
    except Exception:  # what a damaged file makes of Pillow has no end; OpenCV may read it yet
        picture = by_opencv(data, is_deep(image)) if picture is None else picture
    return picture


def open_header(data: bytes, name: Path | str, max_pixels: int = MAX_PIXELS) -> "Image.Image":
    """The picture in `data`, known by its header and not decoded yet."""
    from PIL import Image  # few need it before it draws the labels

    formats: tuple[str, ...] = FORMATS
    if data[4:8] == b"ftyp":
        import pillow_heif  # takes as long as a small photo, and only phones write its format

        pillow_heif.register_heif_opener(thumbnails=False)
        formats += ("HEIF",)
    # Pillow warns there, and refuses twice as many. Never less than it is: it holds for all that is drawn in this process.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, (max_pixels + 1) // 2)
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # later, too, of what is allowed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError:
        raise too_large(name, max_pixels) from None
    except MemoryError:
        raise
    except Exception:  # see above
        raise InputError(unreadable(name)) from None


def unreadable(name: Path | str) -> str:
    """What is said of the file `name` that is no picture."""
    if Path(name).suffix.lower() in VIDEOS:
        return f"{name}: a video, not a picture; vid_predict.py takes it"
    return f"{name}: not a picture that can be read, or a damaged one; save it as JPEG or PNG again"


def too_large(name: Path | str, max_pixels: int) -> InputError:
    return InputError(f"{name}: more than {max_pixels / 1e6:g} megapixels; {MORE}")


def check_pixels(image: "Image.Image", size: int, name: Path | str, max_pixels: int, moving: bool = False) -> None:
    """Refuse a picture in a file of `size` bytes that would take more memory than one of `max_pixels` should.

    `moving`: all its frames are read.
    """
    width, height = image.size
    if width * height > max_pixels:
        raise too_large(name, max_pixels)
    piece, piece_weight = piece_of(image)
    layered = image.has_transparency_data or getattr(image, "is_animated", False)
    kinds = {image.format, image.mode, "progressive" if image.info.get("progressive") else "", "deep" * is_deep(image),
             f"layered {image.format}" * layered, "moving" * moving, f"moving {image.format}" * moving}  # fmt: skip
    weight = max(piece_weight, *(WEIGHTS.get(kind or "", 1) for kind in kinds))
    # The file stays in memory beside the picture, of which OpenCV has two copies; where it is packed it hardly counts.
    room = 1.1 * max_pixels - 0.23 * max(0, size - SMALL_FILE)
    limit = min(max_pixels / weight, room / (weight if moving else 1))
    if max(width * height, piece) > limit:
        read = f"of its kind up to {max(0, limit) / 1e6:.3g} million are read"
        pieces = f" in pieces of {piece / 1e6:g} million" * (piece > width * height)
        raise InputError(f"{name}: {width} x {height} pixels{pieces}, {read}; {MORE}")


def check_passes(data: bytes, image: "Image.Image", name: Path | str) -> None:
    """Refuse a JPEG that would take minutes: a pass over a progressive one, of which it has ten, can be of 100 bytes."""
    passes = data.count(b"\xff\xda") if image.format in JPEGS else 0  # no other bytes of a scan look like it
    if passes * image.width * image.height > MOST_WORK:
        raise InputError(f"{name}: a JPEG of {passes} passes, which would take minutes; save it as JPEG or PNG again")


def piece_of(image: "Image.Image") -> tuple[int, float]:
    """(the pixels that a TIFF stores in one piece, its weight as in WEIGHTS); (0, 1) of others.

    A tile may be larger than its picture. Where the pieces are few, the largest is held as it is stored and unpacked,
    beside the file and the picture: measured, three times what is stored and four bytes a pixel.
    """
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return 0, 1
    tiled = 322 in tags and 323 in tags
    piece = int(tags[322] * tags[323] if tiled else image.width * min(image.height, tags.get(278, image.height)))
    stored = max(1, tags.get(277, 1)) * max(tags.get(258, (1,))) / 8  # bytes a pixel
    few = piece * PIECES > image.width * image.height
    return piece, (3 * stored + 4) / 6.5 if few else 1


def is_deep(image: "Image.Image") -> bool:
    """Whether more than 8 bits a colour matter. Of a PNG in colour they do not: its own are always all used."""
    tags = getattr(image, "tag_v2", {})
    return image.mode.startswith("I;16") or max(tags.get(258, (8,))) > 8


def by_opencv(data: bytes, deep: bool) -> np.ndarray | None:
    """A file's bytes as BGR uint8 (H, W, 3), upright, by OpenCV; None where it cannot read them."""
    if data.startswith(PNG) and has_endless_chunk(data):
        return None
    flags = cv2.IMREAD_COLOR | (cv2.IMREAD_ANYDEPTH if deep else 0)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return picture if picture is None or picture.dtype == np.uint8 else eight_bits(picture)


def has_endless_chunk(data: bytes) -> bool:
    """Whether a chunk of a PNG says that it is longer than the file: OpenCV would take so much memory, up to 4 GB."""
    at = len(PNG)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length > len(data):
            return True
        at += 12 + length
    return False


def eight_bits(picture: np.ndarray) -> np.ndarray:
    """A picture of any depth, (H, W) or (H, W, 3), as uint8, by the range that it uses.

    Of 16 bits, scanners and scientific cameras often use the lower 12: by their place alone they would be black. The
    result lies in the memory of `picture`.
    """
    if picture.dtype.kind == "f":
        low, high = 0.0, float(np.nanmax(picture, initial=0))
        factor = 255 / high if 0 < high < np.inf else 1.0

        def convert(band: np.ndarray) -> np.ndarray:
            return np.nan_to_num(np.clip(band * factor, low, 255), posinf=255)
    else:
        shift = max(0, int(picture.max()).bit_length() - 8)

        def convert(band: np.ndarray) -> np.ndarray:
            return np.maximum(band, 0) >> shift

    result = np.frombuffer(picture.data, np.uint8, picture.size).reshape(picture.shape)
    for rows in bands(len(picture), picture[0].nbytes):
        result[rows] = convert(picture[rows])  # never further than what is still to be read
    return result


def by_pillow(image: "Image.Image") -> np.ndarray:
    """`image` as BGR uint8 (H, W, 3), decoded by Pillow, not turned; what is transparent becomes white."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    image.load()
    if image.mode in ("F", "I"):
        return cv2.cvtColor(eight_bits(np.array(image)), cv2.COLOR_GRAY2BGR)
    width, height = image.size
    picture = np.empty((height, width, 3), np.uint8)
    for rows in bands(height, width * 4):
        band = np.asarray(image.crop((0, rows.start, width, rows.stop)).convert(mode))
        picture[rows] = (band if mode == "RGB" else on_white(band))[..., ::-1]
    return picture


def on_white(layers: np.ndarray) -> np.ndarray:
    """Colour and alpha, uint8 (H, W, 4), as they look on white paper; uint8 (H, W, 3)."""
    share = layers[..., 3:] / np.float32(255)
    return np.rint(layers[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


def bands(height: int, row_bytes: int) -> list[slice]:
    """The rows of a picture in slices of about BAND bytes."""
    step = max(1, BAND // max(1, row_bytes))
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def upright(picture: np.ndarray, image: "Image.Image") -> np.ndarray:
    """`picture` turned as the EXIF tag of `image` asks; libheif has obeyed its own tags already."""
    turn = TURNS.get(image.getexif().get(0x0112, 1))
    return turn(picture) if turn else picture
