import csv
import json

import numpy as np
import pytest

from emotion.errors import InputError
from emotion.face_detector import Box
from emotion.recognizer import Recognition
from emotion.results import Records, face_record

LABELS = ("calm", "joie")
FACE = Recognition(Box(10, 20, 30, 40), "joie", np.array([0.25, 0.75], np.float32), 7)


def write(json_path=None, csv_path=None):
    with Records(json_path, csv_path, LABELS, {"files": ["m.h5"]}, "né.mp4", 29.97) as records:
        records.add(0, 0.0, [FACE, FACE])
        records.add(1, 1 / 29.97, [])
        records.add(2, 2 / 29.97, [FACE])


def test_a_face():
    assert face_record(FACE, LABELS) == {
        "id": 7,
        "box": [10, 20, 30, 40],
        "label": "joie",
        "confidence": 0.75,
        "emotions": {"calm": 0.25, "joie": 0.75},
    }


def test_json(tmp_path):
    write(json_path=tmp_path / "r.json")
    record = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    frames = record.pop("frames")
    assert record == {
        "schema": 1, "model": {"files": ["m.h5"]}, "labels": ["calm", "joie"], "source": "né.mp4", "fps": 29.97,
    }  # fmt: skip
    assert [(frame["index"], frame["time_s"], len(frame["faces"])) for frame in frames] == [
        (0, 0.0, 2),
        (1, 0.0334, 0),  # a frame without a face stays
        (2, 0.0667, 1),
    ]
    assert frames[2]["faces"] == [face_record(FACE, LABELS)]


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


def test_an_interruption_keeps_what_was_done(tmp_path):
    with pytest.raises(KeyboardInterrupt), Records(tmp_path / "r.json", None, LABELS, {}) as records:
        records.add(0, 0.0, [FACE])
        raise KeyboardInterrupt
    assert len(json.loads((tmp_path / "r.json").read_text())["frames"]) == 1


def test_until_it_is_done_the_file_has_no_name(tmp_path):
    with Records(tmp_path / "r.json", None, LABELS, {}):
        assert not (tmp_path / "r.json").exists()
    assert (tmp_path / "r.json").exists()


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match=r"r\.csv: cannot be written \(no such file or directory\)"):
        Records(tmp_path / "r.json", tmp_path / "absent" / "r.csv", LABELS, {})
    assert list(tmp_path.iterdir()) == []
