"""What a visitor sends is a small JPEG or ends the connection, for little."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion import Box, Recognition
from emotion.web import messages
from emotion.web.messages import (
    MAX_MESSAGE,
    RateLimit,
    RefusedError,
    decode_picture,
    decode_text,
    encode_picture,
    faces_message,
)

PICTURE = np.full((48, 64, 3), (60, 90, 200), np.uint8)
FACE = Recognition(Box(1, 2, 30, 40), ("joy", "other"), np.array([0.75, 0.25], np.float32), 3)


def packed(jpeg, number=7):
    return number.to_bytes(4, "big") + bytes(4) + jpeg


def as_jpeg(picture, *options):
    return cv2.imencode(".jpg", picture, options)[1].tobytes()


def claiming(jpeg, width, height):
    """The JPEG with another size in its header."""
    start = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:start] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[start + 4 :]


def test_a_picture_arrives_with_its_number():
    number, picture = decode_picture(packed(as_jpeg(PICTURE)))
    assert number == 7
    assert picture.shape == (48, 64, 3)
    assert np.abs(picture.astype(int) - PICTURE).max() < 6


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 1003),
        (b"\0", 1003),
        (packed(b""), 1003),
        (packed(b"junk" * 1000), 1003),
        (packed(b"\xff\xd8\xff"), 1003),
        (packed(as_jpeg(PICTURE)[:40]), 1003),
        (packed(cv2.imencode(".png", PICTURE)[1].tobytes()), 1003),
        (packed(as_jpeg(PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)), 1003),
        (packed(claiming(as_jpeg(PICTURE), 65500, 65500)), 1009),
        (packed(claiming(as_jpeg(PICTURE), 2049, 2048)), 1009),
        (packed(claiming(as_jpeg(PICTURE), 0, 48)), 1003),
    ],
    ids=["nothing", "one byte", "no jpeg", "junk", "a beginning", "cut short", "png", "progressive", "4 gigapixels",
         "just too large", "no width"],
)  # fmt: skip
def test_what_is_no_small_picture_is_refused(data, code):
    with pytest.raises(RefusedError) as refusal:
        decode_picture(data)
    assert refusal.value.code == code


@given(st.binary(max_size=300))
def test_any_bytes_are_a_picture_or_refused(data):
    for tried in (data, packed(as_jpeg(PICTURE)[: len(data)] + data)):
        try:
            decode_picture(tried)
        except RefusedError as refusal:
            assert refusal.code in (1003, 1009)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "[" * 100_000, '{"a": 1e999}x', "\ud800"])
def test_text_that_is_no_message_is_refused(text):
    with pytest.raises(RefusedError) as refusal:
        decode_text(text)
    assert refusal.value.code == 1003


def test_faces_are_told_as_in_the_records():
    message = faces_message(7, PICTURE, 1.23456, [FACE])
    assert message == {
        "type": "faces", "number": 7, "time_s": 1.2346, "width": 64, "height": 48,
        "faces": [FACE.as_dict()],
    }  # fmt: skip


def test_a_picture_goes_out_with_what_is_said_of_it():
    data = encode_picture(7, {"text": "é"}, PICTURE)
    length = int.from_bytes(data[4:8], "big")
    assert int.from_bytes(data[:4], "big") == 7
    assert json.loads(data[8 : 8 + length]) == {"text": "é"}
    assert cv2.imdecode(np.frombuffer(data[8 + length :], np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)
    assert len(data) < MAX_MESSAGE


def test_the_rate_is_limited_and_recovers(monkeypatch):
    now = 100.0
    monkeypatch.setattr(messages.time, "monotonic", lambda: now)
    limit = RateLimit(10, 2)
    for _ in range(20):
        limit.take()
    with pytest.raises(RefusedError) as refusal:
        limit.take()
    assert refusal.value.code == 1008
    now = 101.5
    for _ in range(10):
        limit.take()
