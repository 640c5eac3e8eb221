import io
import os
import re
import struct
import warnings
from contextlib import suppress

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.media.animation import AnimationReader
from emotion.media.decode import decode_photo, eight_bits
from emotion.media.photo import read_photo, write_photo
from emotion.native_stderr import OWNED
from emotion.results.overlay import annotate

RED_OVER_BLUE = np.zeros((40, 20, 3), np.uint8)  # RGB, upright
RED_OVER_BLUE[:20, :, 0], RED_OVER_BLUE[20:, :, 2] = 255, 255


def looks_right(picture):
    """Red above, blue below; BGR; JPEG and CMYK may change a colour a little."""
    above, below = picture[5, 10].astype(int), picture[-5, 10].astype(int)
    return (
        picture.shape == (40, 20, 3) and picture.dtype == np.uint8 and above[2] > 180 > 90 > above[0] and below[0] > 180
    )


def save(path, mode=None, **options):
    image = Image.fromarray(RED_OVER_BLUE)
    (image.convert(mode) if mode else image).save(path, **options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.jpg", {}),
        ("progressive.jpg", {"progressive": True}),
        ("cmyk.jpg", {"mode": "CMYK"}),
        ("cmyk.tif", {"mode": "CMYK"}),
        ("palette.png", {"mode": "P"}),
        ("palette.gif", {"mode": "P"}),
        ("alpha.png", {"mode": "RGBA"}),
        ("plain.webp", {"lossless": True}),
        ("plain.bmp", {}),
        ("plain.avif", {}),
        ("iphone.heic", {"quality": 95}),
        ("a.HIF", {"quality": 95, "format": "HEIF"}),
        ("jpeg 2000.jp2", {}),
        ("a.tga", {}),
        ("a.ico", {"sizes": [(20, 40)]}),
        ("日本語 Grüße 😀.png", {}),
        ("wrong suffix.txt", {"format": "PNG"}),
    ],
)
def test_every_kind_of_picture_is_read_annotated_and_written(tmp_path, name, options):
    pillow_heif.register_heif_opener()
    save(tmp_path / name, **options)
    picture = read_photo(tmp_path / name)
    assert looks_right(picture)
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    face = Recognition(Box(3, 12, 14, 14), ("calm", "joy"), np.array([0.3, 0.7], np.float32))
    annotated = annotate(picture, [face])
    assert (annotated != picture).any()
    write_photo(tmp_path / "copy.png", annotated)
    assert (read_photo(tmp_path / "copy.png") == annotated).all()


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_of_an_animation_the_first_frame_and_it_is_said(tmp_path, suffix, notes):
    second = Image.fromarray(RED_OVER_BLUE[::-1].copy())
    options = {"lossless": True} if suffix == "webp" else {}
    save(tmp_path / f"moving.{suffix}", save_all=True, append_images=[second], **options)
    assert looks_right(read_photo(tmp_path / f"moving.{suffix}"))
    assert notes == [f"{tmp_path / 'moving'}.{suffix}: holds several pictures, of which the first is read"]


@pytest.mark.parametrize(
    ("tag", "stored"), [(3, np.rot90(RED_OVER_BLUE, 2)), (6, np.rot90(RED_OVER_BLUE)), (8, np.rot90(RED_OVER_BLUE, -1))]
)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_orientation_is_obeyed(tmp_path, tag, stored, suffix):
    exif = Image.Exif()
    exif[274] = tag
    Image.fromarray(stored.copy()).save(tmp_path / f"turned.{suffix}", exif=exif)
    assert looks_right(read_photo(tmp_path / f"turned.{suffix}"))


@pytest.mark.parametrize("tag", [1, 3, 6, 8])
@pytest.mark.parametrize("suffix", ["png", "webp", "avif"])
def test_what_is_transparent_turns_with_the_picture(tmp_path, tag, suffix):
    upright = np.dstack([RED_OVER_BLUE, np.full((40, 20), 255, np.uint8)])
    upright[20:, :, 3] = 0
    exif = Image.Exif()
    exif[274] = tag
    stored = np.rot90(upright, {1: 0, 3: 2, 6: 1, 8: -1}[tag]).copy()
    Image.fromarray(stored).save(tmp_path / f"a.{suffix}", exif=exif)
    picture = read_photo(tmp_path / f"a.{suffix}").astype(int)
    assert picture.shape == (40, 20, 3)
    assert np.abs(picture[5, 10] - (0, 0, 255)).max() < 20
    assert np.abs(picture[-5, 10] - 255).max() < 5


