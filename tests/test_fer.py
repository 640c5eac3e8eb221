"""`fer.py` as a user runs it, on a few rows."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from small_fer2013 import write_small_fer2013

from emotion.model_config import read_card
from emotion.model_file import sha256


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_small_fer2013(tmp_path_factory.mktemp("fer2013"))


def run_fer(repository, *flags) -> subprocess.CompletedProcess:
    command = [sys.executable, str(repository / "fer.py"), *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory, repository):
    """(what a dry run said, the model it wrote)"""
    model = tmp_path_factory.mktemp("models") / "small.h5"
    return run_fer(repository, "--data", data, "--dry-run", "--epochs", 2, "--seed", 3, "--output", model), model


def test_a_run_writes_the_model_its_card_its_light_copy_and_its_plots(trained):
    done, model = trained
    assert done.returncode == 0, done.stderr
    written = {path.name for path in model.parent.iterdir()}
    plots = {f"small_{plot}.png" for plot in ("curves", "confusion", "recalls", "mistakes", "reliability")}
    assert written == {"small.h5", "small.json", "small.tflite"} | plots


def test_figures_go_to_stdout_progress_to_stderr_and_nobody_elses_talk_anywhere(trained):
    done, _ = trained
    assert {line.split()[1] for line in done.stdout.splitlines()[1:]} == {"Training", "PublicTest", "PrivateTest"}
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
    score = card["splits"]["PublicTest"]["scores"]["majority"]
    assert score["count"] == 28
    assert score["low"] <= score["accuracy"] <= score["high"]
    assert set(card["splits"]) == {"Training", "PublicTest", "PrivateTest"}


def test_evaluating_the_saved_model_finds_the_cards_figures_again(trained, data, repository, tmp_path):
    _, model = trained
    done = run_fer(
        repository, "--data", data, "--evaluate", model, "--split", "PublicTest", "--json", tmp_path / "e.json"
    )
    assert done.returncode == 0, done.stderr
    (found,) = (s for s in json.loads((tmp_path / "e.json").read_text())["scores"] if s["protocol"] == "majority")
    card = json.loads(model.with_suffix(".json").read_text())["splits"]["PublicTest"]["scores"]["majority"]
    assert found["confusion"] == card["confusion"]


def test_several_models_stand_side_by_side_with_their_ensemble_and_a_test_of_their_distance(
    trained, data, repository, tmp_path
):
    _, model = trained
    done = run_fer(
        repository, "--data", data, "--evaluate", model, model, "--tta", "--ensemble", "--robustness", "--unseen",
        "--protocol", "majority", "--split", "PrivateTest", "--chart", tmp_path / "chart.png",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ensemble" in done.stdout
    assert "PrivateTest, unseen" in done.stdout
    assert "McNemar" in done.stdout
    assert "a covered quarter" in done.stdout
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_a_trained_network_teaches_the_next(trained, data, repository, tmp_path):
    _, teacher = trained
    pupil = tmp_path / "pupil.h5"
    done = run_fer(
        repository, "--data", data, "--dry-run", "--epochs", 1, "--network", "simple_cnn", "--teacher", teacher,
        "--output", pupil,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_card(pupil)["teachers"] == [{"file": "small.h5", "sha256": sha256(teacher)}]


def test_killed_with_9_it_goes_on_from_its_last_whole_epoch(data, repository, tmp_path):
    model = tmp_path / "killed.h5"
    flags = ["--data", data, "--network", "mini_xception", "--epochs", "6", "--output", model]
    command = [sys.executable, str(repository / "fer.py"), *map(str, flags)]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    state = model.with_suffix(".checkpoint") / "state.json"
    end = time.monotonic() + 240
    while time.monotonic() < end and running.poll() is None and not state.exists():
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done_before = len(json.loads(state.read_text())["history"])
    assert 1 <= done_before < 6

    refused = run_fer(repository, *flags)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr.splitlines()[-1]

    resumed = run_fer(repository, *flags, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"epoch {done_before + 1}/6" in resumed.stderr
    assert "epoch 1/6" not in resumed.stderr
    assert len(read_card(model)["history"]) == 6
    assert not state.exists()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--data", "{empty}"], "no FER2013 data there"),
        (["--data", "{empty}/nowhere"], "no FER2013 data there"),
        (["--output", "fer.keras"], "--output"),
        (["--labels", "mine"], "--labels"),
        (["--labels", "fer2013", "--emotions", "8"], "--emotions 8"),
        (["--evaluate", "{empty}/none.h5"], "none.h5"),
        (["--evaluate", "{text}"], "model.h5"),
        (["--split", "Test", "--evaluate", "{text}"], "--split Test"),
        (["--evaluate", "{text}", "--chart", "nowhere/chart.png"], "--chart nowhere/chart.png: there is no folder"),
        (["--evaluate", "{text}", "--chart", "chart.doc"], "chart.doc: a figure is written as"),
        (["--evaluate", "{text}", "--json", "{text}"], "is the input; name another file"),
        (["--epochs", "0"], "--epochs"),
        (["--seed", "-1"], "--seed: -1 is not from 0 to"),
        (["--learning-rate", "nan"], "--learning-rate: nan is not above 0"),
        (["--tta"], "--tta: only of use with --evaluate"),
        (["--json", "figures.json"], "--json: only of use with --evaluate"),
        (["--teacher", "{text}", "--output", "{text}"], "is the input; name another file"),
        (["--backbone-weights", "{text}", "--output", "{text}"], "is the input; name another file"),
        (["--output", "{text}/below/fer.h5"], "--output"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_calls_are_one_line_and_exit_code_2(flags, named, data, repository, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.h5").write_text("no model")
    flags = [flag.format(empty=tmp_path / "empty", text=tmp_path / "model.h5") for flag in flags]
    where = [] if "--data" in flags else ["--data", data]
    done = run_fer(repository, *where, *flags)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert named in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("fer.py: error: ")
