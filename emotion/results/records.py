"""The records: what was seen, as JSON, as JSON Lines and as CSV, written while it is seen."""

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from emotion.errors import InputError, reason
from emotion.faces.recognition import Recognition
from emotion.files import clear_unfinished, put_in_place, unfinished_path, writing

SCHEMA = 1
FACE_COLUMNS = ("frame", "time_s", "source", "status", "id", "x", "y", "width", "height", "detection", "tilt", "label",
                "confidence")  # fmt: skip
LINES = (".jsonl", ".ndjson")  # what JSON Lines are called


def face_columns(face: dict) -> tuple:
    """The cells of a face's record from `id` to `confidence`, as FACE_COLUMNS names them."""
    return face["id"], *face["box"], face["detection"], face["tilt"], face["label"], face["confidence"]


class JsonFile:
    """One JSON object, with every frame in its list `frames`. Its end says whether it is `complete`."""

    def __init__(self, file: TextIO, head: dict):
        self.file, self.comma = file, "\n"
        file.write(json.dumps({"schema": SCHEMA, **head}, ensure_ascii=False)[:-1] + ', "frames": [')

    def add(self, frame: dict) -> None:
        self.file.write(self.comma + json.dumps(frame, ensure_ascii=False))
        self.comma = ",\n"

    def end(self, problem: str | None) -> None:
        tail = {"complete": problem is None} | ({"problem": problem} if problem else {})
        self.file.write("\n], " + json.dumps(tail, ensure_ascii=False)[1:] + "\n")


class JsonLines:
    """A JSON object a frame, each on a line of its own; an incomplete file ends with a line that says so."""

    def __init__(self, file: TextIO, head: dict):
        self.file, self.source = file, head["source"]

    def add(self, frame: dict) -> None:
        self.file.write(json.dumps({"source": self.source, **frame}, ensure_ascii=False) + "\n")

    def end(self, problem: str | None) -> None:
        if problem:
            self.file.write(json.dumps({"complete": False, "problem": problem}, ensure_ascii=False) + "\n")


class CsvTable:
    """One row per face; a photo without one has a row as well, and so has one that failed. Its `status` says which.

    `status` is ok, no face, failed: REASON or, in the last row of an incomplete file, incomplete: REASON.
    """

    def __init__(self, file: TextIO, head: dict):
        self.file, self.source, self.columns = file, head["source"], len(FACE_COLUMNS) + len(head["labels"])
        self.row(*FACE_COLUMNS, *head["labels"])

    def add(self, frame: dict) -> None:
        place = (frame["index"], frame["time_s"], frame.get("source", self.source))
        for face in frame["faces"]:
            self.row(*place, "ok", *face_columns(face), *face["emotions"].values())
        if "problem" in frame:
            self.row(*place, f"failed: {frame['problem']}")
        elif not frame["faces"] and frame["time_s"] is None:  # of a video, the frames without a face are left out
            self.row(*place, "no face")

    def end(self, problem: str | None) -> None:
        if problem:
            self.row(None, None, self.source, f"incomplete: {problem}")

    def row(self, *cells: object) -> None:
        text = io.StringIO()
        # With this line end both "\r" and "\n" in a cell are quoted.
        csv.writer(text, lineterminator="\r\n").writerow([*map(harmless, cells), *[""] * (self.columns - len(cells))])
        self.file.write(text.getvalue()[:-2] + "\n")


def harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it: the name of a file may be one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


class Records:
    """A context manager that writes frames to `json_path` and `csv_path`, either of which may be None.

    A frame is written when it is added, so that memory does not grow with the video. The files are renamed into place at
    the end. So they are after Ctrl-C, when the reader of stdout has gone, and where something else was refused, such as
    another output whose disk is full: then they say that they are incomplete. An error of ours removes them, and so does
    a call that came to no frame. InputError where they cannot be written.
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
        """`model` is what the JSON says of the network; `source` and `fps` are None for a series of photos or videos.

        A `json_path` that ends in .jsonl becomes JSON Lines.
        """
        self.problem: str | None = None  # why the files are incomplete, if they are
        self.lost = False  # they could not be written and are gone: what is added from then on, too
        self.frames = 0
        self.source = source
        self.paths = [path for path in (json_path, csv_path) if path]
        self.files: dict[Path, TextIO] = {}
        self.writers: list[JsonFile | JsonLines | CsvTable] = []
        head = {"model": model, "labels": list(labels), "source": source, "fps": fps}
        with self.writing():
            if json_path:
                kind = JsonLines if json_path.suffix.lower() in LINES else JsonFile
                self.writers.append(kind(self.open(json_path), head))
            if csv_path:
                self.writers.append(CsvTable(self.open(csv_path), head))

    def open(self, path: Path) -> TextIO:
        clear_unfinished(path.parent)
        # A source's name may hold bytes that are no text: with a backslash they are still JSON.
        file = unfinished_path(path).open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self.files[path] = file
        return file

    def add(self, index: int, time_s: float | None, recognitions: list[Recognition], source: str | None = None) -> None:
        """Write frame `index`, seen at `time_s`, with its faces or without; `source` names one of a series."""
        self.write(index, time_s, source, {"faces": [face.as_dict() for face in recognitions]})

    def fail(self, index: int, source: str, problem: str) -> None:
        """Write that nothing could be made of `source`."""
        self.write(index, None, source, {"problem": problem, "faces": []})

    def write(self, index: int, time_s: float | None, source: str | None, rest: dict) -> None:
        frame = {"index": index, "time_s": rounded(time_s)} | ({"source": source} if source else {}) | rest
        with self.writing():
            for writer in self.writers:
                writer.add(frame)
        self.frames += 1

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, (KeyboardInterrupt, BrokenPipeError)):
            self.problem = "interrupted"
            self.finish()
        elif isinstance(error, (InputError, OSError, MemoryError)) and self.frames:
            self.problem = reason(error)
            with contextlib.suppress(InputError):  # the first error is the one to report
                self.finish()
        else:
            self.discard()

    def finish(self) -> None:
        """Close the files and give them their names."""
        with self.writing():
            for writer in self.writers:
                writer.end(self.problem)
            for path, file in self.files.items():
                file.close()
                put_in_place(unfinished_path(path), path)
        self.files = {}

    def discard(self) -> None:
        """Remove the files: what is added from then on goes nowhere."""
        for path, file in self.files.items():
            with contextlib.suppress(OSError):  # a full disk: closing would write once more
                file.close()
            unfinished_path(path).unlink(missing_ok=True)
        self.files, self.writers, self.lost = {}, [], True

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
