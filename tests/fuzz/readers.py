"""What reads files of strangers: a few good files for each reader, and the call that must take any damage of them."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from made_videos import make_video
from PIL import Image
from small_fer2013 import faces_and_codes, pack, write_small_fer2013

from emotion.dataset.load import find_source
from emotion.errors import InputError
from emotion.media.photo import read_photo
from emotion.media.video_reader import VideoReader
from emotion.web.messages import RefusedError, decode_picture, decode_text

REPOSITORY = Path(__file__).parent.parent.parent
COUNTS = {"Training": 2, "PublicTest": 1}


@dataclass(frozen=True)
class Reader:
    """`seeds` makes good files in a folder; `read` takes a damaged one, in a folder of its own.

    `refusals` are what it may raise, with one line of text; all else is a fault, and so is a crash or a hang.
    """

    seeds: Callable[[Path], list[Path]]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...] = (InputError,)


def photos(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (20, 24, 4), np.uint8), "RGBA")
    kinds = {
        "png": "RGBA",
        "jpg": "RGB",
        "gif": "P",
        "webp": "RGBA",
        "bmp": "RGB",
        "tif": "RGB",
        "ppm": "RGB",
        "avif": "RGB",
    }
    for suffix, mode in kinds.items():
        picture.convert(mode).save(folder / f"a.{suffix}")
    picture.convert("P").save(folder / "frames.gif", save_all=True, append_images=[picture.convert("P")] * 2)
    return sorted(folder.iterdir())


def videos(folder: Path) -> list[Path]:
    pictures = [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(5)]
    return [
        make_video(folder / "a.mp4", pictures),
        make_video(folder / "a.mkv", pictures, codec="mpeg4"),
        make_video(folder / "a.avi", pictures, codec="mjpeg", pixels="yuvj420p"),
    ]


def read_video(path: Path) -> None:
    with VideoReader(path) as video:
        for _ in islice(video, 50):
            pass


def tables(folder: Path) -> list[Path]:
    """The faces; each is read with good votes beside it."""
    made = [write_small_fer2013(folder / "plain", COUNTS) / "fer2013.csv"]
    for how in ("gz", "zip", "tar.gz"):
        write_small_fer2013(folder / how, COUNTS)
        pack(folder / how / "fer2013.csv", how)
        made += [path for path in (folder / how).iterdir() if path.name.startswith("fer2013.")]
    return made


def votes(folder: Path) -> list[Path]:
    """FER+'s file; each is read with good faces beside it."""
    return [write_small_fer2013(folder / "plain", COUNTS) / "fer2013new.csv"]


