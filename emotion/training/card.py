"""What a card says of how a network came about: its recipe, its command, the code and packages it was made by."""

import importlib.metadata
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import emotion
from emotion.dataset.splits import Dataset
from emotion.evaluation.card import Card, SplitFigures, TrainingData
from emotion.evaluation.costs import multiply_accumulates
from emotion.shipped import REPOSITORY
from emotion.training.checkpoint import Checkpoint
from emotion.training.run import Run

PACKAGES = ("keras", "tensorflow", "jax", "numpy", "opencv-python")


def build_card(
    model,
    run: Run,
    dataset: Dataset,
    checkpoint: Checkpoint,
    figures: dict[str, SplitFigures],
    temperature: float,
    precision: str = "float32",
) -> Card:
    """The card of the Keras `model` that came of `run`.

    `figures`: as `measure` gives them. `temperature`: what its logits were divided by. `precision`: in which it was trained.
    """
    return Card(
        labels=run.labels,
        protocol="majority" if run.trained_on == "ferplus" else run.trained_on,
        network=model.name,
        parameters=model.count_params(),
        macs=multiply_accumulates(model),
        input={"shape": [48, 48, 1], "pixels": "grey, 0-255, rescaled by the network itself"},
        recipe=asdict(run.recipe),
        command=command_line(sys.argv),
        seconds=round(checkpoint.seconds),
        precision=precision,
        data=TrainingData(dataset.fingerprint, {name: len(split) for name, split in dataset.splits.items()}),
        versions=versions(),
        splits=figures,
        history=checkpoint.history,
        temperature=temperature,
        **run.facts,
    )


def command_line(arguments: list[str]) -> str:
    """How the script was called; of a path, only the name: absolute paths are private."""
    return shlex.join(["python", *map(without_folder, arguments)])


def without_folder(argument: str) -> str:
    """`--data=/home/me/fer` -> `--data=fer`; what names no place on this disk stays as it is."""
    flag, equals, path = argument.rpartition("=")
    return flag + equals + Path(path).name if Path(path).is_absolute() else argument


def versions() -> dict[str, str]:
    """The versions of this code (its commit too, from a checkout), of Python and of the packages that are here."""
    found = {"facial-emotion-recognition": emotion.__version__, "commit": commit(), "python": platform.python_version()}
    found |= {package: version(package) for package in PACKAGES}
    return {name: text for name, text in found.items() if text}


def commit(folder: Path = REPOSITORY) -> str | None:
    """The commit of the checkout in `folder`, with a + where files differ from it; None where there is no checkout."""
    if not (folder / ".git").exists():  # a folder above may be somebody's own repository
        return None
    try:
        commit, changed = (
            subprocess.run(["git", "-C", folder, *command], capture_output=True, text=True, check=True).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):  # no git here, or a repository that is somebody else's
        return None
    return commit + "+" * bool(changed)


def version(package: str) -> str | None:
    """The version of an installed `package`; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
