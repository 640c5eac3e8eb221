"""A training run on disk, so that one killed at any moment goes on from its last whole epoch.

    fer.checkpoint/
        state.json              the epoch, its history, the recipe, and which of the files below belong to it
        running-0007.weights.h5 weights and optimizer after epoch 7
        best-0006.weights.h5    weights of the best epoch

`state.json` is replaced in one step after what it names is written: it never speaks of half a file.
"""

import json
import math
import shutil
import time
from pathlib import Path

import keras

from emotion.errors import InputError
from emotion.files import check_room, write_text, writing
from emotion.model_file.h5 import bytes_of


class Checkpoint:
    """The run in `folder`. `settings`, plain JSON, is what must not change between its parts."""

    def __init__(self, folder: Path, settings: dict, resume: bool = False):
        self.folder = folder
        self.settings = json.loads(json.dumps(settings))
        self.history: list[dict[str, float]] = []
        self.best_loss = math.inf
        self.files: dict[str, str] = {}
        if (folder / "state.json").is_file():
            if not resume:
                raise InputError(f"{folder}: holds an unfinished run; go on with --resume, or delete the folder")
            self.read_state()
        self.running = keras.callbacks.LambdaCallback(on_epoch_begin=self.start_epoch, on_epoch_end=self.save_running)
        self.best = keras.callbacks.LambdaCallback(on_epoch_end=self.save_best)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    @property
    def seconds(self) -> float:
        """Spent on training so far, all parts of the run together."""
        return sum(figures["seconds"] for figures in self.history)

    def read_state(self) -> None:
        try:
            state = json.loads((self.folder / "state.json").read_text())
            settings, self.history = state["settings"], state["history"]
            self.best_loss, self.files = state["best_loss"], state["files"]
        except (ValueError, TypeError, KeyError):
            raise InputError(f"--resume: {self.folder}/state.json is damaged; delete the folder") from None
        changed = [key for key, value in self.settings.items() if settings.get(key) != value]
        if changed:
            was = ", ".join(f"{key} was {settings.get(key)}" for key in changed)
            raise InputError(f"--resume: {self.folder} is another run ({was}); repeat its flags, or delete the folder")

    def attach(self, model: keras.Model) -> None:
        """Watch over the compiled `model`, and put the last whole epoch's weights and optimizer into it, if any."""
        self.model = model
        with writing(f"--output: {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
        if "running" in self.files:
            model.optimizer.build(model.trainable_variables)
            model.load_weights(self.folder / self.files["running"])

    def load_best(self, model: keras.Model) -> None:
        model.load_weights(self.folder / self.files["best"])

    def start_epoch(self, epoch: int, logs: dict) -> None:
        self.started = time.monotonic()

    def save_running(self, epoch: int, logs: dict) -> None:
        self.pending = dict(self.files)
        self.save("running", epoch)

    def save_best(self, epoch: int, logs: dict) -> None:
        if not math.isfinite(logs["val_loss"]):
            raise InputError(
                f"epoch {epoch + 1}: the loss is no number any more; begin again with a lower --learning-rate"
            )
        if logs["val_loss"] < self.best_loss:
            self.best_loss = logs["val_loss"]
            self.save("best", epoch)
        figures = {key: float(value) for key, value in logs.items()}
        self.history.append(figures | {"seconds": round(time.monotonic() - self.started, 1)})
        self.files = self.pending
        self.write_state()

    def save(self, kind: str, epoch: int) -> None:
        """Write the weights and the optimizer as they are now, beside those that `state.json` names."""
        self.pending[kind] = f"{kind}-{epoch + 1:04}.weights.h5"
        path = self.folder / self.pending[kind]
        with writing(path):
            check_room(path, bytes_of([*self.model.variables, *self.model.optimizer.variables]))
            self.model.save_weights(path, overwrite=True)

    def write_state(self) -> None:
        state = {"settings": self.settings, "best_loss": self.best_loss, "files": self.files, "history": self.history}
        write_text(self.folder / "state.json", json.dumps(state, indent=1))
        for file in self.folder.glob("*.weights.h5"):
            if file.name not in self.files.values():
                file.unlink()

    def finish(self) -> None:
        """The run is over and its result is safe elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)
