"""The checkpoint's folder: what is ours in it, what is not, and who may write there."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from emotion.errors import InputError
from emotion.training.checkpoint import Checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def run_epoch(checkpoint: Checkpoint, epoch: int, loss: float) -> None:
    checkpoint.start_epoch(epoch, {})
    checkpoint.save_running(epoch, {})
    checkpoint.save_best(epoch, {"val_loss": loss})


@pytest.fixture
def run(model, tmp_path) -> Path:
    """A folder with a run of two epochs, the first the best, among somebody else's files."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("mine.weights.h5", "best-of-2019.weights.h5", "notes.txt"):
        (folder / name).write_text("somebody else's")
    (folder / "running-0009.weights.h5").write_text("half-written by a killed run")
    checkpoint = Checkpoint(folder, {})
    with checkpoint.attach(model):
        run_epoch(checkpoint, 0, loss=1.0)
        run_epoch(checkpoint, 1, loss=2.0)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lock"}


FOREIGN = {"mine.weights.h5", "best-of-2019.weights.h5", "notes.txt"}


def test_only_its_own_weights_are_deleted(run):
    assert names(run) == FOREIGN | {"state.json", "best-0001.weights.h5", "running-0002.weights.h5"}


def test_at_the_end_what_is_somebody_elses_stays(run):
    Checkpoint(run, {}, resume=True).finish()
    assert names(run) == FOREIGN


@pytest.mark.parametrize("name", ["running-0002.weights.h5", "best-0001.weights.h5"])
@pytest.mark.parametrize(("damage", "word"), [(Path.unlink, "is missing"), (Path.touch, "cannot be read")])
def test_weights_that_are_gone_or_damaged_are_one_line(name, damage, word, run, model):
    (run / name).unlink()
    if damage is Path.touch:
        (run / name).write_bytes(b"no HDF5")
    checkpoint = Checkpoint(run, {}, resume=True)
    with pytest.raises(InputError, match=rf"{name} {word}.*delete the folder"), checkpoint.attach(model):
        checkpoint.load_best(model)


def test_a_state_that_names_files_elsewhere_is_damaged(run):
    state = json.loads((run / "state.json").read_text())
    state["files"]["running"] = "../running-0002.weights.h5"
    (run / "state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match=r"state\.json is damaged"):
        Checkpoint(run, {}, resume=True)


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, '{"settings": [], "history": [], "best_loss": 1, "files": {}}'],
    ids=["too deep", "settings without names"],
)
def test_a_state_of_another_form_is_damaged(text, tmp_path):
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(InputError, match=r"state\.json is damaged"):
        Checkpoint(tmp_path, {"epochs": 3}, resume=True)


HOLD = """
import sys, time, filelock
lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print("held", flush=True); time.sleep(60)
"""


def test_a_second_training_is_refused_until_the_first_is_dead(run, model):
    other = subprocess.Popen([sys.executable, "-c", HOLD, run / "lock"], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        second = Checkpoint(run, {}, resume=True)
        with pytest.raises(InputError, match="another training is at work in there"), second.attach(model):
            pass
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        with second.attach(model):
            assert second.epoch == 2
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


def test_a_member_that_does_not_write_reads_the_run_and_leaves_the_folder_alone(run, model):
    before = {path: path.read_bytes() for path in run.iterdir()}
    member = Checkpoint(run, {}, resume=True, writes=False)
    with member.attach(model):
        run_epoch(member, 2, loss=0.5)
    assert (member.epoch, member.files["best"]) == (3, "best-0003.weights.h5")
    assert {path: path.read_bytes() for path in run.iterdir()} == before
