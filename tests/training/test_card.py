"""What a card says of a network, and on what data it can say it."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from small_fer2013 import write_class_folders

from emotion.dataset.load import load
from emotion.labels import SEVEN_EMOTIONS
from emotion.training.card import build_card, command_line, format_card, measure
from emotion.training.checkpoint import Checkpoint
from emotion.training.recipes import RECIPES

pytestmark = pytest.mark.slow

HISTORY = [{"loss": 2.0, "seconds": 12.4}, {"loss": 1.0, "seconds": 12.3}]


def always_neutral(faces):
    return np.eye(7, dtype=np.float32)[[0] * len(faces)]


def card_of(dataset, folder, **facts):
    network = SimpleNamespace(output_shape=(None, 7), name="simple_cnn", count_params=lambda: 336_103)
    checkpoint = Checkpoint(folder, {})
    checkpoint.history = HISTORY
    figures = measure(always_neutral, dataset.splits)
    return build_card(network, SEVEN_EMOTIONS, dataset, RECIPES["simple_cnn"], checkpoint, figures, **facts)


def test_of_faces_without_votes_a_card_knows_the_original_labels_alone(tmp_path):
    dataset = load(write_class_folders(tmp_path / "data", tuple("0123456"), {"train": 14, "test": 7}))
    card = card_of(dataset, tmp_path / "run", trained_on="fer2013", seed=3)
    assert (card["protocol"], card["seed"], card["network"], card["parameters"]) == (
        "fer2013", 3, "simple_cnn", 336_103,
    )  # fmt: skip
    assert card["data"] == {"fingerprint": dataset.fingerprint, "rows": {"Training": 14, "Test": 7}}
    assert {name: (list(figures), list(figures["scores"])) for name, figures in card["splits"].items()} == {
        "Training": (["scores"], ["fer2013"]),
        "Test": (["scores"], ["fer2013"]),
    }
    assert card["splits"]["Test"]["scores"]["fer2013"]["accuracy"] == pytest.approx(1 / 7)


@pytest.mark.parametrize(("source", "protocol"), [("ferplus", "majority"), ("fer2013", "fer2013")])
def test_a_network_is_known_by_its_figure_on_what_it_learnt(source, protocol, data, tmp_path):
    card = card_of(load(data), tmp_path / "run", trained_on=source)
    assert card["protocol"] == protocol
    assert set(card["splits"]["PublicTest"]["scores"]) == {"majority", "argmax", "fer2013"}
    assert card["splits"]["PublicTest"]["calibration"]["count"] == 7


def test_a_card_tells_how_long_it_took_and_by_which_packages(data, tmp_path, monkeypatch):
    monkeypatch.setattr("emotion.training.card.PACKAGES", ("keras", "no-such-package"))
    card = card_of(load(data), tmp_path / "run", trained_on="ferplus")
    assert card["seconds"] == 25
    assert card["history"] == HISTORY
    assert card["versions"].keys() == {"python", "keras"}
    assert card["versions"]["keras"] == keras.__version__
    assert json.loads(json.dumps(card))["recipe"]["epochs"] == RECIPES["simple_cnn"].epochs


def test_a_card_for_a_person_is_a_line_a_split_and_protocol_twice(data, tmp_path):
    lines = format_card("fer.h5", card_of(load(data), tmp_path / "run", trained_on="ferplus")).splitlines()
    expected = [
        ("fer.h5", split, protocol)
        for split in ("Training", "PublicTest", "PrivateTest")
        for protocol in ("majority", "argmax", "fer2013")
    ]
    figures, recalls = lines[1:10], lines[13:]
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
