"""What teachers answer on the very faces that a student is shown: asked once, kept on disk, met again by every student.

A teacher that sees another view of a face than the student answers another question. Here both see the same augmented
face, and for many epochs: "a good teacher is patient and consistent" (Beyer et al., arXiv:2106.05237). Augmentation is a
function of view and batch, so that the views can be few, a teacher runs in their first epochs only, and a second student
runs without.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from emotion.errors import InputError
from emotion.evaluation.metrics import Classify
from emotion.files import atomic_file

logger = logging.getLogger(__name__)

# Epochs of augmented faces, which come again as their mirror images, of the same emotion: 20 epochs that differ.
VIEWS = 10  # of 28,000 faces and seven emotions, 0.4 MB each


class TeacherAnswers:
    """The answers of `teacher` by view and batch, in `folder`, one file a view.

    `about`, plain JSON, is what they depend on (the data, the teachers, the augmentation ...): another set of answers
    has a folder of its own beside this one. `weight` is 0 to 1.
    """

    def __init__(self, teacher: Classify, folder: Path, about: dict, weight: float, views: int = VIEWS):
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
        self.teacher, self.weight, self.views = teacher, weight, views
        self.folder = folder / key
        self.path: Path | None = None
        self.answers: dict[int, np.ndarray] = {}
        self.changed = False

    def begin(self, name: str) -> None:
        """From here on the batches are those of the view `name`; what was asked of the view before is kept."""
        self.save()
        self.path = self.folder / f"{name}.npz"
        self.answers = load_answers(self.path)

    def mix(self, index: int, faces: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """What to learn of batch `index`: `shares`, the voters' float32 (B, C), and the teacher's answers to `faces`.

        `faces` are uint8 (B, 48, 48), as the student sees them.
        """
        answers = self.answers.get(index)
        if answers is None or answers.shape != shares.shape:
            answers = self.answers[index] = self.teacher(faces).astype(np.float16)
            self.changed = True
        return (1 - self.weight) * shares + self.weight * answers.astype(np.float32)

    def save(self) -> None:
        """Write down what was asked, whole or not at all. A full disk costs the answers, not the run."""
        if not (self.changed and self.path):
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_file(self.path) as unfinished:
                arrays: dict[str, Any] = {str(index): answers for index, answers in self.answers.items()}
                np.savez_compressed(unfinished, **arrays)
        except (InputError, OSError) as error:
            logger.warning(f"the teachers' answers are not kept: {error}")
        self.changed = False


def load_answers(path: Path) -> dict[int, np.ndarray]:
    """The answers in `path` by batch; none where there is no file, or a damaged one."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {int(index): stored[index] for index in stored.files}
    except Exception:  # NumPy and zipfile raise whatever damage leads them to: the teacher is asked again
        return {}
