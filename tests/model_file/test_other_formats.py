"""Networks saved as .tflite and .onnx: run as they are, scaled as is said, refused where they are damaged."""

import shutil
import struct
import sys

import cv2
import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.classifier import load_classifier
from emotion.labels import SEVEN_EMOTIONS
from emotion.model_file.other_formats import input_shape

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
WEIGHTS = np.random.default_rng(1).standard_normal((8 * 8, 3)).astype(np.float32)


def varint(value: int) -> bytes:
    return bytes([value & 127 | 128]) + varint(value >> 7) if value > 127 else bytes([value])


def message(*fields: tuple[int, bytes | str | int]) -> bytes:
    """A message in Protocol Buffers."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def value_info(name: str, *shape: int) -> bytes:
    dims = [(1, message((1, side))) for side in shape]
    return message((1, name), (2, message((1, message((1, 1), (2, message(*dims)))))))


def write_onnx(path, end: str = "Softmax", shape=(1, 1, 8, 8), outside: bool = False):
    """face (1, 1, 8, 8) -> Flatten -> MatMul -> `end`, as the format's specification has it."""
    nodes = [
        (1, message((1, "face"), (2, "flat"), (3, "f"), (4, "Flatten"))),
        (1, message((1, "flat"), (1, "w"), (2, "logits"), (3, "m"), (4, "MatMul"))),
        (1, message((1, "logits"), (2, "out"), (3, "e"), (4, end))),
    ]
    weights = [(1, WEIGHTS.shape[0]), (1, WEIGHTS.shape[1]), (2, 1), (8, "w"), (9, WEIGHTS.tobytes())]
    constant = (5, message(*weights, *([(13, b"")] * outside)))
    ends = [(11, value_info("face", *shape)), (12, value_info("out", 1, 3))]
    graph = message(*nodes, (2, "net"), constant, *ends)
    path.write_bytes(message((1, 8), (7, graph), (8, message((1, ""), (2, 13)))))
    return path


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def sigmoid_shares(logits):
    scores = 1 / (1 + np.exp(-logits))
    return scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "shares", "told"),
    [
        ("Softmax", softmax, None),
        ("Identity", softmax, "its outputs are logits"),
        ("Sigmoid", sigmoid_shares, "its outputs are a score for each class by itself"),
    ],
    ids=["probabilities", "logits", "scores"],
)
def test_an_onnx_file(end, shares, told, tmp_path, notes):
    path = write_onnx(tmp_path / "net.onnx", end)
    found = load_classifier([path], labels=("a", "b", "c"), scaling="-1-1").classify(FACES)
    small = np.stack([cv2.resize(face, (8, 8), interpolation=cv2.INTER_LINEAR) for face in FACES]).astype(np.float32)
    expected = shares((small / 127.5 - 1).reshape(3, -1) @ WEIGHTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    said = [note for note in notes if "its outputs are" in note]
    assert len(said) == (1 if told else 0) and all(told in note for note in said)
    assert any("scaled to -1-1 (as --scaling says)" in note for note in notes)


@pytest.mark.slow
def test_a_network_without_an_answer_to_black(tmp_path):
    path = write_onnx(tmp_path / "net.onnx", "Reciprocal")
    classifier = load_classifier([path], labels=("a", "b", "c"), scaling="0-1")
    assert np.isfinite(classifier.classify(FACES)).all()
    with pytest.raises(InputError, match=r"net\.onnx: refused: its outputs are no numbers"):
        classifier.classify(np.zeros((1, 48, 48), np.uint8))


@pytest.mark.slow
def test_a_light_file_by_its_own_name(tiny_light, tmp_path):
    """It carries its card, and can go where no TensorFlow is."""
    alone = shutil.copy(tiny_light, tmp_path / "alone.tflite")
    classifier = load_classifier([alone])
    assert classifier.labels == SEVEN_EMOTIONS
    beside = load_classifier([tiny_light.with_suffix(".h5")])
    np.testing.assert_array_equal(classifier.classify(FACES), beside.classify(FACES))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_graph_ends_another_process(tiny_light, tmp_path, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(tiny_light.read_bytes())
    for place in rng.integers(0, len(data), 200):
        data[place] = rng.integers(0, 256)
    (tmp_path / "m.tflite").write_bytes(data)
    try:
        assert load_classifier([tmp_path / "m.tflite"], labels=SEVEN_EMOTIONS).classify(FACES).shape == (3, 7)
    except InputError as error:
        assert str(error).startswith(f"{tmp_path / 'm.tflite'}: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data"),
    [("a.onnx", b""), ("a.onnx", b"text"), ("a.tflite", b"text"), ("a.onnx", struct.pack("<I", 2**31))],
    ids=["empty", "text", "text for a light one", "no field"],
)
def test_what_is_no_network(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=rf"{name}: cannot be run: "):
        load_classifier([tmp_path / name], labels=("a", "b"))


def test_the_shape_of_an_onnx_input(tmp_path):
    assert input_shape(write_onnx(tmp_path / "a.onnx", shape=(1, 3, 64, 64))) == (1, 3, 64, 64)
    with pytest.raises(ValueError, match="expected one face in, got"):
        input_shape(write_onnx(tmp_path / "b.onnx", shape=(1, 9)))
    with pytest.raises(ValueError, match="expected one face in, got"):
        input_shape(write_onnx(tmp_path / "c.onnx", shape=(1, 3, 30000, 30000)))
    with pytest.raises(ValueError, match="its weights lie in another file"):
        input_shape(write_onnx(tmp_path / "d.onnx", outside=True))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.onnx: no such model file"):
        load_classifier([tmp_path / "none.onnx"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the system's limit on memory is Linux's")
def test_a_graph_of_few_bytes_that_asks_for_gigabytes(tmp_path):
    """A convolution whose border is 12,000 wide: OpenCV took 4.6 GB and went on."""
    sides = [(1, "pads"), *[(8, 12_000)] * 4, (20, 7)]
    nodes = [
        (1, message((1, "face"), (1, "w"), (2, "wide"), (3, "c"), (4, "Conv"), (5, message(*sides)))),
        (1, message((1, "wide"), (2, "mean"), (3, "g"), (4, "GlobalAveragePool"))),
        (1, message((1, "mean"), (2, "out"), (3, "f"), (4, "Flatten"))),
    ]
    kernel = np.ones((2, 1, 3, 3), np.float32).tobytes()
    constant = (5, message((1, 2), (1, 1), (1, 3), (1, 3), (2, 1), (8, "w"), (9, kernel)))
    graph = message(*nodes, (2, "net"), constant, (11, value_info("face", 1, 1, 8, 8)), (12, value_info("out", 1, 2)))
    path = tmp_path / "a.onnx"
    path.write_bytes(message((1, 8), (7, graph), (8, message((1, ""), (2, 13)))))
    with pytest.raises(InputError, match=r"a\.onnx: cannot be run: .*Insufficient memory"):
        load_classifier([path], labels=("a", "b"))
