"""The plan on disk: which shards there are, which are done, and what may not change between two starts."""

import json
import stat
import subprocess
import sys

import pytest

from emotion.cluster.join import Totals, join
from emotion.cluster.plan import Plan, Shard, cut
from emotion.errors import InputError
from emotion.files import unfinished_path

ABOUT = {"model": {"fer.h5": "abc"}, "flags": {"copies": False}, "versions": {"opencv": "4.14.0"}}


@pytest.mark.parametrize(
    ("sources", "shards"),
    [
        ([], []),
        (["a.jpg"], [(0, 0, ("a.jpg",))]),
        (["a.jpg", "b.jpg", "c.jpg"], [(0, 0, ("a.jpg", "b.jpg")), (1, 2, ("c.jpg",))]),
        (["a.jpg", "b.mp4", "c.jpg"], [(0, 0, ("a.jpg",)), (1, 1, ("b.mp4",)), (2, 2, ("c.jpg",))]),
        (["a.mp4", "b.MOV"], [(0, 0, ("a.mp4",)), (1, 1, ("b.MOV",))]),
    ],
    ids=["nothing", "a photo", "a full shard and a rest", "a film by itself", "films"],
)
def test_photos_are_cut_in_shards_and_a_film_is_one(sources, shards):
    assert list(cut(sources, size=2)) == [Shard(*shard) for shard in shards]


def test_a_run_goes_on_where_parts_are_missing(tmp_path):
    sources = [f"{i}.jpg" for i in range(250)]
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        assert plan.files == 250
        plan.keep(list(plan.shards())[1], "{}\n")
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        assert [shard.name for shard in plan.shards() if shard.name not in plan.done()] == ["part-00000", "part-00002"]


def test_names_that_are_no_text_or_two_lines_come_back_as_they_are(tmp_path):
    sources = ["a\nb.jpg", "caf\udce9.jpg", "ü.jpg"]
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        assert [name for shard in plan.shards() for name in shard.sources] == sources


@pytest.mark.parametrize(
    ("sources", "about", "word"),
    [
        (["a.jpg", "b.jpg"], ABOUT, "list.files was 1, is 2"),
        (["b.jpg"], ABOUT, "list.sha256 was "),
        (["a.jpg"], ABOUT | {"model": {"fer.h5": "def"}}, "model.fer.h5 was abc, is def"),
        (["a.jpg"], ABOUT | {"flags": {"copies": True}}, "flags.copies was False, is True"),
        (["a.jpg"], ABOUT | {"versions": {"opencv": "4.15.0"}}, "versions.opencv was 4.14.0, is 4.15.0"),
    ],
    ids=["a file more", "another file", "another model", "another flag", "another version"],
)
def test_a_run_that_differs_is_refused_with_what_differs(sources, about, word, tmp_path):
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT):
        pass
    list_before = (tmp_path / "run" / "sources.jsonl").read_text()
    with pytest.raises(InputError, match="is another run") as refused, Plan(tmp_path / "run").opened(sources, about):
        pass
    assert word in str(refused.value)
    assert (tmp_path / "run" / "sources.jsonl").read_text() == list_before


def test_a_folder_of_something_else_is_no_run(tmp_path):
    (tmp_path / "me.jpg").touch()
    with pytest.raises(InputError, match="holds something else"), Plan(tmp_path).opened(["a.jpg"], ABOUT):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["me.jpg"]


def test_nothing_to_do_is_refused(tmp_path):
    with pytest.raises(InputError, match="no photo and no film"), Plan(tmp_path / "run").opened([], ABOUT):
        pass


def test_what_killed_processes_left_half_written_is_swept(tmp_path):
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT) as plan:
        half = unfinished_path(plan.parts / "part-00000.jsonl")
        half.write_text('{"ind')
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT) as plan:
        assert not half.exists()
        assert plan.done() == set()


def test_a_half_written_manifest_is_none(tmp_path):
    (tmp_path / "run" / "parts").mkdir(parents=True)
    (tmp_path / "run" / "sources.jsonl").write_text('"a.jpg"\n')
    with Plan(tmp_path / "run").opened(["b.jpg"], ABOUT) as plan:
        assert [shard.sources for shard in plan.shards()] == [("b.jpg",)]
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["list"]["files"] == 1


def test_a_list_that_a_power_failure_cut_short_is_written_anew(tmp_path):
    sources = [f"{i}.jpg" for i in range(250)]
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        plan.list.write_text('"0.jpg"\n')
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        assert [name for shard in plan.shards() for name in shard.sources] == sources