def with_good(other: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        good = write_small_fer2013(path.parent / "good", COUNTS) / other
        good.replace(path.parent / other)
        (path.parent / "good" / ({"fer2013.csv", "fer2013new.csv"} - {other}).pop()).unlink()
        return read_dataset(path.parent)

    return read


def read_dataset(path: Path) -> object:
    source = find_source(path)
    return source and source.read()


def packed_pictures(folder: Path) -> list[Path]:
    """Folders of classes in a zip."""
    path = folder / "faces.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for face, code in zip(*faces_and_codes(7), strict=True):
            archive.writestr(f"train/{code}/{code}.png", cv2.imencode(".png", face)[1].tobytes())
    return [path]


def models(folder: Path) -> list[Path]:
    """The shipped network's configuration, its card and its first layer's arrays; a .keras. Keras need not be waited for."""
    import h5py

    with h5py.File(REPOSITORY / "models" / "fer.h5") as shipped, h5py.File(folder / "a.h5", "w") as file:
        for name, value in shipped.attrs.items():
            file.attrs[name] = value
        group = file.create_group("model_weights")
        for name, value in shipped["model_weights"].attrs.items():
            group.attrs[name] = value
        first = next(name for name, layer in shipped["model_weights"].items() if len(layer))
        shipped.copy(f"model_weights/{first}", group)
    with h5py.File(folder / "weights", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.zeros((4, 7), np.float32))
    with h5py.File(folder / "a.h5") as file, zipfile.ZipFile(folder / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", file.attrs["model_config"])
        archive.write(folder / "weights", "model.weights.h5")
    (folder / "weights").unlink()
    return [folder / "a.h5", folder / "a.keras"]


def read_model(path: Path) -> None:
    from emotion.model_file.stored import open_model

    open_model(path)


def light_files(folder: Path) -> list[Path]:
    with zipfile.ZipFile(folder / "a.tflite", "w") as file:
        file.writestr("card.json", json.dumps({"sha256": "0" * 64, "card": {"labels": ["joy", "fear"]}}))
    return [folder / "a.tflite"]


def read_light(path: Path) -> object:
    from emotion.model_file.light import read_light_card

    return read_light_card(path)


def messages(folder: Path) -> list[Path]:
    """What a browser sends."""
    jpeg = io.BytesIO()
    Image.fromarray(np.zeros((20, 24, 3), np.uint8)).save(jpeg, "JPEG")
    (folder / "picture").write_bytes(bytes(8) + jpeg.getvalue())
    (folder / "text").write_text(json.dumps({"kind": "start", "fps": 30, "names": ["a", None, True, 1e9]}))
    return sorted(folder.iterdir())


def read_message(path: Path) -> None:
    data = path.read_bytes()
    if path.name == "text":
        decode_text(data.decode(errors="replace"))
    else:
        decode_picture(data)


READERS = {
    "photo": Reader(photos, read_photo),
    "video": Reader(videos, read_video),
    "table": Reader(tables, with_good("fer2013new.csv")),
    "votes": Reader(votes, with_good("fer2013.csv")),
    "pictures": Reader(packed_pictures, read_dataset),
    "model": Reader(models, read_model),
    "light": Reader(light_files, read_light),
    "message": Reader(messages, read_message, (RefusedError,)),
}

NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1]
WORDS = [
    b"-1",
    b"4294967301",
    b"1e999",
    b"nan",
    b'"',
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"=1+1",
    b",",
    b" ",
    b"{",
    b"]",
    b"3.7",
]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """`data` with one to eight mutations: bits, bytes, numbers, words, cuts, repetitions."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        if not changed:
            break
        # Most of what decides lies in the first bytes, and in the last of a zip.
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 256)
        at = int(rng.integers(reach))
        at = len(changed) - 1 - at if rng.random() < 0.2 else at
        length = int(rng.integers(1, 1 + min(64, len(changed))))
        match rng.integers(8):
            case 0:
                changed[at] ^= 1 << int(rng.integers(8))
            case 1:
                changed[at] = int(rng.integers(256))
            case 2:
                width = int(rng.choice([1, 2, 4]))
                number = NUMBERS[rng.integers(len(NUMBERS))] % 256**width
                changed[at : at + width] = number.to_bytes(width, "big" if rng.random() < 0.5 else "little")
            case 3:
                changed[at : at + int(rng.integers(4))] = WORDS[rng.integers(len(WORDS))]
            case 4:
                del changed[at : at + length]
            case 5:
                changed[at:at] = changed[at : at + length] * int(rng.integers(1, 50))
            case 6:
                changed[at : at + length] = rng.bytes(length)
            case 7:
                del changed[at:]
    return bytes(changed)


def inputs(reader: Reader, folder: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """(the name of a good file, its bytes damaged), without end; the same of the same `seed`."""
    folder.mkdir(parents=True, exist_ok=True)
    good = [(path.name, path.read_bytes()) for path in reader.seeds(folder)]
    rng = np.random.default_rng(seed)
    while True:
        name, data = good[rng.integers(len(good))]
        yield name, damaged(data, rng)


def attempt(reader: Reader, name: str, data: bytes, folder: Path) -> str:
    """Read one damaged file in an empty folder; returns "read" or "refused". Whatever else it raises is a fault."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    try:
        reader.read(path)
    except reader.refusals as refusal:
        text = str(refusal)
        assert text
        assert "\n" not in text.replace(str(folder), ""), f"more than a line: {text!r}"
        return "refused"
    return "read"
