"""A small network with dropout trained by `fit` in a process of its own, which may be killed on the way.

python resumable.py FOLDER RESULT.npz [EPOCHS_UNTIL_IT_IS_KILLED]
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from small_fer2013 import faces_and_codes

from emotion.training.checkpoint import Checkpoint
from emotion.training.fit import fit
from emotion.training.recipes import Recipe

FACES, CODES = faces_and_codes(64)
TARGETS = np.eye(7, dtype=np.float32)[CODES]


def build() -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, strides=3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.SpatialDropout2D(0.2),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.3),
            layers.Dense(7),
            layers.Softmax(),
        ]
    )


def main(folder: Path, result: Path, last: int | None) -> None:
    checkpoint = Checkpoint(folder, {}, resume=True)
    write_state = checkpoint.write_state

    def then_die() -> None:
        write_state()
        if checkpoint.epoch == last:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.write_state = then_die
    model, pair = build(), (FACES, TARGETS)
    history = fit(model, pair, pair, Recipe(epochs=4, batch_size=16, averaging=0.9), checkpoint, seed=2, quiet=True)
    losses = [[epoch["loss"], epoch["val_loss"]] for epoch in history]
    np.savez(result, losses=losses, **{f"weights{i}": array for i, array in enumerate(model.get_weights())})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
