"""`fer.py` as a user runs it, on a few rows."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import combinations

import pytest
from small_fer2013 import write_small_fer2013

import fer
from emotion.errors import InputError
from emotion.evaluation.robustness import CORRUPTIONS
from emotion.model_file.stored import read_card, sha256

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_small_fer2013(tmp_path_factory.mktemp("fer2013"))


def command(*flags) -> list[str]:
    return [sys.executable, fer.__file__, *map(str, flags)]


def run_fer(folder, *flags) -> subprocess.CompletedProcess:
    """`fer.py` run in `folder`: where a flag names a file without its folder, it is there."""
    return subprocess.run(command(*flags), cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture
def places(tmp_path) -> dict:
    """A folder with nothing in it, and a .h5 file that is no model."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.h5").write_text("no model")
    return {"empty": tmp_path / "empty", "text": tmp_path / "model.h5"}


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """(what a dry run in half precision said, the model it wrote)"""
    folder = tmp_path_factory.mktemp("models")
    flags = "--dry-run", "--epochs", 2, "--seed", 3, "--precision", "mixed"
    done = run_fer(folder, "--data", data, *flags, "--output", "small.h5")
    return done, folder / "small.h5"


def test_a_run_writes_the_model_its_card_its_light_copy_and_its_plots(trained):
    done, model = trained
    assert done.returncode == 0, done.stderr
    written = {path.name for path in model.parent.iterdir()}
    plots = {f"small_{plot}.png" for plot in ("curves", "confusion", "recalls", "mistakes", "reliability")}
    assert written == {"small.h5", "small.json", "small.tflite"} | plots


def test_figures_go_to_stdout_progress_to_stderr_and_nobody_elses_talk_anywhere(trained):
    done, _ = trained
    figures, recalls = (table.splitlines() for table in done.stdout.split("\n\n"))
    for rows in figures[2:], recalls[3:]:
        assert {row.split()[1] for row in rows} == {"Training", "PublicTest", "PrivateTest"}
    assert "epoch 2/2" in done.stderr
    strangers = [
        line for line in done.stderr.splitlines() if "cuda" in line.lower() or "oneDNN" in line or "WARNING" in line
    ]
    assert not strangers


def test_the_card_tells_how_it_came_about_and_travels_in_the_model(trained):
    _, model = trained
    card = json.loads(model.with_suffix(".json").read_text())
    assert read_card(model) == card
    assert (card["seed"], card["network"], len(card["history"]), len(card["labels"])) == (3, "five_block", 2, 7)
    assert card["precision"] == "mixed_bfloat16"
    score = card["splits"]["PublicTest"]["scores"]["majority"]
    assert score["count"] == 28
    assert score["low"] <= score["accuracy"] <= score["high"]
    assert set(card["splits"]) == {"Training", "PublicTest", "PrivateTest"}


def test_evaluating_the_saved_model_finds_the_cards_figures_again(trained, data, tmp_path):
    _, model = trained
    done = run_fer(
        tmp_path, "--data", data, "--evaluate", model, "--split", "PublicTest", "--json", tmp_path / "e.json"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "e.json").read_text())
    (found,) = (score for score in report["scores"] if score["protocol"] == "majority")
    card = read_card(model)
    figures = card["splits"]["PublicTest"]
    assert found["confusion"] == figures["scores"]["majority"]["confusion"]
    (calibration,) = report["calibration"]
    assert (calibration["model"], calibration["split"]) == ("small", "PublicTest")
    entropy = calibration["cross_entropy"]
    assert card["temperature"] != 1
    assert entropy == pytest.approx(figures["calibration"]["cross_entropy"], rel=1e-3)


