import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.request import urlopen

import numpy as np
import pytest
from made_videos import MjpegServer, frames_of, make_video, paste, portrait, scene, times_of

from emotion import InputError

pytestmark = pytest.mark.slow

HEADLESS = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
HEADLESS["no_proxy"] = "127.0.0.1"
SCREEN = shutil.which("Xvfb") and shutil.which("xdotool")
needs_screen = pytest.mark.skipif(not SCREEN, reason="no Xvfb or no xdotool here: apt-get install xvfb xdotool")


@contextmanager
def running(repository, folder, *arguments, env=HEADLESS):
    """The live script, started; killed at the end if it still runs."""
    command = [sys.executable, repository / "live_cam_predict.py", *arguments]
    with subprocess.Popen(
        list(map(str, command)), cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def face_scene(sample):
    import cv2

    head = portrait(cv2.imread(str(sample)), 70)

    def draw(number):
        image = np.full((240, 320, 3), (90, 110, 120), np.uint8)
        paste(image, head, 140 + number % 40, 120)
        return image

    return draw


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_a_stream_is_recorded_at_true_time_through_the_death_of_its_camera(
    repository, tiny_model, tmp_path, face_scene
):
    with MjpegServer(face_scene, fps=15) as server:
        arguments = "--camera", server.url, "--model", tiny_model, "-o", "out.mp4", "--csv", "a.csv"
        with running(repository, tmp_path, *arguments) as process:
            told = []
            listener = threading.Thread(target=lambda: told.extend(iter(process.stderr.readline, "")))
            listener.start()
            wait_for(lambda: any(tmp_path.glob(".out.*.mp4")))
            begun = server.number
            wait_for(lambda: server.number > begun + 15)
            server.stop()
            wait_for(lambda: any("lost" in line for line in told))
            server.start()
            wait_for(lambda: any("is back" in line for line in told))
            back = server.number
            wait_for(lambda: server.number > back + 15)
            process.send_signal(signal.SIGINT)
            summary = process.stdout.read()
            assert process.wait(20) == 130
            listener.join(5)
    assert "no window: there is no display" in told[0]
    times = times_of(tmp_path / "out.mp4")
    assert times[0] == 0
    assert max(np.diff(times)) > 0.8, "the gap is there: the camera was away for a second at least"
    assert np.median(np.diff(times)) == pytest.approx(1 / 15, abs=0.03)
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len({row["frame"] for row in rows}) >= 0.8 * len(times), "its face is seen in nearly every frame"
    assert f"{len(times)} frames" in summary
    covered_s = sum(min(step, 0.5) for step in np.diff(times))
    told_fps = int(summary.split(" frames a second")[0].split()[-1])
    assert told_fps == pytest.approx((len(times) - 1) / covered_s, abs=1), "of the time that the camera was there"


def test_a_file_ends_by_itself(run_script, tiny_model, tmp_path, face_scene):
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(50)], fps=25)
    done = run_script("live_cam_predict.py", "--camera", path, "--model", tiny_model, "-o", "out.mp4", env=HEADLESS)
    assert done.returncode == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) > 5
    assert "face 1: seen" in done.stdout


def test_a_file_that_is_cut_short_is_one_line_and_what_is_there_is_done(run_script, tiny_model, tmp_path, face_scene):
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(50)], fps=25)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    done = run_script(
        "live_cam_predict.py", "--camera", path, "--model", tiny_model, "-o", "out.mp4", "--json", "a.json", "--quiet",
        env=HEADLESS,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"live_cam_predict.py: error: {path}: cut short")
    assert done.stderr.count("\n") == 1
    assert frames_of(tmp_path / "out.mp4")
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["complete"] is False
    assert written["problem"].startswith("cut short")


def test_a_file_as_json_by_the_schema_of_all_three_scripts(run_script, tiny_model, tmp_path, face_scene):
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(10)], fps=25)
    done = run_script("live_cam_predict.py", "--camera", path, "--model", tiny_model, "--json", "a.json", env=HEADLESS)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "a.json").read_text())
    assert (written["schema"], written["source"]) == (1, str(path))
    assert written["frames"][0]["time_s"] == 0
    assert {"id", "box", "label", "confidence", "emotions"} <= set(written["frames"][-1]["faces"][0])


def test_records_to_stdout_have_it_to_themselves(run_script, tiny_model, tmp_path, face_scene):
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(10)], fps=25)
    done = run_script("live_cam_predict.py", "--camera", path, "--model", tiny_model, "--json", "-", env=HEADLESS)
    assert (done.returncode, json.loads(done.stdout)["source"]) == (0, str(path))
    assert f"camera {path}: " in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_the_record_of_a_file_that_was_left_early_says_so(monkeypatch, tiny_model, tmp_path, face_scene):
    import live_cam_predict

    class AtOnce(live_cam_predict.Interrupt):
        def __bool__(self):
            return True

    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(5)], fps=25)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(live_cam_predict, "Interrupt", AtOnce)
    arguments = "x", "--camera", path, "--model", tiny_model, "--json", tmp_path / "a.json", "--quiet"
    monkeypatch.setattr(sys, "argv", [*map(str, arguments)])
    assert live_cam_predict.main() == 130
    written = json.loads((tmp_path / "a.json").read_text())
    assert (written["complete"], written["problem"]) == (False, "interrupted")


