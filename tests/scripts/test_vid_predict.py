import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest
from made_videos import frames_of, make_video, paste, portrait, times_of

from emotion.cli.flags import moment

pytestmark = pytest.mark.slow


SIZE = (320, 240)


@pytest.fixture(scope="module")
def party(tmp_path_factory, sample):
    """Two seconds, with sound and an uneven rate: a face from frame 10 on. The truth: nobody before."""
    import cv2

    head = portrait(cv2.imread(str(sample)), 70)
    images = [np.full((SIZE[1], SIZE[0], 3), (90, 110, 120), np.uint8) for _ in range(40)]
    for i, image in enumerate(images[10:]):
        paste(image, head, 120 + 2 * i, 120)
    times = np.cumsum([0.03, 0.07] * 20) - 0.03
    return make_video(tmp_path_factory.mktemp("videos") / "party.mp4", images, times, audio=["aac"])


def test_the_copy_the_records_and_the_plot_tell_the_same_story(run_script, party, tiny_model, tmp_path):
    done = run_script(
        "vid_predict.py", party, "--model", tiny_model, "-o", "out.mp4", "--json", "a.json", "--csv", "a.csv",
        "--plot", "a.png", "--detect-every", "5",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.json", "a.png", "out.mp4"]

    assert times_of(tmp_path / "out.mp4") == pytest.approx(times_of(party), abs=0.001)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == SIZE
        assert len(container.streams.audio) == 1

    records = json.loads((tmp_path / "a.json").read_text())
    frames = records["frames"]
    assert (records["schema"], len(records["labels"]), records["source"]) == (1, 7, str(party))
    assert (records["model"], records["fps"]) == ({"files": ["tiny.h5"]}, pytest.approx(20, abs=0.2))
    assert [frame["index"] for frame in frames] == list(range(40))
    assert [frame["time_s"] for frame in frames] == pytest.approx(times_of(party), abs=0.001)
    assert [len(frame["faces"]) for frame in frames] == [0] * 10 + [1] * 30
    assert {face["id"] for frame in frames for face in frame["faces"]} == {1}
    for i, frame in enumerate(frames[10:]):
        x, y, width, height = frame["faces"][0]["box"]
        assert (x + width / 2, y + height / 2) == pytest.approx((120 + 2 * i, 120), abs=15)
        assert sum(frame["faces"][0]["emotions"].values()) == pytest.approx(1, abs=0.002)

    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(10, 40))
    assert [row["label"] for row in rows] == [frame["faces"][0]["label"] for frame in frames[10:]]

    drawn = [np.abs(a.astype(int) - b).max() > 100
             for a, b in zip(frames_of(party), frames_of(tmp_path / "out.mp4"), strict=True)]  # fmt: skip
    assert drawn == [False] * 10 + [True] * 30, "a frame without a face is there, and is as it was"
    assert "40 frames" in done.stdout
    assert "face 1: seen" in done.stdout


