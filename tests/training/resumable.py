"""A small network with dropout, trained in a process of its own, or in one of several, which may be killed on the way.

python resumable.py FOLDER RESULT.npz [EPOCHS_UNTIL_IT_IS_KILLED]
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from small_fer2013 import faces_and_codes

from emotion.cli import member
from emotion.model_file import hosts
from emotion.model_file.keras_setup import every_gpu, start_keras
from emotion.training.recipes import Recipe

FACES, CODES = faces_and_codes(64)
TARGETS = np.eye(7, dtype=np.float32)[CODES]
RECIPE = Recipe(epochs=4, batch_size=16, averaging=0.9)


def build():
    import keras
    from keras import layers

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


def main() -> None:
    folder, result, *last = sys.argv[1:]
    start_keras("cpu")
    from emotion.training.checkpoint import Checkpoint
    from emotion.training.fit import classifier_of, fit

    checkpoint = Checkpoint(Path(folder), {}, resume=True, writes=hosts.place() == 0)
    hosts.check_agreement({"checkpoint": checkpoint.history})
    write_state = checkpoint.write_state

    def then_die() -> None:
        write_state()
        if last and checkpoint.epoch == int(last[0]):
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


if __name__ == "__main__":
    member.run(main)
