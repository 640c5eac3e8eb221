"""The records: what was seen, as JSON and as CSV, written while it is seen."""

import contextlib
import csv
import json
from collections.abc import Iterator
from pathlib import Path

from emotion.errors import InputError
from emotion.faces.recognition import Recognition
from emotion.files import clear_unfinished, put_in_place, unfinished_path, writing

SCHEMA = 1
FACE_COLUMNS = ("frame", "time_s", "source", "id", "x", "y", "width", "height", "label", "confidence")


def face_record(face: Recognition) -> dict:
    """One face as JSON holds it; `box` is [x, y, width, height] in pixels."""
    return {
        "id": face.id,
        "box": list(face.box),
        "label": face.emotion,
        "confidence": round(face.confidence, 4),
        "emotions": {label: round(score, 4) for label, score in face.scores.items()},
    }


class Records:
    """A context manager that writes frames to `json_path` and `csv_path`, either of which may be None.

    A frame is written when it is added, so that memory does not grow with the video. The files are renamed into place at
    the end, after Ctrl-C, and when the reader of stdout has gone; any other error removes them. InputError where they
    cannot be written.
    """

    def __init__(
        self,
        json_path: Path | None,
        csv_path: Path | None,
        labels: tuple[str, ...],
        model: dict,
        source: str | None = None,
        fps: float | None = None,
    ):
        """`model` is what the JSON says of the network; `source` and `fps` are None for a series of photos."""
        self.paths = [path for path in (json_path, csv_path) if path]
        self.source = source
        self.frames = 0
        self.files = {}
        with self.writing():
            for path in self.paths:
                clear_unfinished(path.parent)
                # A source's name may hold bytes that are no text: with a backslash they are still JSON.
                self.files[path] = unfinished_path(path).open(
                    "w", encoding="utf-8", errors="backslashreplace", newline=""
                )
            self.json, self.csv = self.files.get(json_path), None
            if self.json:
                head = {"schema": SCHEMA, "model": model, "labels": list(labels), "source": source, "fps": fps}
                self.json.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "frames": [')
            if csv_path:
                self.csv = csv.writer(self.files[csv_path], lineterminator="\n")
                self.csv.writerow((*FACE_COLUMNS, *labels))

    def add(self, index: int, time_s: float | None, recognitions: list[Recognition], source: str | None = None) -> None:
        """Write frame `index`, seen at `time_s`, with its faces or without; `source` names a photo of a series."""
        faces = [face_record(face) for face in recognitions]
        with self.writing():
            if self.json:
                frame = {"index": index, "time_s": rounded(time_s)} | ({"source": source} if source else {})
                comma = ",\n" if self.frames else "\n"
                self.json.write(comma + json.dumps(frame | {"faces": faces}, ensure_ascii=False))
            if self.csv:
                for face in faces:
                    place = (index, rounded(time_s), source or self.source, face["id"], *face["box"])
                    self.csv.writerow((*place, face["label"], face["confidence"], *face["emotions"].values()))
        self.frames += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None or issubclass(kind, (KeyboardInterrupt, BrokenPipeError)):
            self.finish()
        else:
            self.discard()

    def finish(self) -> None:
        """Close the files and give them their names."""
        with self.writing():
            if self.json:
                self.json.write("\n]}\n")
            for path, file in self.files.items():
                file.close()
                put_in_place(unfinished_path(path), path)
        self.files = {}

    def discard(self) -> None:
        for path, file in self.files.items():
            with contextlib.suppress(OSError):  # a full disk: closing would write once more
                file.close()
            unfinished_path(path).unlink(missing_ok=True)
        self.files = {}

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """What the system refuses in this block ends in an InputError, and nothing is left behind."""
        try:
            with writing(" or ".join(map(str, self.paths))):
                yield
        except InputError:
            self.discard()
            raise


def rounded(time_s: float | None) -> float | None:
    """To the tenth of a millisecond: frames of 59.94 a second stay apart, and files stay short."""
    return None if time_s is None else round(time_s, 4)
