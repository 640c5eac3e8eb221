"""Teachers: to learn from what trained networks make of a face as much as from the ten people who saw it.

Ten votes are a noisy measurement. Networks that have seen thousands of faces like this one know which emotions it
resembles and where voters slip; the mean of several is better than any, and one network can learn most of it.

Source: Hinton et al., Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
"""

import hashlib
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.evaluation.metrics import Classify
from emotion.faces.classifier import load_classifier
from emotion.files import cache_folder
from emotion.labels import canonical
from emotion.model_file.stored import read_card
from emotion.training.run import Run
from emotion.training.teacher_answers import TeacherAnswers


def open_answers(
    paths: list[Path], run: Run, faces: np.ndarray, device: str = "auto", folder: Path | None = None
) -> TeacherAnswers:
    """The answers of the models in `paths` to what `run` shows of `faces`, uint8 (N, 48, 48): known ones, and those to ask.

    `folder`: where they are kept; without it, in the user's cache. InputError where a model will not do.
    """
    about = {name: run.settings[name] for name in ("labels", "teachers", "augmentation", "batch_size")}
    # The faces themselves: data without a validation split give others to each seed, and answers go by a batch's place.
    about["faces"] = hashlib.sha256(faces.tobytes()).hexdigest()
    folder = folder or cache_folder() / "teachers"
    return TeacherAnswers(load_teacher(paths, run.labels, device), folder, about, run.teacher_weight)


def load_teacher(paths: list[Path], labels: tuple[str, ...], device: str) -> Classify:
    """The mean of the models in `paths`; InputError where one does not answer in the `labels` to be learnt."""
    for path in paths:
        card = read_card(path)
        if card is None:
            raise InputError(f"--teacher {path}: does not say what its outputs mean; name a .h5 that fer.py wrote")
        if set(map(canonical, card["labels"])) != set(labels):
            raise InputError(f"--teacher {path}: does not answer in {', '.join(labels)}; see --emotions")
    return load_classifier(paths, device).in_order(labels).classify
