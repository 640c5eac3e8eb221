import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.results.records import Records, face_record

LABELS = ("calm", "joie")
FACE = Recognition(Box(10, 20, 30, 40), LABELS, np.array([0.25, 0.75], np.float32), 7)


def write(json_path=None, csv_path=None):
    with Records(json_path, csv_path, LABELS, {"files": ["m.h5"]}, "né.mp4", 29.97) as records:
        records.add(0, 0.0, [FACE, FACE])
        records.add(1, 1 / 29.97, [])
        records.add(2, 2 / 29.97, [FACE])


def test_a_face():
    assert face_record(FACE) == {
        "id": 7,
        "box": [10, 20, 30, 40],
        "label": "joie",
        "confidence": 0.75,
        "emotions": {"calm": 0.25, "joie": 0.75},
    }


def test_probabilities_have_four_places():
    record = face_record(Recognition(Box(0, 0, 1, 1), LABELS, np.array([1 / 3, 2 / 3], np.float32)))
    assert (record["confidence"], record["emotions"]) == (0.6667, {"calm": 0.3333, "joie": 0.6667})


def test_json(tmp_path):
    write(json_path=tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert '"né.mp4"' in text, "for people to read"
    record = json.loads(text)
    frames = record.pop("frames")
    assert record == {
        "schema": 1, "model": {"files": ["m.h5"]}, "labels": ["calm", "joie"], "source": "né.mp4", "fps": 29.97,
    }  # fmt: skip
    assert [(frame["index"], frame["time_s"], len(frame["faces"])) for frame in frames] == [
        (0, 0.0, 2),
        (1, 0.0334, 0),  # a frame without a face stays
        (2, 0.0667, 1),
    ]
    assert frames[2]["faces"] == [face_record(FACE)]


def test_csv(tmp_path):
    write(csv_path=tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == "frame,time_s,source,id,x,y,width,height,label,confidence,calm,joie"
    assert rows[3] == ["2", "0.0667", "né.mp4", "7", "10", "20", "30", "40", "joie", "0.75", "0.25", "0.75"]
    assert len(rows) == 4


def test_photos_have_sources_and_no_times(tmp_path):
    with Records(tmp_path / "r.json", tmp_path / "r.csv", LABELS, {}) as records:
        records.add(0, None, [FACE], source="a.jpg")
    frame = json.loads((tmp_path / "r.json").read_text())["frames"][0]
    assert (frame["source"], frame["time_s"]) == ("a.jpg", None)
    assert (tmp_path / "r.csv").read_text().splitlines()[1].startswith("0,,a.jpg,7,10,")


def test_no_frames_are_valid_json(tmp_path):
    with Records(tmp_path / "r.json", None, LABELS, {}):
        pass
    assert json.loads((tmp_path / "r.json").read_text())["frames"] == []


def test_nothing_asked_for_nothing_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_old_file_and_nothing_new(tmp_path):
    (tmp_path / "r.json").write_text("old")
    with pytest.raises(ZeroDivisionError), Records(tmp_path / "r.json", tmp_path / "r.csv", LABELS, {}) as records:
        records.add(0, 0.0, [FACE])
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert (tmp_path / "r.json").read_text() == "old"


@pytest.mark.parametrize("end", [KeyboardInterrupt, BrokenPipeError], ids=["Ctrl-C", "a reader who left"])
def test_what_was_done_is_kept_after(tmp_path, end):
    with pytest.raises(end), Records(tmp_path / "r.json", None, LABELS, {}) as records:
        records.add(0, 0.0, [FACE])
        raise end
    assert len(json.loads((tmp_path / "r.json").read_text())["frames"]) == 1


def test_until_it_is_done_the_file_has_no_name(tmp_path):
    with Records(tmp_path / "r.json", None, LABELS, {}):
        assert not (tmp_path / "r.json").exists()
    assert (tmp_path / "r.json").exists()


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match=r"r\.csv: cannot be written \(no such file or directory\)"):
        Records(tmp_path / "r.json", tmp_path / "absent" / "r.csv", LABELS, {})
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    with Records(tmp_path / "r.json", tmp_path / "r.csv", LABELS, {}, source=name) as records:
        records.add(0, None, [FACE], source=name)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["source"] == "caf\udce9.jpg"
    assert r"caf\udce9.jpg" in (tmp_path / "r.csv").read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("emotion.results.records.unfinished_path", lambda path: tmp_path / "full")
    (tmp_path / "full").symlink_to("/dev/full")
    with (
        pytest.raises(InputError, match=r"r\.json: cannot be written \(no space left on device\)"),
        Records(tmp_path / "r.json", None, LABELS, {}) as records,
    ):
        records.add(0, 0.0, [FACE] * 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_by_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"r\.json: cannot be written"):  # noqa: SIM117, the folder comes in between
        with Records(tmp_path / "r.json", None, LABELS, {}):
            (tmp_path / "r.json").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
