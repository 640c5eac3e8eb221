"""What a network is shown in each epoch: shuffled, augmented, the same for the same seed."""

import keras
import numpy as np

from emotion.training.augmentation import augment
from emotion.training.recipes import Recipe
from emotion.training.teacher_answers import TeacherAnswers


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches: faces float32 (B, 48, 48, 1), targets float32 (B, C).

    Of several processes, the one at `place` of `members` gets its share of each, in order of the places.
    What a batch holds depends on the seed, the epoch and its place alone: a resumed run sees the faces that the
    unbroken one would have seen, and worker threads may make batches in any order. With a teacher, the views of the
    faces come again after `teacher.views` epochs, every other time as mirror images, and are the same for every seed:
    it has answered them already.
    """

    def __init__(
        self,
        faces: np.ndarray,
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        teacher: TeacherAnswers | None = None,
        place: int = 0,
        members: int = 1,
    ):
        super().__init__(workers=1, max_queue_size=16)
        self.faces, self.targets, self.recipe, self.teacher = faces, targets, recipe, teacher
        self.seed = 0 if teacher else seed
        share = recipe.batch_size // members
        self.share = slice(place * share, (place + 1) * share)
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """From here on the batches are those of `epoch`, counted from 0.

        Not by PyDataset's `on_epoch_end`, which Keras calls before the first epoch too.
        """
        self.ranges = self.recipe.ranges(epoch)
        times, self.view = divmod(epoch, self.teacher.views) if self.teacher else (0, epoch)
        self.mirrored = times % 2 == 1
        self.order = np.random.default_rng([self.seed, self.view]).permutation(len(self.faces))
        if self.teacher:
            self.teacher.begin(f"{'mild' if self.recipe.is_mild(epoch) else 'strong'}-{self.view:03}")

    def __len__(self) -> int:
        # Whole batches only: a compiled step is compiled for one shape. The rest has its turn in other epochs.
        return max(1, len(self.faces) // self.recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        size = self.recipe.batch_size
        rows = self.order[index * size : (index + 1) * size]
        faces, targets = self.faces[rows], self.targets[rows]
        if self.ranges:
            faces = augment(faces, np.random.default_rng([self.seed, self.view, index]), self.ranges)
        if self.teacher:
            targets = self.teacher.mix(index, faces, targets)
        if self.mirrored:
            faces = faces[:, :, ::-1]
        # All are made, since a face's share of the random numbers hangs on the faces before it.
        return network_input(faces[self.share]), targets[self.share]


def network_input(faces: np.ndarray) -> np.ndarray:
    """Faces uint8 (N, 48, 48) -> float32 (N, 48, 48, 1), pixels still 0-255: rescaling is the network's business."""
    return faces[..., None].astype(np.float32)