def test_several_models_stand_side_by_side_with_their_ensemble_and_a_test_of_their_distance(trained, data, tmp_path):
    _, model = trained
    done = run_fer(
        tmp_path, "--data", data, "--evaluate", model, model, "--tta", "--ensemble", "--robustness", "--unseen",
        "--protocol", "majority", "--split", "PrivateTest", "--chart", tmp_path / "chart.png",
        "--json", tmp_path / "e.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ensemble" in done.stdout
    assert "PrivateTest, unseen" in done.stdout
    assert "McNemar" in done.stdout
    assert "a covered quarter" in done.stdout
    assert (tmp_path / "chart.png").stat().st_size > 1000

    found = json.loads((tmp_path / "e.json").read_text())
    names = ["small + mirror", "small 2 + mirror", "ensemble"]
    assert [(score["model"], score["protocol"]) for score in found["scores"]] == [(name, "majority") for name in names]
    assert list(found["robustness"]["models"]) == list(found["costs"]) == names
    damages = 1 + sum(len(strengths) for _, _, strengths in CORRUPTIONS)
    assert {name: len(scores) for name, scores in found["robustness"]["models"].items()} == dict.fromkeys(
        names, damages
    )
    assert [(pair["first"], pair["second"]) for pair in found["mcnemar"]] == list(combinations(names, 2))


def test_a_trained_network_teaches_the_next(trained, data, tmp_path):
    _, teacher = trained
    pupil = tmp_path / "pupil.h5"
    done = run_fer(
        tmp_path, "--data", data, "--dry-run", "--epochs", 1, "--network", "simple_cnn", "--teacher", teacher,
        "--output", pupil,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_card(pupil)["teachers"] == [{"file": "small.h5", "sha256": sha256(teacher)}]


def test_killed_with_9_it_goes_on_from_its_last_whole_epoch(data, tmp_path):
    model = tmp_path / "killed.h5"
    flags = ["--data", data, "--network", "mini_xception", "--epochs", "6", "--output", model]
    running = subprocess.Popen(command(*flags), cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    state = model.with_suffix(".checkpoint") / "state.json"
    end = time.monotonic() + 240
    while time.monotonic() < end and running.poll() is None and not state.exists():
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done_before = len(json.loads(state.read_text())["history"])
    assert 1 <= done_before < 6

    refused = run_fer(tmp_path, *flags)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr.splitlines()[-1]

    resumed = run_fer(tmp_path, *flags, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"epoch {done_before + 1}/6" in resumed.stderr
    assert "epoch 1/6" not in resumed.stderr
    assert len(read_card(model)["history"]) == 6
    assert not state.exists()


def elsewhere(flags: list[str]) -> list[str]:
    """What keeps a call that should be refused, and is not, from training over the shipped model."""
    return [] if "--evaluate" in flags else ["--output", "x.h5"]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--data", "{empty}"], "no faces with labels there"),
        (["--seed", "-1"], "--seed: -1 is not from 0 to"),
        (["--evaluate", "{text}"], "model.h5: not an HDF5 model file"),
        (["--output", "{text}/below/fer.h5"], "cannot be written"),
    ],
    ids=["no data", "no such seed", "no model", "no folder to write to"],
)
def test_bad_calls_are_one_line_and_exit_code_2(flags, named, data, places, tmp_path):
    flags = [flag.format(**places) for flag in flags]
    done = run_fer(tmp_path, "--data", data, *elsewhere(flags), *flags)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert named in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("fer.py: error: ")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--data", "{empty}/nowhere"], "no such file or folder"),
        (["--evaluate", "{empty}/none.h5"], "none.h5: no such model file"),
        (["--split", "Test", "--evaluate", "{text}"], "--split Test: not in"),
        (["--evaluate", "{text}", "--chart", "nowhere/chart.png"], "--chart nowhere/chart.png: there is no folder"),
        (["--evaluate", "{text}", "--chart", "chart.doc"], "chart.doc: a figure is written as"),
        (["--evaluate", "{text}", "--json", "{text}"], "is read in this run; name another file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_refused_before_it_is_begun(flags, named, data, places, tmp_path, monkeypatch):
    flags = [flag.format(**places) for flag in flags]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fer.py", "--data", str(data), *elsewhere(flags), *flags])
    with pytest.raises(InputError) as refused:
        fer.main()
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)