@pytest.mark.parametrize("text", ["", '{"list": {"fi', "[]"], ids=["empty", "cut", "no object"])
def test_a_damaged_manifest_is_one_line(text, tmp_path):
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT):
        (tmp_path / "run" / "manifest.json").write_text(text)
    with (
        pytest.raises(InputError, match=r"manifest\.json: is damaged"),
        Plan(tmp_path / "run").opened(["a.jpg"], ABOUT),
    ):
        pass


def line(source: str, **more) -> str:
    return json.dumps({"index": 0, "time_s": None, "source": source, "faces": []} | more) + "\n"


@pytest.mark.parametrize(
    ("sources", "text", "word"),
    [
        (["a.jpg", "b.jpg"], "", "ends too early"),
        (["a.jpg", "b.jpg"], line("a.jpg"), "ends too early"),
        (["a.jpg", "b.jpg"], line("a.jpg") + '{"index"', "cannot be read"),
        (["a.jpg", "b.jpg"], line("b.jpg") + line("a.jpg"), "does not hold what the list asks for"),
        (["a.jpg", "b.jpg"], line("a.jpg") + line("b.jpg") + line("c.jpg"), "does not hold what the list asks for"),
        (["a.jpg", "b.jpg"], "[]\n", "does not hold what the list asks for"),
        (["a.mp4"], "", "ends too early"),
        (["a.mp4"], line("a.mp4") + line("b.mp4"), "does not hold what the list asks for"),
    ],
    ids=["empty", "a row less", "half a row", "another order", "a row more", "no records", "no frame", "another film"],
)
def test_a_part_that_is_not_what_the_list_asks_for_is_not_joined(sources, text, word, tmp_path):
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        plan.keep(next(plan.shards()), text)
        with pytest.raises(InputError, match=rf"part-00000\.jsonl: {word}.*; delete it and run again"):
            join(plan, ())
    assert not list((tmp_path / "run").glob("results*"))


def test_a_film_that_breaks_has_failed_and_is_of_use(tmp_path):
    with Plan(tmp_path / "run").opened(["a.mp4", "b.jpg"], ABOUT) as plan:
        film, photo = plan.shards()
        plan.keep(film, line("a.mp4") + line("a.mp4") + line("a.mp4", problem="breaks here"))
        plan.keep(photo, line("b.jpg", problem="an empty file"))
        assert join(plan, ()) == Totals(files=2, faces=0, failed=2, useful=2)


def test_passwords_stay_in_the_list_which_is_its_owner_s_alone(tmp_path):
    address = "https://me:secret@example.org/a.jpg"
    with Plan(tmp_path / "run").opened([address], ABOUT) as plan:
        assert stat.S_IMODE(plan.list.stat().st_mode) == 0o600 or sys.platform == "win32"
        (shard,) = plan.shards()
        assert shard.sources == (address,)
        plan.keep(shard, line("https://***@example.org/a.jpg", problem="an empty file"))
        assert join(plan, ()).failed == 1
    assert "secret" not in (tmp_path / "run" / "failed.csv").read_text()


def test_failed_files_are_tried_again_where_that_is_asked_for(tmp_path):
    with Plan(tmp_path / "run").opened(["a.jpg", "b.mp4", "c.jpg"], ABOUT) as plan:
        for shard in plan.shards():
            failed = {"problem": "the network was away"} if shard.index == 1 else {}
            plan.keep(shard, line(shard.sources[0], **failed))
        plan.forget_failures()
        assert plan.done() == {"part-00000", "part-00002"}


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(largest_file, tmp_path):
    sources = [f"{i}.jpg" for i in range(2000)]
    with (
        largest_file(10_000),
        pytest.raises(InputError, match=r"sources\.jsonl: cannot be written"),
        Plan(tmp_path / "run").opened(sources, ABOUT),
    ):
        pass
    with Plan(tmp_path / "run").opened(sources, ABOUT) as plan:
        with largest_file(10_000), pytest.raises(InputError, match=r"part-00000\.jsonl: cannot be written"):
            plan.keep(next(plan.shards()), "x" * 20_000)
        assert plan.done() == set()
        assert not list(plan.folder.rglob(".*"))


HOLD = """
import sys, time, filelock
lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print("held", flush=True); time.sleep(60)
"""


def test_two_drivers_cannot_have_one_run(tmp_path):
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT):
        pass
    other = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "run" / "lock"], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError, match="another process is driving this run"),
            Plan(tmp_path / "run").opened(["a.jpg"], ABOUT),
        ):
            pass
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with Plan(tmp_path / "run").opened(["a.jpg"], ABOUT) as plan:
        assert plan.files == 1
