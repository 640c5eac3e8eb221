"""A training run on disk, so that one killed at any moment goes on from its last whole epoch.

    fer.checkpoint/
        state.json              the epoch, its history, the recipe, and which of the files below belong to it
        running-0007.weights.h5 weights and optimizer after epoch 7
        best-0006.weights.h5    weights of the best epoch
        lock                    held by the process that trains; the system lets go of it when that process ends

`state.json` is replaced in one step after what it names is written: it never speaks of half a file. Whatever else lies
in the folder is not ours and stays.
"""

import contextlib
import json
import logging
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import keras

from emotion.backend import hosts
from emotion.errors import InputError, reason
from emotion.files import check_disk_space, write_text, writing
from emotion.model_file.h5 import bytes_of

logger = logging.getLogger(__name__)

WEIGHTS = re.compile(r"(running|best)-\d{4,}\.weights\.h5")


class Checkpoint:
    """The run in `folder`. `settings`, plain JSON, is what must not change between its parts.

    Of several processes that train together all read the run, and one of them writes it.
    """

    def __init__(self, folder: Path, settings: dict, resume: bool = False, writes: bool = True):
        self.folder = folder
        self.settings = json.loads(json.dumps(settings))
        self.resume, self.writes = resume, writes
        self.history: list[dict[str, float]] = []
        self.best_loss = math.inf
        self.files: dict[str, str] = {}
        self.read_state()
        if resume and not (folder / "state.json").is_file():  # it was finished, or --output is another
            logger.info(f"--resume: {folder} holds no run to go on with; begun anew")
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
        """Take up the run in the folder, if there is one. InputError unless it is to be resumed, and is this run."""
        path = self.folder / "state.json"
        if not path.is_file():
            return
        if not self.resume:
            raise InputError(f"{self.folder}: holds an unfinished run; go on with --resume, or delete the folder")
        try:
            state = json.loads(path.read_text())
            settings, self.history = state["settings"], state["history"]
            self.best_loss, self.files = state["best_loss"], state["files"]
            if self.history and not all(WEIGHTS.fullmatch(self.files[kind]) for kind in ("running", "best")):
                raise ValueError
            changed = [key for key, value in self.settings.items() if settings.get(key) != value]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InputError(f"--resume: {path} is damaged; delete the folder") from None
        if changed:
            was = ", ".join(f"{key} was {settings.get(key)}" for key in changed)
            raise InputError(f"--resume: {self.folder} is another run ({was}); repeat its flags, or delete the folder")

    @contextlib.contextmanager
    def attach(self, model: keras.Model) -> Iterator[None]:
        """While in its `with`, no other process may train into the folder.

        The compiled `model` is watched over and has the weights and the optimizer of the last whole epoch, if any.
        """
        self.model = model
        with self.locked():
            self.read_state()  # another process may have gone on with it before it let go of the lock
            if "running" in self.files:
                model.optimizer.build(model.trainable_variables)
                self.load(model, "running")
            yield

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """While in its `with`, no other process may write to the folder. InputError where one does."""
        if not self.writes:
            yield
            return
        lock = filelock.FileLock(self.folder / "lock", blocking=False)
        with writing(f"--output: {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except filelock.Timeout:
                raise InputError(
                    f"{self.folder}: another training is at work in there; wait for it, or name another --output"
                ) from None
        try:
            yield
        finally:
            lock.release()

    def load_best(self, model: keras.Model) -> None:
        self.load(model, "best")

    def load(self, model: keras.Model, kind: str) -> None:
        """The weights of the kind `running` or `best`, with the optimizer's state. InputError where they cannot be read."""
        path = self.folder / self.files[kind]
        if not path.is_file():
            raise InputError(f"--resume: {path} is missing; bring it back, or delete the folder")
        try:
            model.load_weights(path)
        except Exception as error:  # h5py and Keras raise whatever damage leads them to
            if hosts.is_loss(error):
                raise
            raise InputError(f"--resume: {path} cannot be read ({reason(error)[:150]}); delete the folder") from None

    def start_epoch(self, epoch: int, logs: dict) -> None:
        self.started = time.monotonic()

    def save_running(self, epoch: int, logs: dict) -> None:
        """Before the averages take the place of the weights."""
        self.pending = dict(self.files)
        self.save("running", epoch)

    def save_best(self, epoch: int, logs: dict) -> None:
        """After the averages took it: the epoch is over. InputError where its loss is no number."""
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
        if not self.writes:
            return
        path = self.folder / self.pending[kind]
        with writing(path), hosts.alone():
            check_disk_space(path, bytes_of([*self.model.variables, *self.model.optimizer.variables]))
            self.model.save_weights(path, overwrite=True)

    def write_state(self) -> None:
        """From here on the files of this epoch count, and those of the last are gone."""
        if not self.writes:
            return
        state = {"settings": self.settings, "best_loss": self.best_loss, "files": self.files, "history": self.history}
        write_text(self.folder / "state.json", json.dumps(state, indent=1))
        self.delete_weights(but=self.files.values())

    def delete_weights(self, but=()) -> None:
        """Delete the weights of earlier epochs, and those that a killed run left half-written."""
        for file in self.folder.iterdir():
            if WEIGHTS.fullmatch(file.name) and file.name not in but:
                file.unlink()

    def finish(self) -> None:
        """The run is over and its result is safe elsewhere: what it kept goes, and its folder if nothing else is in it."""
        with contextlib.suppress(OSError):
            (self.folder / "state.json").unlink(missing_ok=True)
            self.delete_weights()
            (self.folder / "lock").unlink(missing_ok=True)
            self.folder.rmdir()
