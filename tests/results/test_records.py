import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.geometry import Box
from emotion.results.records import Records

LABELS = ("calm", "joie")
FACE = Recognition(Box(10, 20, 30, 40), LABELS, np.array([0.25, 0.75], np.float32), 7, 0.91234, -20.04)


def write(json_path=None, csv_path=None):
    with Records(json_path, csv_path, LABELS, {"files": ["m.h5"]}, "né.mp4", 29.97) as records:
        records.add(0, 0.0, [FACE, FACE])
        records.add(1, 1 / 29.97, [])
        records.add(2, 2 / 29.97, [FACE])


def test_json(tmp_path):
    write(json_path=tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert '"né.mp4"' in text, "for people to read"
    record = json.loads(text)
    frames = record.pop("frames")
    assert record == {
        "schema": 1, "model": {"files": ["m.h5"]}, "labels": ["calm", "joie"], "source": "né.mp4", "fps": 29.97,
        "complete": True,
    }  # fmt: skip
    assert [(frame["index"], frame["time_s"], len(frame["faces"])) for frame in frames] == [
        (0, 0.0, 2),
        (1, 0.0334, 0),  # a frame without a face stays
        (2, 0.0667, 1),
    ]
    assert frames[2]["faces"] == [FACE.as_dict()]


def test_csv(tmp_path):
    write(csv_path=tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert (
        ",".join(rows[0]) == "frame,time_s,source,status,id,x,y,width,height,detection,tilt,label,confidence,calm,joie"
    )
    assert rows[3] == ["2", "0.0667", "né.mp4", "ok", "7", "10", "20", "30", "40", "0.9123", "-20.0",
                       "joie", "0.75", "0.25", "0.75"]  # fmt: skip
    assert len(rows) == 4


def test_photos_have_sources_and_no_times(tmp_path):
    with Records(tmp_path / "r.json", tmp_path / "r.csv", LABELS, {}) as records:
        records.add(0, None, [FACE], source="a.jpg")
    frame = json.loads((tmp_path / "r.json").read_text())["frames"][0]
    assert (frame["source"], frame["time_s"]) == ("a.jpg", None)
    assert (tmp_path / "r.csv").read_text().splitlines()[1].startswith("0,,a.jpg,ok,7,10,")


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_photo_has_a_row_also_without_a_face_and_when_it_failed(tmp_path):
    with Records(tmp_path / "r.json", tmp_path / "r.csv", LABELS, {}) as records:
        records.add(0, None, [FACE, FACE], source="a.jpg")
        records.add(1, None, [], source="b.jpg")
        records.fail(2, "c.jpg", "an empty file")
    rows = table(tmp_path / "r.csv")
    assert [(row["source"], row["status"], row["label"]) for row in rows] == [
        ("a.jpg", "ok", "joie"), ("a.jpg", "ok", "joie"), ("b.jpg", "no face", ""), ("c.jpg", "failed: an empty file", ""),
    ]  # fmt: skip
    assert json.loads((tmp_path / "r.json").read_text())["frames"][2] == {
        "index": 2, "time_s": None, "source": "c.jpg", "problem": "an empty file", "faces": [],
    }  # fmt: skip


def test_what_is_incomplete_says_so_in_every_format(tmp_path):
    for name in ("r.json", "r.jsonl"):
        with Records(tmp_path / name, tmp_path / "r.csv", LABELS, {}, "a.mp4") as records:
            records.add(0, 0.0, [FACE])
            records.problem = "cut short"
    whole = json.loads((tmp_path / "r.json").read_text())
    last = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[-1])
    assert (whole["complete"], whole["problem"]) == (False, "cut short")
    assert last == {"complete": False, "problem": "cut short"}
    assert table(tmp_path / "r.csv")[-1]["status"] == "incomplete: cut short"


@pytest.mark.parametrize("name", ["r.jsonl", "r.NDJSON"])
def test_json_lines_are_one_object_a_frame(tmp_path, name):
    write(json_path=tmp_path / name)
    frames = [json.loads(line) for line in (tmp_path / name).read_text(encoding="utf-8").splitlines()]
    assert [(frame["source"], frame["index"], len(frame["faces"])) for frame in frames] == [
        ("né.mp4", 0, 2), ("né.mp4", 1, 0), ("né.mp4", 2, 1),
    ]  # fmt: skip
    assert frames[0]["faces"][0] == FACE.as_dict()


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_is_a_formula(tmp_path, first):
    with Records(None, tmp_path / "r.csv", (f"{first}calm", "joie"), {}) as records:
        records.add(0, None, [FACE], source=f'{first}HYPERLINK("http://a","b").jpg')
    (row,) = table(tmp_path / "r.csv")
    assert row["source"] == f'\'{first}HYPERLINK("http://a","b").jpg'
    assert row[f"'{first}calm"] == "0.25"


@given(st.text(), st.text())
def test_any_name_is_one_cell(tmp_path_factory, name, label):
    path = tmp_path_factory.mktemp("table") / "r.csv"
    face = Recognition(Box(1, 2, 3, 4), (label, "x"), np.array([0.75, 0.25], np.float32))
    with Records(None, path, (label, "x"), {}) as records:
        records.add(0, None, [face], source=name)
    with path.open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert len(header) == len(row) == 15
    assert (row[2].removeprefix("'"), row[11].removeprefix("'")) == tuple(
        text.encode("utf-8", "backslashreplace").decode().removeprefix("'") for text in (name, label)
    )
    assert b"\r\n" not in path.read_bytes().replace(b"\r\n", b"", name.count("\r\n") + 2 * label.count("\r\n"))


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
    record = json.loads((tmp_path / "r.json").read_text())
    assert (len(record["frames"]), record["complete"], record["problem"]) == (1, False, "interrupted")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            InputError("film.mp4: cannot be written (no space left on device)"),
            "film.mp4: cannot be written (no space left",
        ),
        (OSError(28, "No space left on device"), "no space left on device"),
    ],
    ids=["another output", "stdout"],
)
def test_what_was_done_is_kept_where_another_disk_is_full(tmp_path, error, problem):
    paths = tmp_path / "r.json", tmp_path / "r.csv"
    with pytest.raises(type(error)), Records(*paths, LABELS, {}) as records:
        records.add(0, 0.0, [FACE])
        raise error
    record = json.loads(paths[0].read_text())
    assert (len(record["frames"]), record["complete"]) == (1, False)
    assert record["problem"].startswith(problem)
    assert f"incomplete: {problem}" in paths[1].read_text()


def test_a_refused_call_leaves_no_records(tmp_path):
    with pytest.raises(InputError), Records(tmp_path / "r.json", None, LABELS, {}):
        raise InputError("film.mp4: holds no video")
    assert list(tmp_path.iterdir()) == []


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
    assert records.lost
    records.fail(1, "b.mp4", "after that nothing is written, and nothing breaks")


def test_a_place_that_is_taken_by_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"r\.json: cannot be written"):  # noqa: SIM117, the folder comes in between
        with Records(tmp_path / "r.json", None, LABELS, {}):
            (tmp_path / "r.json").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
