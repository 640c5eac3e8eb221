"""Distillation: to learn from what trained networks make of a face as much as from the ten people who saw it.

Ten votes are a noisy measurement. Networks that have seen thousands of faces like this one know which emotions it
resembles and where voters slip; the mean of several is better than any, and one network can learn most of it.

Source: Hinton et al., Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
"""

from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.evaluation.compare import reordered
from emotion.evaluation.metrics import Classify, ensemble, mirrored
from emotion.faces.classifier import load_classifier
from emotion.labels import canonical
from emotion.model_file.safety import read_card

TRUST = 0.5  # the teachers' part in what is learnt; the voters' is the rest


def distilled_targets(faces: np.ndarray, shares: np.ndarray, teacher: Classify) -> np.ndarray:
    """What to learn of `faces`, uint8 (N, 48, 48): the voters' `shares` and `teacher`'s answers mixed, float32 (N, C).

    The teacher sees each face as it is and mirrored. It was calibrated, so its answers need no temperature.
    """
    return (1 - TRUST) * shares + TRUST * mirrored(teacher)(faces).astype(np.float32)


def load_teacher(paths: list[Path], labels: tuple[str, ...], device: str) -> Classify:
    """The mean of the models in `paths`; InputError where one does not answer in the `labels` to be learnt."""
    members = []
    for path in paths:
        if read_card(path) is None:
            raise InputError(f"--teacher {path}: does not say what its outputs mean; name a .h5 that fer.py wrote")
        classifier = load_classifier([path], device)
        if set(map(canonical, classifier.labels)) != set(labels):
            raise InputError(f"--teacher {path}: does not answer in {', '.join(labels)}; see --emotions")
        members.append(reordered(classifier, path, labels)[0])
    return ensemble(members)
