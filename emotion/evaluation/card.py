"""The model card: what a network is, how it came about and what it was measured to do. It travels in the .h5.

After Mitchell et al., Model Cards for Model Reporting, arXiv:1810.03993.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from emotion.dataset.splits import Split
from emotion.errors import InputError
from emotion.evaluation.calibration import Calibration, calibration
from emotion.evaluation.metrics import Classify, Score, macro_f1_interval, protocols, score
from emotion.labels import EIGHT_EMOTIONS, SEVEN_EMOTIONS
from emotion.model_file.stored import read_card as read_stored_card

SCHEMA = 2


@dataclass(frozen=True)
class SplitFigures:
    """What was measured on one split."""

    scores: dict[str, Score]  # by protocol
    calibration: Calibration | None = None  # None without votes


@dataclass(frozen=True)
class TrainingData:
    """What a network was trained on."""

    fingerprint: str  # of every pixel, label and vote
    rows: dict[str, int]  # by split


@dataclass(frozen=True)
class Card:
    """Only the labels are in every card: it may be an older one, or another program's."""

    labels: tuple[str, ...]  # of the outputs, in order
    protocol: str | None = None  # that of the headline figure
    network: str | None = None
    parameters: int | None = None
    macs: int | None = None  # multiply-accumulates of one face
    input: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    trained_on: str | None = None  # ferplus, fer2013 or labels
    teachers: list[dict[str, str]] = field(default_factory=list)  # their files' names and SHA-256
    teacher_weight: float | None = None
    init_from: dict[str, Any] | None = None  # the model that training went on from
    temperature: float | None = None  # in the weights already
    command: str | None = None
    seconds: int | None = None  # of training
    precision: str | None = None  # in which it was trained, by Keras's name; it is measured, and predicts, in float32
    data: TrainingData | None = None
    versions: dict[str, str] = field(default_factory=dict)  # of this code and of what it ran on
    splits: dict[str, SplitFigures] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)  # an entry an epoch
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        return {"schema": self.schema} | asdict(self)  # the schema first, for a reader


def card_from_json(stored: dict[str, Any]) -> Card:
    """The card that `stored`, parsed JSON, holds. Raises ValueError where it is of another form.

    Schema 1 has neither the interval of the macro F1, which follows from the confusion matrix, nor `macs`.
    """
    try:
        for figures in stored.get("splits", {}).values():
            for old in figures["scores"].values():
                if "macro_f1_low" not in old:
                    check_confusion(old["confusion"])
                    old["macro_f1_low"], old["macro_f1_high"] = macro_f1_interval(old["confusion"])
        return TypeAdapter(Card).validate_python(stored)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not of the form of a card ({type(error).__name__}: {error})") from None


def check_confusion(confusion: Any) -> None:
    """Raise ValueError for what is no matrix as a card of schema 1 has it: its bootstrap takes memory by its size."""
    numbers = [number for row in confusion for number in row]
    whole = all(type(number) is int and 0 <= number < 10**9 for number in numbers)
    if not whole or not numbers or len(numbers) != len(confusion) ** 2 or len(confusion) > len(EIGHT_EMOTIONS):
        raise ValueError("a confusion that is no square of up to eight emotions")
    if not any(numbers):
        raise ValueError("a confusion of no faces")


def read_card(path: Path) -> Card | None:
    """The card in the model file `path`; None where it has none. InputError where it is damaged."""
    stored = read_stored_card(path)
    if stored is None:
        return None
    try:
        return card_from_json(stored)
    except ValueError as error:
        raise InputError(
            f"{path}: its card cannot be read ({error}); save the model without the attribute `card`"
        ) from None


def measure(
    classify: Classify, splits: dict[str, Split], labels: tuple[str, ...] = SEVEN_EMOTIONS
) -> dict[str, SplitFigures]:
    """What a card says of each of `splits`, each classified once."""
    figures = {}
    for name, split in splits.items():
        probabilities = classify(split.faces)
        scores = {protocol: score(probabilities, split, protocol, labels) for protocol in protocols(split)}
        votes = None if split.votes is None else calibration(probabilities, split.votes, labels)
        figures[name] = SplitFigures(scores, votes)
    return figures
