"""Teachers: to learn from what trained networks make of a face as much as from the ten people who saw it.

Ten votes are a noisy measurement. Networks that have seen thousands of faces like this one know which emotions it
resembles and where voters slip; the mean of several is better than any, and one network can learn most of it.

Source: Hinton et al., Distilling the Knowledge in a Neural Network, arXiv:1503.02531.
"""

from pathlib import Path

from emotion.errors import InputError
from emotion.evaluation.compare import reordered
from emotion.evaluation.metrics import Classify, ensemble
from emotion.faces.classifier import load_classifier
from emotion.labels import canonical
from emotion.model_file.safety import read_card


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
