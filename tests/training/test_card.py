"""What a card says of a network, and on what data it can say it."""

import json
import subprocess
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from small_fer2013 import write_class_folders

import emotion
from emotion.dataset.load import load
from emotion.evaluation.card import Card, card_from_json, measure
from emotion.evaluation.report import format_card
from emotion.labels import SEVEN_EMOTIONS
from emotion.training.card import build_card, command_line, commit
from emotion.training.checkpoint import Checkpoint
from emotion.training.recipes import RECIPES
from emotion.training.run import Run

pytestmark = pytest.mark.slow

HISTORY = [{"loss": 2.0, "seconds": 12.4}, {"loss": 1.0, "seconds": 12.3}]


def always_neutral(faces):
    return np.eye(7, dtype=np.float32)[[0] * len(faces)]


def card_of(dataset, folder, trained_on, seed=0, temperature=1.0):
    network = SimpleNamespace(layers=[], name="simple_cnn", count_params=lambda: 336_103)
    run = Run("simple_cnn", SEVEN_EMOTIONS, "7 rows", "none", RECIPES["simple_cnn"], seed, trained_on, [], 0.5)
    checkpoint = Checkpoint(folder, {})
    checkpoint.history = HISTORY
    return build_card(network, run, dataset, checkpoint, measure(always_neutral, dataset.splits), temperature)


def test_of_faces_without_votes_a_card_knows_the_original_labels_alone(tmp_path):
    dataset = load(write_class_folders(tmp_path / "data", tuple("0123456"), {"train": 14, "test": 7}))
    card = card_of(dataset, tmp_path / "run", trained_on="labels", seed=3)
    assert (card.protocol, card.seed, card.network, card.parameters, card.macs) == (
        "labels", 3, "simple_cnn", 336_103, 0,
    )  # fmt: skip
    assert (card.data.fingerprint, card.data.rows) == (dataset.fingerprint, {"Training": 14, "Test": 7})
    assert {name: (list(split.scores), split.calibration) for name, split in card.splits.items()} == {
        "Training": (["labels"], None),
        "Test": (["labels"], None),
    }
    assert card.splits["Test"].scores["labels"].accuracy == pytest.approx(1 / 7)


@pytest.mark.parametrize(("source", "protocol"), [("ferplus", "majority"), ("fer2013", "fer2013")])
def test_a_network_is_known_by_its_figure_on_what_it_learnt(source, protocol, data, tmp_path):
    card = card_of(load(data), tmp_path / "run", trained_on=source)
    assert card.protocol == protocol
    assert set(card.splits["PublicTest"].scores) == {"majority", "argmax", "fer2013"}
    assert card.splits["PublicTest"].calibration.count == 7


def test_a_card_tells_how_long_it_took_and_by_which_code_and_packages(data, tmp_path, monkeypatch):
    monkeypatch.setattr("emotion.training.card.PACKAGES", ("keras", "no-such-package"))
    monkeypatch.setattr("emotion.training.card.commit", lambda: "5eed")
    card = card_of(load(data), tmp_path / "run", trained_on="ferplus")
    assert card.seconds == 25
    assert card.history == HISTORY
    assert card.versions.keys() == {"facial-emotion-recognition", "commit", "python", "keras"}
    assert (card.versions["facial-emotion-recognition"], card.versions["commit"]) == (emotion.__version__, "5eed")
    assert card.versions["keras"] == keras.__version__
    assert card.recipe["epochs"] == RECIPES["simple_cnn"].epochs


def test_a_card_of_a_run_is_read_again_as_it_was_written(data, tmp_path):
    card = card_of(load(data), tmp_path / "run", trained_on="ferplus", seed=3, temperature=1.5)
    read = card_from_json(json.loads(json.dumps(card.to_json())))
    assert isinstance(read, Card)
    assert json.dumps(read.to_json()) == json.dumps(card.to_json())


def test_the_commit_is_that_of_the_checkout_and_says_where_files_differ(tmp_path):
    def git(*command):
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True, capture_output=True)

    assert commit(tmp_path) is None
    (tmp_path / "a.py").write_text("1")
    git("init")
    assert commit(tmp_path) is None, "before the first commit"
    git("add", "a.py")
    git("commit", "-m", "a")
    assert len(clean := commit(tmp_path)) == 40
    (tmp_path / "a.py").write_text("2")
    assert commit(tmp_path) == f"{clean}+"


def test_a_card_for_a_person_is_a_line_a_split_and_protocol_twice(data, tmp_path):
    lines = format_card("fer.h5", card_of(load(data), tmp_path / "run", trained_on="ferplus")).splitlines()
    expected = [
        ("fer.h5", split, protocol)
        for split in ("Training", "PublicTest", "PrivateTest")
        for protocol in ("majority", "argmax", "fer2013")
    ]
    figures, recalls = lines[2:11], lines[15:]
    assert [tuple(line.split()[:3]) for line in figures] == expected
    assert [tuple(line.split()[:3]) for line in recalls] == expected


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["fer.py", "--epochs", "3"], "python fer.py --epochs 3"),
        (["/home/me/fer.py", "--data", "/home/me/patients"], "python fer.py --data patients"),
        (["fer.py", "--data=/home/me/patients"], "python fer.py --data=patients"),
        (["fer.py", "--output", "models/a b.h5"], "python fer.py --output 'models/a b.h5'"),
    ],
    ids=["nothing to hide", "a folder", "a folder behind =", "a name with a space"],
)
def test_a_card_tells_the_call_but_not_where_things_lie(arguments, shown):
    assert command_line(arguments) == shown