def test_a_bitmap_whose_fourth_byte_means_nothing(tmp_path):
    """BI_BITFIELDS with masks for three colours: OpenCV takes the fourth byte for an alpha of 0."""
    header = struct.pack("<IiiHHIIiiII", 40, 2, -1, 1, 32, 3, 8, 0, 0, 0, 0) + struct.pack(
        "<III", 0xFF0000, 0xFF00, 0xFF
    )
    pixels = bytes([255, 0, 0, 0, 0, 0, 255, 0])  # blue, red
    start = 14 + len(header)
    file = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + pixels
    (tmp_path / "a.bmp").write_bytes(file)
    assert read_photo(tmp_path / "a.bmp").tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_become_eight(tmp_path, suffix):
    cv2.imwrite(str(tmp_path / f"deep.{suffix}"), RED_OVER_BLUE[..., ::-1].astype(np.uint16) * 257)
    assert looks_right(read_photo(tmp_path / f"deep.{suffix}"))


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_scanners_use_the_lower_bits_of_sixteen(tmp_path, bits):
    ramp = np.linspace(0, 2**bits - 1, 256).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "deep.tif"), np.tile(ramp, (10, 1)))
    assert read_photo(tmp_path / "deep.tif")[5, :, 0].astype(int) == pytest.approx(np.arange(256), abs=1)


def test_light_in_numbers_with_a_point_is_scaled_by_its_brightest(tmp_path):
    ramp = np.tile(np.linspace(0, 1.7, 256).astype(np.float32), (10, 1))
    ramp[0, 0] = np.nan
    cv2.imwrite(str(tmp_path / "light.tif"), ramp)
    picture = read_photo(tmp_path / "light.tif")
    assert picture[5, :, 0].astype(int) == pytest.approx(np.arange(256), abs=1)
    assert picture[0, 0].tolist() == [0, 0, 0]


def test_a_deep_picture_is_converted_in_its_own_memory_band_by_band(monkeypatch):
    monkeypatch.setattr("emotion.media.decode.BAND", 50)
    deep = np.random.default_rng(0).integers(0, 4096, (31, 17, 3), np.uint16)
    expected = (deep >> 4).astype(np.uint8)
    assert (eight_bits(deep) == expected).all()


def test_grey_becomes_colour(tmp_path):
    Image.fromarray(np.full((4, 6), 77, np.uint8)).save(tmp_path / "grey.png")
    assert (read_photo(tmp_path / "grey.png") == np.full((4, 6, 3), 77)).all()


def test_what_is_transparent_becomes_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = 0, 128, 255  # black: transparent, half so, solid
    Image.fromarray(pixels).save(tmp_path / "alpha.png")
    assert read_photo(tmp_path / "alpha.png")[0, :, 0].tolist() == [255, 127, 0]


def test_what_is_transparent_in_sixteen_bits_becomes_white_too(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint16)
    pixels[0, :, 3] = 0, 32768, 65535
    cv2.imwrite(str(tmp_path / "deep.png"), pixels)
    assert read_photo(tmp_path / "deep.png")[0, :, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_colour_that_is_transparent_becomes_white(tmp_path, mode):
    image = Image.fromarray(RED_OVER_BLUE).convert(mode)
    image.save(tmp_path / "key.png", transparency=image.getpixel((0, 0)))
    picture = read_photo(tmp_path / "key.png")
    assert picture[5, 10].tolist() == [255, 255, 255]
    assert picture[-5, 10, 0] == 255 > picture[-5, 10, 2]


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_a_turned_photo_may_have_an_alpha(tmp_path, suffix):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.rot90(RED_OVER_BLUE).copy()).convert("RGBA").save(tmp_path / f"turned.{suffix}", exif=exif)
    assert looks_right(read_photo(tmp_path / f"turned.{suffix}"))


def test_one_pixel(tmp_path):
    Image.fromarray(RED_OVER_BLUE[:1, :1]).save(tmp_path / "one.png")
    assert read_photo(tmp_path / "one.png").tolist() == [[[0, 0, 255]]]


