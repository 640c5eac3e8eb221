"""Training's progress: a bar on stderr for a person, one line per epoch for a log."""

import logging
import sys
import time

import keras
from tqdm import tqdm

logger = logging.getLogger(__name__)


class Progress(keras.callbacks.Callback):
    """Loss, accuracy and time left of the whole run, not only of the epoch; without the bar if `quiet`."""

    def __init__(self, epochs: int, steps: int, quiet: bool = False):
        super().__init__()
        self.epochs, self.steps, self.quiet = epochs, steps, quiet
        self.bar: tqdm | None = None

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        if self.bar is None:
            hidden = self.quiet or not sys.stderr.isatty()
            self.bar = tqdm(total=self.epochs * self.steps, initial=epoch * self.steps, unit="batch", disable=hidden)
        self.started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        assert self.bar is not None  # made when the epoch began
        self.bar.update()
        self.bar.set_postfix(loss=f"{logs['loss']:.3f}", accuracy=f"{logs['accuracy']:.3f}", refresh=False)

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        took = time.monotonic() - self.started
        left = took * (self.epochs - epoch - 1)
        figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
        logger.info(f"epoch {epoch + 1}/{self.epochs}  {figures}  {took:.0f} s, {left / 60:.0f} min left")

    def on_train_end(self, logs=None) -> None:
        if self.bar is not None:
            self.bar.close()
