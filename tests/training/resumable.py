"""A small network with dropout, trained in a process of its own, or in one of several, which may be killed on the way.

python resumable.py FOLDER RESULT.npz EPOCHS_UNTIL_IT_IS_KILLED [FOLDER RESULT.npz EPOCHS ...]

One training after the other, since importing Keras takes longer than any of them; 0 epochs: to its end.
"""

import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
from small_fer2013 import faces_and_codes

from emotion.backend import hosts
from emotion.backend.keras_setup import every_gpu, start_keras
from emotion.cli import member
from emotion.training.recipes import Recipe

FACES, CODES = faces_and_codes(64)
TARGETS = np.eye(7, dtype=np.float32)[CODES]
RECIPE = Recipe(epochs=4, batch_size=16, averaging=0.9)


def build():
    import keras
    from keras import layers

    random.seed(
        1
    )  # where Keras's layers get theirs; its own set_random_seed also imports TensorFlow, on JAX for nothing
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(6),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(7, activation="softmax"),
        ]
    )


def train(folder: Path, result: Path, last: int) -> None:
    """Train in `folder`, and write what came of it to `result`; dies after epoch `last`, if there is one."""
    from emotion.training.checkpoint import Checkpoint
    from emotion.training.fit import classifier_of, fit

    checkpoint = Checkpoint(folder, {}, resume=True, writes=hosts.place() == 0)
    hosts.check_agreement({"checkpoint": checkpoint.history})
    write_state = checkpoint.write_state

    def then_die() -> None:
        write_state()
        if checkpoint.epoch == last:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.write_state = then_die
    with every_gpu([]):
        model = build()
        history = fit(model, (FACES, TARGETS), (FACES, TARGETS), RECIPE, checkpoint, seed=2, quiet=True)
    model = hosts.leave(model)
    answers = classifier_of(model)(FACES[:5])  # alone, whoever else has left
    losses = [[epoch["loss"], epoch["val_loss"]] for epoch in history]
    weights = {f"weights{i}": array for i, array in enumerate(model.get_weights())}
    np.savez(result, losses=losses, answers=answers, **weights)


def main() -> None:
    start_keras("cpu")
    runs = iter(sys.argv[1:])
    for folder, result, last in zip(runs, runs, runs, strict=True):
        train(Path(folder), Path(result), int(last))


if __name__ == "__main__":
    member.run(main)
