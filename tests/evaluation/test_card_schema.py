"""The card's schema: what is written is read again, an older one too, and one of another form is named."""

import json
import shutil
from dataclasses import replace

import h5py
import pytest
from made_scores import scored

from emotion.errors import InputError
from emotion.evaluation.calibration import Calibration
from emotion.evaluation.card import Card, SplitFigures, TrainingData, card_from_json, read_card
from emotion.labels import SEVEN_EMOTIONS

CARD = Card(
    labels=SEVEN_EMOTIONS,
    protocol="majority",
    parameters=10,
    macs=20,
    teachers=[{"file": "a.h5", "sha256": "00"}],
    data=TrainingData("abc", {"Training": 4}),
    splits={
        "PublicTest": SplitFigures(
            {"majority": scored(0.8, recalls={"neutral": 0.5, "fear": None}, confusion=[[1, 1], [0, 0]])},
            Calibration(4, 0.1, 0.2, 0.3, 0.4, 0.5, [(0.5, 0.6, 4)]),
        ),
        "Test": SplitFigures({}),
    },
    history=[{"loss": 1.5, "seconds": 3.0}],
)


def stored(card: Card) -> dict:
    return json.loads(json.dumps(card.to_json()))


def test_what_is_written_is_read_again():
    assert card_from_json(stored(CARD)) == CARD
    assert stored(CARD)["schema"] == 2


def test_the_shipped_card_is_read_from_the_model_and_from_beside_it(repository):
    card = read_card(repository / "models" / "fer.h5")
    assert card.labels == SEVEN_EMOTIONS
    score = card.splits["PublicTest"].scores["majority"]
    assert score.accuracy == pytest.approx(0.8928, abs=5e-5)
    assert score.macro_f1_low < score.macro_f1 < score.macro_f1_high
    assert card == card_from_json(json.loads((repository / "models" / "fer.json").read_text(encoding="utf-8")))


def test_what_a_card_of_schema_1_lacks_is_worked_out(repository):
    stored = json.loads((repository / "models" / "fer.json").read_text(encoding="utf-8"))
    whole = card_from_json(json.loads(json.dumps(stored)))
    for figures in stored["splits"].values():
        for old in figures["scores"].values():
            del old["macro_f1_low"], old["macro_f1_high"]
    assert card_from_json(stored) == whole


def test_a_card_needs_no_more_than_its_labels_and_may_say_more():
    card = card_from_json({"labels": ["a", "b"], "mood": "sunny", "parameters": 3})
    assert card == Card(("a", "b"), parameters=3)


def old_card(confusion):
    """A card's splits as schema 1 had them: the interval of the macro F1 is made of the confusion."""
    return {"splits": {"Test": {"scores": {"majority": {"confusion": confusion}}}}}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"labels": "abc"}, "labels"),
        ({"parameters": "many"}, "parameters"),
        ({"splits": []}, "not of the form of a card"),
        ({"splits": {"Test": {"scores": {"majority": {"accuracy": 1}}}}}, "not of the form of a card"),
        ({"splits": {"Test": {"scores": {"majority": {"macro_f1_low": 1}}}}}, "splits.Test.scores.majority"),
        ({"history": [{"loss": "low"}]}, "history.0.loss"),
        (old_card([[1] * 9] * 9), "no square of up to eight emotions"),  # of 1000 its bootstrap would take 16 GB
        (old_card([[1, float("nan")], [0, 1]]), "no square of up to eight emotions"),
        (old_card([[1, 2]]), "no square of up to eight emotions"),
        (old_card([[0, 0], [0, 0]]), "a confusion of no faces"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_a_card_of_another_form_is_named(change, named):
    with pytest.raises(ValueError, match=named):
        card_from_json(stored(CARD) | change)


def test_a_damaged_card_is_one_line_that_names_the_file(tmp_path, tiny_model):
    shutil.copy(tiny_model, tmp_path / "theirs.h5")
    with h5py.File(tmp_path / "theirs.h5", "r+") as file:
        file.attrs["card"] = json.dumps(stored(replace(CARD, parameters="many")))
    with pytest.raises(InputError, match=r"theirs\.h5: its card cannot be read \(parameters: .*\)") as refused:
        read_card(tmp_path / "theirs.h5")
    assert "\n" not in str(refused.value)


def test_without_a_card_there_is_none(tmp_path, tiny_model):
    shutil.copy(tiny_model, tmp_path / "theirs.h5")
    with h5py.File(tmp_path / "theirs.h5", "r+") as file:
        del file.attrs["card"]
    assert read_card(tmp_path / "theirs.h5") is None