@pytest.mark.parametrize(
    ("name", "options", "pixels"),
    [
        ("a.jpg", {}, 800),
        ("progressive.jpg", {"progressive": True}, 1600),
        ("a.png", {}, 800),
        ("clear.png", {"mode": "RGBA"}, 1000),
        ("clear grey.png", {"mode": "LA"}, 1000),
        ("one clear colour.png", {"transparency": (1, 2, 3)}, 1000),
        ("a.gif", {}, 1200),
        ("a.webp", {}, 800),
        ("a.tif", {}, 1600),  # in one piece, which is there as stored and unpacked
        ("strips.tif", {"tiffinfo": {278: 4}}, 800),
        ("ink.tif", {"mode": "CMYK", "tiffinfo": {278: 4}}, 800),
        ("ink in one.tif", {"mode": "CMYK"}, 1970),
        ("light.tif", {"mode": "F"}, 2400),
        ("a.bmp", {}, 1280),
        ("a.avif", {}, 1600),
        ("a.heic", {}, 1600),
        ("a.jp2", {}, 2400),
        ("a.tga", {}, 1000),  # by Pillow, which holds four bytes a pixel
    ],
)
@pytest.mark.parametrize("moving", [False, True], ids=["still", "moving"])
def test_of_more_pixels_than_allowed_none_is_decoded(tmp_path, name, options, pixels, moving, monkeypatch):
    pillow_heif.register_heif_opener()
    if moving and name in ("a.gif", "a.webp", "a.png", "a.avif"):
        options = {"save_all": True, "append_images": [Image.fromarray(RED_OVER_BLUE[::-1].copy())]}
        pixels = {"a.webp": 2400, "a.png": 1000}.get(name, pixels)
    save(tmp_path / name, **options)
    data = (tmp_path / name).read_bytes()
    assert decode_photo(data, name, pixels).shape == (40, 20, 3)
    for decoder in ("by_opencv", "by_pillow"):
        monkeypatch.setattr(f"emotion.media.decode.{decoder}", None)  # called, it would be a TypeError
    with pytest.raises(InputError, match=rf"{name}: .*--max-pixels"):
        decode_photo(data, name, pixels - 1)


def test_a_jpeg_may_not_have_thousands_of_passes(monkeypatch):
    """600 kB: a picture of 64 megapixels and 3,000 passes over it, each of 117 bytes. It took two CPU minutes."""
    file = io.BytesIO()
    Image.fromarray(RED_OVER_BLUE).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    assert decode_photo(data, "a.jpg").shape == (40, 20, 3)
    monkeypatch.setattr("emotion.media.decode.MOST_WORK", 100 * 800)
    with pytest.raises(InputError, match=r"a\.jpg: a JPEG of 1\d\d passes"):
        decode_photo(data[:-2] + data[last:-2] * 99 + data[-2:], "a.jpg")


@pytest.mark.parametrize(
    ("suffix", "pixels"),
    [("gif", 4800), ("webp", 5600), ("png", 5600), ("avif", 8000)],
    ids=["GIF", "WebP", "PNG", "AVIF"],
)
def test_several_frames_take_the_memory_of_several(tmp_path, suffix, pixels):
    frames = [Image.fromarray(RED_OVER_BLUE), Image.fromarray(RED_OVER_BLUE[::-1].copy())]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=100)
    with AnimationReader(tmp_path / f"a.{suffix}", max_pixels=pixels) as video:
        assert len(list(video)) == 2
    with pytest.raises(InputError, match="--max-pixels"):
        AnimationReader(tmp_path / f"a.{suffix}", max_pixels=pixels - 1)


def test_a_file_that_is_not_packed_counts_as_well():
    """Of 200 megapixels it has 600 MB, and two copies of the picture come to 1.8 GB with it."""
    data = b"P6 2000 1000 255\n" + bytes(6_000_000)
    assert decode_photo(data, "a.ppm", 3_000_000).shape == (1000, 2000, 3)
    with pytest.raises(InputError, match=r"a\.ppm: 2000 x 1000 pixels, of its kind up to 1\.\d+ million are read"):
        decode_photo(data, "a.ppm", 2_500_000)


def test_a_tile_may_not_be_larger_than_the_limit_either():
    """141 bytes: a picture of 100 x 100 in a tile of 40,000 x 40,000, which took 1.6 GB."""
    entries = [
        (256, 4, 100), (257, 4, 100), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), (322, 4, 40_000),
        (323, 4, 40_000), (324, 4, 150), (325, 4, 17),
    ]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    data = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(4)
    with pytest.raises(InputError, match=r"a\.tif: 100 x 100 pixels in pieces of 1600 million, .*--max-pixels"):
        decode_photo(data + bytes(100), "a.tif")


def test_a_chunk_that_is_longer_than_its_file_takes_no_memory(monkeypatch):
    """OpenCV would take as much as the chunk says, up to 4 GB, before it looks whether that is there."""
    whole = cv2.imencode(".png", RED_OVER_BLUE)[1].tobytes()
    at = whole.index(b"IDAT") - 4
    asked = []
    monkeypatch.setattr(cv2, "imdecode", lambda *_: asked.append(1))
    with suppress(InputError):  # Pillow reads it all the same
        decode_photo(whole[:at] + (2**31).to_bytes(4, "big") + whole[at + 4 :], "a.png")
    assert not asked


