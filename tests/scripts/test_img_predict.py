"""img_predict.py as a user runs it. A process takes a second, so that each run looks at several things."""

import csv
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_videos import served

from emotion.labels import SEVEN_EMOTIONS

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, sample):
    """The folder the script runs in, with the sample as face.jpg and a picture without a face as flat.png."""
    shutil.copy(sample, tmp_path / "face.jpg")
    cv2.imwrite(str(tmp_path / "flat.png"), np.full((60, 80, 3), 90, np.uint8))
    return tmp_path


def test_the_sample_is_happy(run_script, sample, tmp_path):
    done = run_script("img_predict.py", sample, "--json", "r.json", "--csv", "r.csv")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{sample}: happiness ")
    assert done.stdout.count("\n") == 1
    assert all(f"{label} " in done.stdout for label in SEVEN_EMOTIONS)
    assert done.stderr == f"annotated: {Path('output', 'astronaut.jpg')}\n"
    original, copy = cv2.imread(str(sample)), cv2.imread(str(tmp_path / "output" / "astronaut.jpg"))
    assert copy.shape == original.shape
    assert (np.abs(copy.astype(int) - original) > 60).sum() > 1000
    record = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    (face,) = record["frames"][0]["faces"]
    assert record["source"] == str(sample)
    assert face["label"] == "happiness"
    assert list(face["emotions"]) == list(SEVEN_EMOTIONS)
    assert sum(face["emotions"].values()) == pytest.approx(1, abs=1e-3)
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["source"], float(row["confidence"])) == ("happiness", str(sample), face["confidence"])