def test_the_default_is_a_copy_in_the_folder_output_and_quiet_is_quiet(run_script, party, tiny_model, tmp_path):
    done = run_script("vid_predict.py", party, "--model", tiny_model, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == ["output/party.mp4"]


def test_a_file_where_the_default_folder_should_be_is_one_line(run_script, party, tiny_model, tmp_path):
    (tmp_path / "output").write_text("mine")
    done = run_script("vid_predict.py", party, "--model", tiny_model)
    assert done.returncode == 2
    assert (
        done.stderr
        == "vid_predict.py: error: output: cannot be made (output is no folder); name another folder with -o\n"
    )
    assert (tmp_path / "output").read_text() == "mine"


def test_one_frame_that_comes_after_its_sound_has_a_summary(run_script, tiny_model, tmp_path, sample):
    import cv2

    source = make_video(tmp_path / "one.ts", [cv2.imread(str(sample))], audio=["aac"], clock=90000)
    assert times_of(source)[0] > 0
    done = run_script("vid_predict.py", source, "--model", tiny_model, "--csv", "a.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 frame, 0.0 s, 1 face" in done.stdout
    assert "face 1: seen 0.0 s" in done.stdout


def test_tensorflow_is_not_needed(repository, party, tiny_model, tmp_path):
    code = (
        "import sys; sys.argv[0] = 'vid_predict.py'; import vid_predict; vid_predict.main();"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, party, "--model", tiny_model, "--csv", tmp_path / "a.csv"]
    done = subprocess.run(list(map(str, command)), cwd=repository, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_of_a_truncated_video_what_is_there_is_done(run_script, party, tiny_model, tmp_path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(party.read_bytes()[: party.stat().st_size * 2 // 3])
    done = run_script("vid_predict.py", cut, "--model", tiny_model, "-o", "out.mp4", "--quiet")
    assert done.returncode == 1
    assert done.stderr.startswith("vid_predict.py: error:")
    assert "cut short" in done.stderr
    assert 10 < len(frames_of(tmp_path / "out.mp4")) < 40


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_a_playable_file_and_whole_records(repository, tiny_model, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (8, 480, 640, 3)).astype(np.uint8)
    source = make_video(tmp_path / "long.mp4", [noise[i % 8] for i in range(160)], fps=25)
    command = [sys.executable, repository / "vid_predict.py", source, "--model", tiny_model, "-o", "out.mp4",
               "--json", "a.json"]  # fmt: skip
    process = subprocess.Popen(list(map(str, command)), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for _ in range(2000):
        if any(path.stat().st_size > 20_000 for path in tmp_path.glob(".out.*.mp4")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert errors.strip() == "vid_predict.py: interrupted; what was done is kept"
    frames = len(frames_of(tmp_path / "out.mp4"))
    assert 0 < frames < 160
    assert len(json.loads((tmp_path / "a.json").read_text())["frames"]) == frames
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "long.mp4", "out.mp4"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.mp4"], "missing.mp4: no such file"),
        (["{party}", "-o", "{party}"], "is read in this run"),
        (["{party}", "--csv", "{model}"], "tiny.h5: is read in this run"),
        (["{party}", "-o", "no/folder/out.mp4"], "there is no folder"),
        (["{party}", "--csv", "same.txt", "--json", "same.txt"], "same.txt"),
        (["{party}", "--detect-every", "0"], "--detect-every"),
        (["{party}", "--smooth", "-1"], "--smooth"),
        (["{party}", "--show"], "--show"),
        (["{party}", "missing.mp4", "--plot", "plots", "--csv", "no/folder.csv"], "there is no folder"),
        (["{party}", "missing.mp4", "--plot", "plots", "--csv", "{model}"], "is read in this run"),
        (["{party}", "missing.mp4", "--plot", "{party}"], "is no folder); name another folder with --plot"),
        (
            ["{party}", "--max-pixels", "0.01"],
            "frames of 320 x 240 pixels; up to 0.00167 million are read (vid_predict.py: --max-pixels",
        ),
    ],
)
def test_a_wrong_call_is_one_line_and_changes_nothing(run_script, party, tiny_model, tmp_path, arguments, reason):
    before = party.read_bytes()
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    filled = [argument.format(party=party, model=tiny_model) for argument in arguments]
    done = run_script("vid_predict.py", *filled, "--model", tiny_model, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith("vid_predict.py: error: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert party.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_several_videos_and_a_gif_each_with_its_copy(run_script, party, tiny_model, tmp_path):
    from PIL import Image

    films = tmp_path / "films"
    films.mkdir()
    (films / "a.mp4").write_bytes(party.read_bytes())
    (films / "bad.mp4").write_text("no video")
    pictures = [Image.fromarray(np.full((60, 80, 3), value, np.uint8)) for value in (0, 90, 200)]
    pictures[0].save(films / "b.gif", save_all=True, append_images=pictures[1:], duration=100)
    done = run_script("vid_predict.py", "films", "--model", tiny_model, "-o", "out", "--json", "r.jsonl", "--quiet")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "bad.mp4: not a video" in done.stderr
    assert {path.name: len(frames_of(path)) for path in (tmp_path / "out").iterdir()} == {"a.mp4": 40, "b.mp4": 3}
    frames = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [frame.get("source") for frame in frames] == [
        *["films/a.mp4"] * 40, *["films/b.gif"] * 3, "films/bad.mp4", None,
    ]  # fmt: skip


def test_what_fails_is_in_the_table_and_in_the_report_also_if_it_comes_first(run_script, party, tiny_model, tmp_path):
    for name in ("bad.mp4", "worse.mp4"):
        (tmp_path / name).write_text("no video")
    flags = ["--model", tiny_model, "--csv", "a.csv", "--report", "a.html", "--end", "0.2"]
    done = run_script("vid_predict.py", "bad.mp4", party, *flags)
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert done.returncode == 1
    assert rows[0]["source"] == "bad.mp4"
    assert rows[0]["status"].startswith("failed: not a video")
    assert "not a video" in (tmp_path / "a.html").read_text()
    assert run_script("vid_predict.py", "bad.mp4", "worse.mp4", *flags).returncode == 2


def test_a_part_at_a_slower_pace(run_script, party, tiny_model, tmp_path):
    done = run_script("vid_predict.py", party, "--model", tiny_model, "--start", "0:00:01", "--end", "1.8", "--every",
                      "0.2", "-o", "out.mp4", "--csv", "-")  # fmt: skip
    times = [float(row["time_s"]) for row in csv.DictReader(done.stdout.splitlines())]
    assert done.returncode == 0
    assert times == pytest.approx([1.0, 1.2, 1.4, 1.6], abs=0.08)
    assert times_of(tmp_path / "out.mp4") == pytest.approx([time_s - 1 for time_s in times], abs=0.002)


def test_at_a_frame_a_second_one_woman_is_one_face_for_three_seconds(run_script, sample):
    done = run_script("vid_predict.py", sample.with_suffix(".mp4"), "--every", "1", "--json", "a.json")
    assert done.stdout.splitlines()[0].endswith("3 frames, 2.0 s, 1 face")
    assert "face 1: seen 3.0 s" in done.stdout


@pytest.mark.parametrize(
    ("text", "seconds"), [("95", 95), ("1:35", 95), ("0:01:35.5", 95.5), ("1:00:00", 3600), ("-1", None), ("a:1", None)]
)
def test_times_as_people_write_them(text, seconds):
    if seconds is None:
        with pytest.raises((ValueError, argparse.ArgumentTypeError)):
            moment(text)
    else:
        assert moment(text) == seconds
