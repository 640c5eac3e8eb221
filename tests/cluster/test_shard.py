"""What a worker does, in this process: the same as img_predict.py and vid_predict.py say of each file."""

import errno
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_videos import make_video, scene

from emotion import Recognizer, read_photo
from emotion.cluster import shard
from emotion.cluster.plan import cut
from emotion.cluster.settings import Settings, detector_hashes, versions
from emotion.cluster.shard import ShardTask, Watch, process
from emotion.cluster.sources import WorkerError
from emotion.errors import InputError
from emotion.model_file.stored import sha256


@pytest.fixture
def settings(tiny_model) -> Settings:
    detector = detector_hashes(Recognizer.for_photos(tiny_model))
    return Settings(str(Path.cwd()), (str(tiny_model),), (sha256(tiny_model),), detector, versions())


def never(place: int) -> None:
    pytest.fail(f"gave up {place}")


def task(*sources) -> ShardTask:
    (one,) = cut(map(str, sources))
    return ShardTask(one)


def read(part) -> list[dict]:
    return [json.loads(line) for line in part.text.splitlines()]


def test_photos_have_their_faces_and_a_bad_one_its_reason(settings, sample, tiny_model, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    part = process(task(bad, sample, tmp_path / "none.jpg"), settings, never)
    broken, seen, missing = read(part)
    faces = Recognizer.for_photos(tiny_model).recognize(read_photo(sample))
    assert seen == {"index": 1, "time_s": None, "source": str(sample), "faces": [face.as_dict() for face in faces]}
    assert (part.faces, part.failed) == (len(faces), 2) == (1, 2)
    assert broken["problem"].startswith("not a picture")
    assert missing["problem"].startswith("no such file")


def test_a_film_is_a_record_a_frame(settings, tmp_path):
    film = make_video(tmp_path / "film.mp4", map(scene, range(5)))
    records = read(process(task(film), settings, never))
    assert [record["index"] for record in records] == [0, 1, 2, 3, 4]
    assert [record["source"] for record in records] == [str(film)] * 5
    assert records[0]["time_s"] == 0


def test_a_film_that_breaks_keeps_the_frames_before(settings, tmp_path, monkeypatch):
    def annotate(image, faces):
        drawn.append(image)
        if len(drawn) == 3:
            raise ValueError("breaks here")
        return image

    drawn = []
    monkeypatch.setattr(shard, "annotate", annotate)
    film = make_video(tmp_path / "film.mp4", map(scene, range(5)))
    part = process(task(film), replace(settings, copies=str(tmp_path / "copies")), never)
    *frames, last = read(part)
    assert [record["time_s"] for record in frames] == [0, 0.04, 0.08]
    assert last == {"index": 0, "time_s": None, "source": str(film), "problem": "ValueError: breaks here", "faces": []}
    assert (part.faces, part.failed) == (sum(len(record["faces"]) for record in frames), 1)


def test_a_film_with_frames_larger_than_the_run_allows_is_refused(settings, tmp_path):
    film = make_video(tmp_path / "film.mp4", map(scene, range(5)))
    (record,) = read(process(task(film), replace(settings, max_pixels=100), never))
    assert record["problem"].startswith("frames of ")
    assert record["problem"].endswith(
        "; up to 1.6e-05 million are read (vid_predict.py: --max-pixels MEGAPIXELS allows more)"
    )


def test_no_record_shows_a_password(settings, sample, monkeypatch):
    def read_source(source, max_pixels):
        if "b.jpg" in source:
            raise InputError(f"{source}: an empty file")
        return read_photo(sample)

    monkeypatch.setattr(shard, "read_source", read_source)
    names = [f"https://me:secret@example.org/{name}?token=secret" for name in ("a.jpg", "b.jpg", "c.jpg")]
    part = process(replace(task(*names), skip=((2, "hangs"),)), settings, never)
    records = read(part)
    assert [record["source"] for record in records] == [
        f"https://***@example.org/{name}?token=***" for name in ("a.jpg", "b.jpg", "c.jpg")
    ]
    assert [record.get("problem") for record in records] == [None, "an empty file", "hangs"]
    assert "secret" not in part.text


def test_only_one_and_what_is_skipped(settings, sample):
    alone = process(replace(task(sample, "none.jpg"), only=0), settings, never)
    assert (alone.faces, alone.failed) == (1, 0)
    skipping = process(replace(task(sample, sample), skip=((1, "hangs"),)), settings, never)
    assert read(skipping)[1] == {"index": 1, "time_s": None, "source": str(sample), "problem": "hangs", "faces": []}


def test_copies_have_places_of_their_own(settings, sample, tmp_path):
    settings = replace(settings, copies=str(tmp_path / "copies"))
    process(task(sample, sample), settings, never)
    names = ["0000000-astronaut.jpg", "0000001-astronaut.jpg"]
    assert sorted(path.name for path in (tmp_path / "copies" / "part-00000").iterdir()) == names


def test_a_copy_of_a_photo_with_the_longest_name_that_there_is(settings, sample, tmp_path):
    photo = tmp_path / ("ü" * 125 + "a.jpg")
    photo.write_bytes(sample.read_bytes())
    (record,) = read(process(task(photo), replace(settings, copies=str(tmp_path / "copies")), never))
    assert "problem" not in record
    (copy,) = (tmp_path / "copies" / "part-00000").iterdir()
    assert copy.name == "0000000-" + "ü" * 100 + ".jpg"


def test_a_full_disk_ends_the_run_and_blames_no_photo(settings, sample, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WorkerError, match="no space left on device"):
        process(task(sample), replace(settings, copies=str(tmp_path / "copies")), never)


def test_what_no_test_has_foreseen_is_one_photo_s_failure(settings, sample):
    odd, seen = read(process(task("a\0b.jpg", sample), settings, never))
    assert odd["problem"] == "ValueError: embedded null byte"
    assert len(seen["faces"]) == 1


def test_a_path_starts_from_the_folder_of_its_own_run(settings, sample, tmp_path, monkeypatch):
    """A worker may serve two runs in turns, and be started in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in "one", "two":
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "a.jpg").write_bytes(sample.read_bytes())
    (tmp_path / "two" / "a.jpg").write_bytes(b"no picture")
    one, two = (replace(settings, folder=str(tmp_path / name)) for name in ("one", "two"))
    records = [read(process(task("a.jpg"), run, never))[0] for run in (one, two, one)]
    assert ["problem" in record for record in records] == [False, True, False]
    assert records[1]["problem"].startswith("not a picture")
    assert {record["source"] for record in records} == {"a.jpg"}


def test_links_and_paths_that_come_twice_are_rows_of_their_own(settings, sample, tmp_path):
    link = tmp_path / "line\nbreak.jpg"
    link.symlink_to(sample)
    records = read(process(task(sample, link, sample), settings, never))
    assert [record["source"] for record in records] == [str(sample), str(link), str(sample)]
    assert [record["index"] for record in records] == [0, 1, 2]
    assert records[0]["faces"] == records[1]["faces"] == records[2]["faces"]


def test_the_time_that_the_models_take_is_held_against_no_photo(settings, monkeypatch):
    def slowly(*arguments):
        time.sleep(1.5)

    monkeypatch.setattr(shard, "load", slowly)
    given_up = []
    process(replace(task("a.jpg"), skip=((0, "hangs"),)), replace(settings, timeout=1), given_up.append)
    assert given_up == []


def test_a_worker_with_another_model_or_version_ends_the_run(settings, sample):
    with pytest.raises(WorkerError, match="is not the model of this run"):
        process(task(sample), replace(settings, hashes=("0" * 64,)), never)
    with pytest.raises(WorkerError, match="other versions than the run"):
        process(task(sample), replace(settings, versions=(("opencv", "3.0.0"),)), never)
    with pytest.raises(WorkerError, match=r"detector's files are not those of this run \(yunet.onnx\)"):
        process(task(sample), replace(settings, detector=(*settings.detector, ("yunet.onnx", "0"))), never)


def test_what_takes_too_long_is_given_up():
    given_up = []
    with Watch(0.2, given_up.append) as watch:
        for place in range(4):
            watch.begin(place)
            time.sleep(0.1)
        time.sleep(0.6)
    assert given_up == [3]