def test_it_needs_no_tensorflow(repository, sample, tmp_path):
    """On the CPU, with the light file in place: neither TensorFlow nor any other slow import."""
    code = (
        "import sys; sys.argv[0] = 'img_predict.py'; import img_predict\n"
        "try: img_predict.app.run(img_predict.main)\n"
        "finally: print([m for m in\n"
        "   ('tensorflow', 'keras', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'h5py', 'jinja2') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(sample), "-o", str(tmp_path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_a_face_it_says_so_and_copies_all_the_same(run_script, folder):
    done = run_script("img_predict.py", "flat.png", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "flat.png: no face found\n", "")
    assert (cv2.imread(str(folder / "output" / "flat.png")) == 90).all()


def test_bad_photos_are_named_at_the_end_and_do_not_stop_the_rest(run_script, folder):
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("Dear diary")
    (folder / "cut.jpg").write_bytes((folder / "face.jpg").read_bytes()[:30000])
    (folder / "cut.bmp").write_bytes(cv2.imencode(".bmp", np.full((90, 90, 3), 90, np.uint8))[1][:9000])
    cv2.imwrite(str(folder / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    cv2.imwrite(str(folder / "huge.png"), np.full((9000, 12000), 200, np.uint8))
    names = ["absent.jpg", "empty.jpg", "text.jpg", "cut.jpg", "cut.bmp", "dot.png", "huge.png", "face.jpg"]
    done = run_script("img_predict.py", *names, "-o", "out", "--json", "r.json")
    assert done.returncode == 1
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [
        ["dot.png", "no face found"],
        ["huge.png", "no face found"],
        ["face.jpg", done.stdout.splitlines()[-1].split(": ")[1]],
    ]
    assert done.stderr.splitlines() == [
        "annotated: out",
        "img_predict.py: error: absent.jpg: no such file or directory",
        "img_predict.py: error: empty.jpg: an empty file",
        *(
            f"img_predict.py: error: {name}: not a picture that can be read, or a damaged one; save it as JPEG or PNG again"
            for name in ("text.jpg", "cut.jpg", "cut.bmp")
        ),
    ]
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["dot.png", "face.jpg", "huge.png"]
    frames = json.loads((folder / "r.json").read_text())["frames"]
    assert [frame["source"] for frame in frames] == names
    assert [frame["problem"] for frame in frames if "problem" in frame][:2] == [
        "no such file or directory",
        "an empty file",
    ]


def test_a_folder_a_glob_and_unicode(run_script, folder):
    deep = folder / "Fotos" / "für später"
    deep.mkdir(parents=True)
    (folder / "face.jpg").rename(deep / "улыбка 😀.jpg")
    (folder / "flat.png").rename(folder / "Fotos" / "a.png")
    done = run_script(
        "img_predict.py", "Fotos", "Fotos/*.png", "--quiet", env=os.environ | {"PYTHONIOENCODING": "utf-8"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    copies = sorted(path.relative_to(folder / "output").as_posix() for path in (folder / "output").rglob("*.*"))
    assert copies == ["a-2.png", "a.png", "für später/улыбка 😀.jpg"]
    assert "улыбка 😀.jpg: happiness" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["absent.jpg"], "absent.jpg: no such file"),
        (["nothing"], "nothing: no picture in there"),
        (["face.jpg", "--model", "absent.h5"], "absent.h5: no such model file"),
        (["face.jpg", "--model", "text.h5"], "text.h5: not an HDF5 model file"),
        (["face.jpg", "-o", "face.jpg"], "-o face.jpg: is the photo itself"),
        (["face.jpg", "--json", "absent/r.json"], "--json absent/r.json: there is no folder absent"),
        (["face.jpg", "--csv", "nothing"], "--csv nothing: is a folder"),
        (["face.jpg", "--json", "face.jpg"], "--json face.jpg: is read in this run"),
        (["face.jpg", "--model", "tiny.h5", "--csv", "tiny.h5"], "--csv tiny.h5: is read in this run"),
        (["face.jpg", "--model", "tiny.h5", "--json", "tiny.json"], "--json tiny.json: is read in this run"),
        (["face.jpg", "--json", "cascade.xml"], "--json cascade.xml: is read in this run"),
        (["face.jpg", "-o", "x.jpg", "--json", "x.jpg"], "--json x.jpg: is what -o writes"),
        (["face.jpg", "-o", "text.h5/x.png"], "text.h5/x.png: cannot be written"),
        ([], "the following arguments are required: PATH"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_one_line_and_2(run_script, folder, tiny_model, repository, arguments, error):
    (folder / "nothing").mkdir()
    for path in (tiny_model, tiny_model.with_suffix(".json")):
        shutil.copy(path, folder)
    (folder / "cascade.xml").symlink_to(repository / "haarcascade_frontalface_default.xml")
    (folder / "text.h5").write_text("text")
    before = (folder / "face.jpg").read_bytes()
    done = run_script("img_predict.py", *arguments, "--quiet")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"img_predict.py: error: {error}".replace("/", os.sep))
    assert done.stderr.count("\n") == 1
    assert (folder / "face.jpg").read_bytes() == before
    assert not (folder / "output").exists()


def test_a_model_with_the_wrong_shape(run_script, folder):
    """Found out before TensorFlow is waited for."""
    import keras
    from keras import layers

    from emotion.model_file.h5 import save_model

    model = keras.Sequential([keras.Input((9,)), layers.Dense(7, activation="softmax")])
    save_model(model, folder / "wrong.h5", {"labels": list(SEVEN_EMOTIONS)})
    done = run_script("img_predict.py", "face.jpg", "--model", "wrong.h5", "--quiet")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "img_predict.py: error: wrong.h5: expected faces (N, H, W, 1 or 3) in, got (None, 9); name another --model\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_was_done(repository, folder, number):
    (folder / "many").mkdir()
    for copy in range(200):
        os.link(folder / "face.jpg", folder / "many" / f"{copy:03}.jpg")
    command = [sys.executable, str(repository / "img_predict.py"), "many", "--json", "r.json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "happiness" in process.stdout.readline()
        process.send_signal(number)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert told.endswith("\nimg_predict.py: interrupted; what was done is kept\n")
    record = json.loads((folder / "r.json").read_text())
    assert (record["complete"], record["problem"]) == (False, "interrupted")
    done = record["frames"]
    assert 1 <= len(done) < 200
    assert all((folder / "output" / Path(frame["source"]).name).exists() for frame in done)


@pytest.mark.skipif(not hasattr(os, "login_tty"), reason="no terminals to close")
def test_a_terminal_that_is_closed_keeps_what_was_done(repository, folder):
    (folder / "many").mkdir()
    for copy in range(200):
        os.link(folder / "face.jpg", folder / "many" / f"{copy:03}.jpg")
    command = [sys.executable, str(repository / "img_predict.py"), "many", "--json", "r.json"]
    ours, theirs = os.openpty()

    def log_in():
        os.login_tty(theirs)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the tests have it ignored

    with subprocess.Popen(command, cwd=folder, preexec_fn=log_in) as process:
        os.close(theirs)
        shown = b""
        while b"happiness" not in shown:
            shown += os.read(ours, 1024)
        os.close(ours)
        assert process.wait(60) == 130
    record = json.loads((folder / "r.json").read_text())
    assert (record["complete"], record["problem"]) == (False, "interrupted")
    assert 1 <= len(record["frames"]) < 200


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_a_reader_that_leaves_early_is_no_error(repository, folder):
    script = repository / "img_predict.py"
    command = f'"{sys.executable}" "{script}" face.jpg flat.png face.jpg --json r.json | head -n 1'
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, text=True)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr
    assert json.loads((folder / "r.json").read_text())["frames"]  # what was done is kept


def test_an_absent_cascade(repository, folder):
    copy = folder / "repository"
    shutil.copytree(repository / "emotion", copy / "emotion", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / "img_predict.py", copy)
    done = subprocess.run(
        [sys.executable, copy / "img_predict.py", "face.jpg"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "haarcascade_frontalface_default.xml: no such file" in done.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(run_script, folder):
    (folder / "locked").mkdir()
    (folder / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = run_script("img_predict.py", "face.jpg", "-o", "locked")
    assert done.returncode == 2
    assert "locked/face.jpg: cannot be written (permission denied)" in done.stderr


def test_show_without_a_display_says_so_and_goes_on(run_script, folder):
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = run_script("img_predict.py", "flat.png", "--show", env=bare)
    assert done.returncode == 0
    assert "--show is left out: there is no display" in done.stderr
    assert (folder / "output" / "flat.png").exists()


def test_from_stdin_to_stdout(run_script, folder):
    with (folder / "face.jpg").open("rb") as photo:
        done = run_script("img_predict.py", "-", "--no-copies", "--json", "-", stdin=photo)
    assert (done.returncode, json.loads(done.stdout)["frames"][0]["source"]) == (0, "stdin")
    assert done.stderr.startswith("stdin: happiness ")
    assert sorted(path.name for path in folder.iterdir()) == ["face.jpg", "flat.png"]


def test_from_the_network_into_crops(run_script, folder):
    with served([(folder / "face.jpg").read_bytes()]) as url:
        done = run_script("img_predict.py", url, "--crops", "faces", "--csv", "-", "--no-copies", "--quiet")
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (done.returncode, row["source"], row["label"]) == (0, url, "happiness")
    (crop,) = (folder / "faces").rglob("*.*")
    assert crop.relative_to(folder).as_posix() == "faces/happiness/0001-video-1.png"


def test_a_name_cannot_write_on_the_terminal(run_script, folder):
    (folder / "flat.png").rename(folder / "a\n\x1b[31mb\u202e.png")
    done = run_script("img_predict.py", ".", "-o", "out")
    assert "a\\n\\x1b[31mb\\u202e.png: no face found" in done.stdout
    assert done.stdout.count("\n") == 2


def test_a_photo_beyond_the_limit(run_script, folder):
    done = run_script("img_predict.py", "face.jpg", "--max-pixels", "0.2")
    assert done.returncode == 2
    assert "face.jpg: more than 0.2 megapixels; --max-pixels" in done.stderr
