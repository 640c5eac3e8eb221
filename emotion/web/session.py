"""What a visitor's pictures come to: faces with identities of their own, and what is recorded of them."""

import secrets
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.faces.recognizer import Recognizer
from emotion.media.recording import USUAL_FPS, Recording
from emotion.results.overlay import annotate
from emotion.results.records import Records
from emotion.results.timeline import Timeline

LONGEST_STEP_S = 0.5  # between two pictures: what is longer is a pause
# Searches of the whole frame are planned for no fewer: planned for the 2 a second that four visitors then had on two busy
# cores, every picture was searched whole, which took four times as long and kept it at 2.
LEAST_FPS = 15


@dataclass(frozen=True)
class Outputs:
    """Where a session is recorded; None where it is not."""

    video: Path | None = None
    csv: Path | None = None
    json: Path | None = None

    @property
    def names(self) -> list[str]:
        return [str(path) for path in (self.video, self.csv, self.json) if path]

    def numbered(self, number: int) -> "Outputs":
        """The same for the `number`-th session: of the first, as they are named; then out-2.mp4 and so on."""
        if number == 1:
            return self
        named = [path and path.with_stem(f"{path.stem}-{number}") for path in (self.video, self.csv, self.json)]
        return Outputs(*named)

    @property
    def exist(self) -> bool:
        return any(Path(name).exists() for name in self.names)


NOWHERE = Outputs()


class Session:
    """One stream of pictures, through any number of connections; its methods may be called by any thread.

    `number` counts the sessions from 1; `key` is what a page that comes back knows it by.
    """

    def __init__(self, number: int, recognizer: Recognizer, outputs: Outputs, source: str):
        self.number, self.outputs, self.source = number, outputs, source
        self.recognizer = recognizer
        self.step_s = 1 / USUAL_FPS  # between two pictures, on average over the last ten or so
        self.key = secrets.token_urlsafe(16)
        self.timeline = Timeline(recognizer.labels)
        self.started_s: float | None = None
        self.finished = False
        self.problem: str | None = None  # why it is not recorded any more
        self.files = ExitStack()
        self.records: Records | None = None
        self.recording: Recording | None = None
        self.lock = threading.Lock()

    def take(self, image: np.ndarray, captured_s: float | None = None) -> tuple[float, list[Recognition]]:
        """Recognize and record the next picture, BGR uint8 (H, W, 3); returns its time, in seconds, and its faces.

        `captured_s` is by time.monotonic(); the first picture's time is 0.
        """
        with self.lock:
            now = time.monotonic() if captured_s is None else captured_s
            begins = self.started_s is None
            self.started_s = now if self.started_s is None else self.started_s
            time_s = now - self.started_s
            self.step_s += 0.1 * (min(time_s - self.timeline.end_s, LONGEST_STEP_S) - self.step_s)
            self.recognizer.set_fps(max(1 / max(self.step_s, 1e-3), LEAST_FPS))
            faces = self.recognizer.recognize(image, time_s)
            try:
                # Not before: who only looks at the page leaves no files. Nor after the end: a picture may still be on its way.
                if begins and not self.finished:
                    self._open_files()
                self._record(image, time_s, faces)
            except InputError as error:
                self._stop_recording(error)
            self.timeline.add(time_s, faces)
            return time_s, faces

    def _open_files(self) -> None:
        if self.outputs.csv or self.outputs.json:
            labels, about = self.recognizer.labels, self.recognizer.classifier.about
            records = Records(self.outputs.json, self.outputs.csv, labels, about, self.source)
            self.records = self.files.enter_context(records)
        if self.outputs.video:
            self.recording = self.files.enter_context(Recording(self.outputs.video))

    def _record(self, image: np.ndarray, time_s: float, faces: list[Recognition]) -> None:
        if self.records:
            self.records.add(self.timeline.frames, time_s, faces)
        if self.recording:
            self.recording.write(annotate(image, faces), time_s)

    def _stop_recording(self, error: InputError) -> None:
        """A full disk is no reason to end what is seen."""
        self.problem = str(error)
        self.records = self.recording = None
        with suppress(InputError):
            self.files.__exit__(type(error), error, None)

    def incomplete(self, problem: str | None) -> None:
        """Let the records say that there is a `problem` with what was seen, if there is one."""
        with self.lock:
            if self.records:
                self.records.problem = problem

    def finish(self) -> None:
        """Complete what is recorded."""
        with self.lock:
            self.finished = True
            self.records = self.recording = None
            try:
                self.files.close()
            except InputError as error:
                self.problem = str(error)