def test_of_large_pictures_pillow_does_not_warn():
    image = Image.fromarray(RED_OVER_BLUE).convert("RGBA")
    file = io.BytesIO()
    image.save(file, "TIFF", tiffinfo={278: 4})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert decode_photo(file.getvalue(), "a.tif", 1000).shape == (40, 20, 3)
    assert not said


@pytest.mark.parametrize(("allowed", "limit"), [(1000, 90_000_000), (400_000_000, 200_000_000)], ids=["few", "many"])
def test_pillows_own_limit_stays_on_and_never_falls(allowed, limit, monkeypatch):
    """It holds for what is drawn as well: a label of 800 pixels, after a picture of which 1,000 were allowed."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90_000_000)
    decode_photo(cv2.imencode(".png", RED_OVER_BLUE)[1].tobytes(), "a.png", allowed)
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_pipe_and_a_device_are_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    for name in ("pipe.jpg", "zero.jpg"):
        with pytest.raises(InputError, match=rf"{name}: a pipe or a device, no file"):
            read_photo(tmp_path / name)
    with pytest.raises(InputError, match=r"self\.jpg: too many levels of symbolic links"):
        read_photo(tmp_path / "self.jpg")


def test_a_file_larger_than_any_picture_is_not_read_whole(tmp_path):
    with (tmp_path / "a.bmp").open("wb") as file:
        file.truncate(4001)
    with pytest.raises(InputError, match=r"a\.bmp: more than 0 MB, too large for a picture"):
        read_photo(tmp_path / "a.bmp", 1000)


def truncated(tmp_path):
    save(tmp_path / "whole.jpg")
    return (tmp_path / "whole.jpg").read_bytes()[:500]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(lambda folder: b"", "an empty file", id="empty"),
        pytest.param(lambda folder: b"Dear diary, ...", "not a picture", id="text"),
        pytest.param(lambda folder: b"\x89PNG\r\n\x1a\n", "not a picture", id="the first bytes of a PNG"),
        pytest.param(truncated, "not a picture that can be read, or a damaged one", id="truncated"),
    ],
)
def test_bad_files(tmp_path, content, reason, capfd):
    (tmp_path / "bad.jpg").write_bytes(content(tmp_path))
    with pytest.raises(InputError, match=rf"bad\.jpg: {reason}"):
        read_photo(tmp_path / "bad.jpg")


def test_of_a_video_it_is_said_what_reads_it(tmp_path):
    (tmp_path / "IMG_1.MOV").write_bytes(b"\0\0\0\x14ftypqt  ")
    with pytest.raises(InputError, match=r"IMG_1\.MOV: a video, not a picture; vid_predict\.py takes it"):
        read_photo(tmp_path / "IMG_1.MOV")


def test_a_damaged_jpeg_is_named_and_no_library_speaks_for_itself(tmp_path, capfd, notes, monkeypatch):
    monkeypatch.setattr(OWNED, "is_set", lambda: True)
    save(tmp_path / "a.jpg", quality=95)
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    middle = (data.index(b"\xff\xda") + len(data)) // 2
    data[middle : middle + 8] = b"\xff\xd3" * 4  # marks of a restart where there is none
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_photo(tmp_path / "a.jpg").shape == (40, 20, 3)
    assert re.fullmatch(r".*a\.jpg: damaged; what is left of it is read \(Corrupt JPEG data: .*\)", notes[-1])
    assert set(capfd.readouterr().err.splitlines()) <= {notes[-1]}


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"absent\.jpg: no such file"):
        read_photo(tmp_path / "absent.jpg")
    with pytest.raises(InputError, match=r"a folder without a picture"):
        read_photo(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "новая папка/a.PNG"])
def test_written_and_read_again(tmp_path, name):
    picture = np.ascontiguousarray(RED_OVER_BLUE[..., ::-1])
    write_photo(tmp_path / name, picture)
    assert (read_photo(tmp_path / name) == picture).all()
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [(tmp_path / name).name]  # nothing unfinished


def test_a_picture_cannot_be_written_there(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"a\.png: cannot be written"):
        write_photo(tmp_path / "file" / "a.png", RED_OVER_BLUE)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=r"folder\.png: cannot be written"):
        write_photo(tmp_path / "folder.png", RED_OVER_BLUE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_picture_too_large_for_its_format(tmp_path):
    with pytest.raises(InputError, match=r"a\.webp: 20000x2 is too large for that format; name a \.png"):
        write_photo(tmp_path / "a.webp", np.zeros((2, 20000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_that_names_no_picture(tmp_path):
    with pytest.raises(InputError, match=r"a\.mp3: cannot write that kind"):
        write_photo(tmp_path / "a.mp3", RED_OVER_BLUE)
