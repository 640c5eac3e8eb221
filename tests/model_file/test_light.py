import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from made_videos import make_video

from emotion.errors import InputError
from emotion.faces.detection import Detection
from emotion.faces.recognizer import crop_faces
from emotion.geometry import Box
from emotion.model_file import light as light_model
from emotion.model_file.h5 import load_model
from emotion.model_file.light import LightModel, find_light, graph_checksum, read_light_card, write_light
from emotion.model_file.stored import sha256

pytestmark = pytest.mark.slow


@pytest.fixture
def model(tiny_model, tmp_path) -> Path:
    """A copy of the small model, without its light file."""
    return Path(shutil.copy(tiny_model, tmp_path / "m.h5"))


@pytest.fixture(scope="module")
def both(repository):
    """What the shipped network says of faces, uint8 (N, 48, 48), in the light runtime and in Keras."""
    path = repository / "models" / "fer.h5"
    light, model = LightModel(find_light(path)), load_model(path)

    def ask(faces) -> tuple[np.ndarray, np.ndarray]:
        faces = faces[..., None].astype(np.float32)
        return light.predict(faces), np.array(model(faces, training=False))

    return ask


def test_keras_and_the_light_runtime_agree(both, face_photo):
    """For a face, another crop of it, and noise."""
    gray = cv2.cvtColor(face_photo, cv2.COLOR_BGR2GRAY)
    noise = np.random.default_rng(0).integers(0, 256, (8, 48, 48), np.uint8)
    crops = crop_faces(gray, [Detection(box) for box in (Box(177, 66, 95, 95), Box(160, 50, 130, 130))])
    light, keras = both(np.concatenate([crops, noise]))
    assert np.abs(light - keras).max() < 1e-4
    assert np.allclose(light.sum(axis=1), 1, atol=1e-5)


def test_of_a_wall_of_one_grey_they_say_nearly_the_same(both):
    """Where there is no contrast, the last bit of the mean is all that the light runtime has left to look at."""
    light, keras = both(np.stack([np.full((48, 48), grey, np.uint8) for grey in (0, 128, 255)]))
    assert np.abs(light - keras).max() < 1e-3


def test_the_light_file_names_its_model_and_repeats_its_card(tiny_light, tiny_model):
    about = read_light_card(tiny_light)
    assert about["sha256"] == sha256(tiny_model)
    assert about["card"] == json.loads(tiny_model.with_suffix(".json").read_text())


def test_many_faces_or_none(tiny_light):
    model = LightModel(tiny_light)
    faces = np.random.default_rng(0).uniform(0, 255, (20, *model.face_shape)).astype(np.float32)
    together = model.predict(faces)
    assert together.shape == (20, 7)
    assert np.array_equal(together[[13]], model.predict(faces[[13]]))
    assert model.predict(faces[:0]).shape == (0, 7)


def test_what_the_cache_holds_is_used(tiny_model, notes):
    first = find_light(tiny_model)  # made by another test, or now
    before = first.stat().st_mtime_ns
    notes.clear()
    assert find_light(tiny_model) == first
    assert (first.stat().st_mtime_ns, notes) == (before, [])


@pytest.fixture
def copied(tiny_light, tmp_path, monkeypatch):
    """Light files are copies of another, made at once; in a cache of the test's own."""

    def write(path, light=None, scaling=None):
        place = light_model.cached_light(sha256(path), scaling)
        place.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(place, "w") as file:
            file.writestr("card.json", json.dumps({"sha256": sha256(path), "card": None, "graph": graph_checksum(b"")}))
        return place

    monkeypatch.setattr(light_model, "write_light", write)
    monkeypatch.setattr(light_model, "cache_folder", lambda: tmp_path / "cache")


def test_of_each_model_and_scaling_one_is_made_and_said_so(model, copied, notes, tmp_path):
    first = find_light(model)
    assert first.parent == tmp_path / "cache"
    assert "m.h5: making its light copy" in notes[0]
    assert find_light(model) == first
    assert len(notes) == 1
    assert find_light(model, "-1-1") != first
    with h5py.File(model, "r+") as file:
        file.attrs["more"] = "another model"
    assert find_light(model) != first
    assert len(notes) == 3