@pytest.mark.parametrize("output", ["--csv", "-o"])
def test_without_a_window_or_a_recording_nothing_is_drawn(monkeypatch, tiny_model, tmp_path, face_scene, output):
    import live_cam_predict

    drawn = []
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(5)], fps=25)
    out = tmp_path / {"--csv": "out.csv", "-o": "out.mp4"}[output]
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        sys, "argv", [*map(str, ("x", "--camera", path, "--model", tiny_model, output, out, "--quiet"))]
    )
    monkeypatch.setattr(live_cam_predict, "draw_faces", lambda image, faces: drawn.append(faces))
    assert live_cam_predict.main() == 0
    assert out.exists()
    assert bool(drawn) == (output == "-o")


def test_what_the_page_needs_is_named(monkeypatch):
    import live_cam_predict

    for name in [name for name in sys.modules if name.startswith(("emotion.web", "emotion.cli.browser"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.setattr(sys, "argv", ["live_cam_predict.py", "--browser"])
    with pytest.raises(InputError, match="--browser needs aiohttp: pip install aiohttp"):
        live_cam_predict.main()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_a_page_is_served_until_ctrl_c(repository, tiny_model, tmp_path):
    with running(repository, tmp_path, "--browser", "--port", "0", "--model", tiny_model) as process:
        line = process.stdout.readline()
        assert line.startswith("Open http://127.0.0.1:")
        with urlopen(line.split()[1]) as answer:
            assert b"<title>Emotions" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_page_shows_a_file_and_ends_with_it(repository, tiny_model, tmp_path, face_scene):
    path = make_video(tmp_path / "a.mp4", [face_scene(i) for i in range(10)], fps=25)
    arguments = "--browser", "--port", "0", "--camera", path, "--model", tiny_model, "--json", "b.json"
    with running(repository, tmp_path, *arguments) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"camera {path}: " in output
    assert "recorded: b.json" in output
    assert json.loads((tmp_path / "b.json").read_text())["source"] == str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_a_password_in_the_camera_s_address_is_nowhere(repository, tiny_model, tmp_path, face_scene):
    with MjpegServer(face_scene, fps=15) as server:
        camera = server.url.replace("://", "://me:geheim@") + "?pwd=geheim"
        arguments = "--camera", camera, "--model", tiny_model, "--csv", "a.csv", "--json", "a.json"
        with running(repository, tmp_path, *arguments) as process:
            wait_for(lambda: any(tmp_path.glob(".a.*.csv")))
            begun = server.number
            wait_for(lambda: server.number > begun + 15)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    name = f"http://***@127.0.0.1:{server.port}/video?pwd=***"
    for text in (output, (tmp_path / "a.csv").read_text(), (tmp_path / "a.json").read_text()):
        assert name in text
        assert "geheim" not in text
    assert "geheim" not in errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--browser", "--port", "70000"], "70000 is no port"),
        (["--browser", "--json", "-"], "--browser: each visitor is recorded in files of its own; name a file, not -"),
        (["--browser", "--host", "192.0.2.1"], "--host 192.0.2.1 --port 8000: cannot be served"),
        ([], "no window can be shown: there is no display"),
        (["--camera", "99", "--csv", "a.csv"], "--camera 99: cannot be opened"),
        (["--camera", "missing.mp4", "--csv", "a.csv"], "missing.mp4: no such file"),
        (["--camera", "http://127.0.0.1:9/", "--csv", "a.csv"], "http://127.0.0.1:9/: cannot be opened"),
    ],
)
def test_a_wrong_call_ends_with_one_line(run_script, tiny_model, tmp_path, arguments, reason):
    done = run_script("live_cam_predict.py", *arguments, "--model", tiny_model, "--quiet", env=HEADLESS)
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def screen():
    """A display of its own, and the environment that points to it."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as answer:
        display = f":{answer.readline().strip()}"
    yield HEADLESS | {"DISPLAY": display}
    server.terminate()
    server.wait(10)


def wait_for(condition, seconds=25):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.03)


def xdotool(env, *arguments):
    return subprocess.run(["xdotool", *arguments], env=env, capture_output=True, text=True, check=False).stdout.split()


@needs_screen
@pytest.mark.parametrize("last_key", ["q", "Escape"])
def test_keys_rule_the_window(repository, tiny_model, tmp_path, screen, last_key):
    with MjpegServer(lambda number: scene(number, (320, 240)), fps=20) as server:
        arguments = "--camera", server.url, "--model", tiny_model, "--csv", "a.csv"
        with running(repository, tmp_path, *arguments, env=screen) as process:

            def press(key):
                # Looked for each time: Qt has a window of this name for a moment that is not the one to stay.
                for window in xdotool(screen, "search", "--onlyvisible", "--name", "^Emotions")[-1:]:
                    xdotool(screen, "windowfocus", window)
                    xdotool(screen, "key", "--window", window, key)
                time.sleep(0.4)
                return True

            # A window that has just opened may not listen yet: the first key is pressed until it is heard.
            wait_for(lambda: press("s") and list(tmp_path.glob("output/snapshot-*.png")))
            press("space")
            assert process.poll() is None
            press(last_key)
            output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "snapshot: output" in errors
    assert "frames a second" in output


@needs_screen
@pytest.mark.parametrize("name", ["a.mp4", "a\udcff.mp4"], ids=["text", "no text"])
def test_a_video_is_shown_while_it_is_annotated(repository, tiny_model, tmp_path, screen, name):
    path = make_video(tmp_path / "a.mp4", [scene(i) for i in range(12)]).rename(tmp_path / name)
    command = [sys.executable, repository / "vid_predict.py", path, "--model", tiny_model, "--show", "-o", "out.mp4"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, env=screen, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == 12
