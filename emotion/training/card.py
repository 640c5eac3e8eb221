"""The model card: what a network is, how it came about and what it was measured to do. It travels in the .h5.

After Mitchell et al., Model Cards for Model Reporting, arXiv:1810.03993.
"""

import importlib.metadata
import platform
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from emotion.dataset.splits import Dataset, Split
from emotion.evaluation.calibration import calibration
from emotion.evaluation.metrics import Classify, Score, format_table, protocols, score
from emotion.labels import SEVEN_EMOTIONS
from emotion.training.checkpoint import Checkpoint
from emotion.training.recipes import Recipe

PACKAGES = ("keras", "tensorflow", "jax", "numpy", "opencv-python")


def build_card(
    model, labels: tuple[str, ...], dataset: Dataset, recipe: Recipe, checkpoint: Checkpoint, figures: dict, **facts
) -> dict:
    """The card of the Keras `model`, whose outputs are `labels`; `figures` as `measure` gives them, `facts`
    as they are (seed, temperature ...).
    """
    return {
        "schema": 1,
        "labels": list(labels),
        "input": {"shape": [48, 48, 1], "pixels": "grey, 0-255, rescaled by the network itself"},
        "protocol": "majority" if facts["trained_on"] == "ferplus" else facts["trained_on"],
        "network": model.name,
        "parameters": model.count_params(),
        "recipe": asdict(recipe),
        **facts,
        "command": command_line(sys.argv),
        "seconds": round(checkpoint.seconds),
        "data": {
            "fingerprint": dataset.fingerprint,
            "rows": {name: len(split) for name, split in dataset.splits.items()},
        },
        "versions": {"python": platform.python_version()} | {name: v for name in PACKAGES if (v := version(name))},
        "splits": figures,
        "history": checkpoint.history,
    }


def command_line(arguments: list[str]) -> str:
    """How the script was called; of a path, only the name: where it lies on somebody's disk is nobody's business."""
    return shlex.join(["python", *map(without_folder, arguments)])


def without_folder(argument: str) -> str:
    """`--data=/home/me/fer` -> `--data=fer`; what names no place on this disk stays as it is."""
    flag, equals, path = argument.rpartition("=")
    return flag + equals + Path(path).name if Path(path).is_absolute() else argument


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def measure(classify: Classify, splits: dict[str, Split], labels: tuple[str, ...] = SEVEN_EMOTIONS) -> dict:
    """{split: {"scores": {protocol: Score}, "calibration": ...}}, each split classified once; plain JSON."""
    figures = {}
    for name, split in splits.items():
        probabilities = classify(split.faces)
        scores = {protocol: asdict(score(probabilities, split, protocol, labels)) for protocol in protocols(split)}
        figures[name] = {"scores": scores}
        if split.votes is not None:
            figures[name]["calibration"] = asdict(calibration(probabilities, split.votes))
    return figures


def format_card(name: str, card: dict) -> str:
    """The figures of a card as a table for a person."""
    rows = [
        (name, split, Score(**score))
        for split, figures in card["splits"].items()
        for score in figures["scores"].values()
    ]
    return format_table(rows)