@pytest.mark.parametrize("planted", [True, False], ids=["of the same hash", "of none"])
def test_a_light_file_that_came_along_is_not_looked_at(model, copied, tiny_light, planted):
    beside = Path(shutil.copy(tiny_light, model.with_suffix(".tflite")))
    if not planted:
        beside.write_bytes(b"theirs")
    before = beside.read_bytes()
    assert find_light(model) != beside
    assert beside.read_bytes() == before


def test_of_a_folder_copied_over_ours_the_light_file_is_not_looked_at(model, copied, tiny_light, monkeypatch):
    monkeypatch.setattr(light_model, "MODEL", model)
    beside = Path(shutil.copy(tiny_light, model.with_suffix(".tflite")))
    assert find_light(model) != beside


def test_a_damaged_graph_in_the_cache_is_made_again(model, copied, tiny_light, notes):
    """The runtime would end in a crash of the process, not in an error."""
    cached = light_model.cached_light(sha256(model), None)
    cached.parent.mkdir()
    shutil.copy(tiny_light, cached)
    assert (find_light(model), notes) == (cached, [])
    graph = bytearray(cached.read_bytes())
    graph[len(graph) // 3] ^= 1
    cached.write_bytes(graph)
    assert find_light(model) == cached
    assert len(notes) == 1


def test_the_shipped_light_file_is_that_of_the_shipped_model(repository, notes):
    light = find_light(repository / "models" / "fer.h5")
    assert light == repository / "models" / "fer.tflite"
    assert notes == []


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-40], lambda data: b"text"], ids=["empty", "cut", "text"]
)
def test_a_damaged_light_file_is_no_light_file(tiny_light, tmp_path, damage):
    (tmp_path / "m.tflite").write_bytes(damage(tiny_light.read_bytes()))
    assert read_light_card(tmp_path / "m.tflite") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("else.txt", ""),
        ("card.json", "[]"),
        ("card.json", '{"sha256": 3, "card": null}'),
        ("card.json", '{"sha256": "0", "card": {"labels": ["a", "a"]}}'),
        ("card.json", "[" * 99_999),
        ("card.json", " " * (2**24 + 1)),
    ],
    ids=["no card", "a list", "no hash", "a label twice", "deep", "blanks"],
)
def test_a_zip_that_is_no_light_file(name, text, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.tflite", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    assert read_light_card(tmp_path / "m.tflite") is None


def test_a_zip_whose_card_ends_beyond_the_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.tflite", "w") as file:
        file.writestr("card.json", '{"sha256": "0", "card": null}')
    data = bytearray((tmp_path / "m.tflite").read_bytes())
    at = data.index(b"PK\1\2") + 20  # the sizes, packed and unpacked, in the list at the end
    data[at : at + 8] = (2**20).to_bytes(4, "little") * 2
    (tmp_path / "m.tflite").write_bytes(data)
    assert read_light_card(tmp_path / "m.tflite") is None


def test_what_cannot_be_converted(tmp_path):
    with pytest.raises(InputError, match=r"absent\.h5: no such model file"):
        find_light(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(InputError, match=r"text\.h5: not an HDF5"):
        find_light(tmp_path / "text.h5")


def test_the_childs_error_is_told_in_one_line(tmp_path):
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(InputError, match=r"^[^\n]*text\.h5: not an HDF5[^\n]*$"):
        write_light(tmp_path / "text.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["text.h5"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_while_it_is_made(repository, model, tmp_path, tmp_path_factory):
    """A terminal sends it to all its processes, the one that makes the file too."""
    make_video(tmp_path / "grey.mp4", [np.full((48, 64, 3), 128, np.uint8)] * 3)
    command = [sys.executable, repository / "vid_predict.py", "grey.mp4", "--model", model, "-o", "out.mp4"]
    empty = os.environ | {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    with subprocess.Popen(
        list(map(str, command)), cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True, env=empty
    ) as process:
        assert "making its light copy" in process.stderr.readline()
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert (process.returncode, told) == (130, "vid_predict.py: interrupted; what was done is kept\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grey.mp4", "m.h5"]
