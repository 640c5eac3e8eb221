"""What a worker does, in this process: the same as img_predict.py and vid_predict.py say of each file."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_videos import make_video, scene

from emotion import Recognizer, read_photo
from emotion.cluster.plan import cut
from emotion.cluster.shard import MismatchError, Settings, Task, Watch, process, versions
from emotion.model_file.stored import sha256
from emotion.results.records import face_record


@pytest.fixture
def settings(tiny_model) -> Settings:
    return Settings(str(Path.cwd()), (str(tiny_model),), (sha256(tiny_model),), versions())


def never(place: int) -> None:
    pytest.fail(f"gave up {place}")


def task(*sources) -> Task:
    (shard,) = cut(map(str, sources))
    return Task(shard)


def read(part) -> list[dict]:
    return [json.loads(line) for line in part.text.splitlines()]


def test_photos_have_their_faces_and_a_bad_one_its_reason(settings, sample, tiny_model, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    part = process(task(bad, sample, tmp_path / "none.jpg"), settings, never)
    broken, seen, missing = read(part)
    faces = Recognizer.for_photos(tiny_model).recognize(read_photo(sample))
    assert seen == {"index": 1, "time_s": None, "source": str(sample), "faces": [face_record(face) for face in faces]}
    assert (part.faces, part.failed) == (len(faces), 2) == (1, 2)
    assert broken["problem"].startswith("not a picture")
    assert missing["problem"].startswith("no such file")


def test_a_film_is_a_record_a_frame(settings, tmp_path):
    film = make_video(tmp_path / "film.mp4", map(scene, range(5)))
    records = read(process(task(film), settings, never))
    assert [record["index"] for record in records] == [0, 1, 2, 3, 4]
    assert [record["source"] for record in records] == [str(film)] * 5
    assert records[0]["time_s"] == 0


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


def test_a_worker_with_another_model_or_version_ends_the_run(settings, sample):
    with pytest.raises(MismatchError, match="is not the model of this run"):
        process(task(sample), replace(settings, hashes=("0" * 64,)), never)
    with pytest.raises(MismatchError, match="other versions than the run"):
        process(task(sample), replace(settings, versions=(("opencv", "3.0.0"),)), never)


def test_what_takes_too_long_is_given_up():
    given_up = []
    with Watch(0.2, given_up.append) as watch:
        for place in range(4):
            watch.begin(place)
            time.sleep(0.1)
        time.sleep(0.6)
    assert given_up == [3]
