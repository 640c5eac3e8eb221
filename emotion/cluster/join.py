"""The parts of a run put together, in the order of the list."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emotion.cluster.plan import Plan
from emotion.files import atomic_file
from emotion.results.records import FACE_COLUMNS, CsvTable, JsonLines, face_columns, harmless


@dataclass
class Totals:
    """What a run came to."""

    files: int = 0
    faces: int = 0
    failed: int = 0  # files with a problem; of a film, some frames may be there all the same
    useful: int = 0  # photos and frames without


def join(plan: Plan, labels: tuple[str, ...], parquet: bool = False) -> Totals:
    """Write results.jsonl, results.csv, failed.csv and, if asked, results.parquet into the run's folder."""
    totals = Totals()
    with ExitStack() as stack:

        def open_file(name: str) -> TextIO:
            path = stack.enter_context(atomic_file(plan.folder / name))
            # A file's name may hold bytes that are no text: with a backslash they can be written.
            return stack.enter_context(path.open("w", encoding="utf-8", errors="backslashreplace", newline=""))

        head = {"source": None, "labels": labels}
        writers: list[JsonLines | CsvTable] = [
            JsonLines(open_file("results.jsonl"), head),
            CsvTable(open_file("results.csv"), head),
        ]
        failed = csv.writer(open_file("failed.csv"), lineterminator="\n")
        failed.writerow(("source", "problem"))
        columns = stack.enter_context(Parquet(plan.folder / "results.parquet", labels)) if parquet else None
        for shard in plan.shards():
            for record in plan.records(shard):
                for writer in writers:
                    writer.add(record)
                if columns:
                    columns.add(record)
                if "problem" in record:
                    failed.writerow(map(harmless, (record["source"], record["problem"])))
                    totals.failed += 1
                else:
                    totals.useful += 1
                totals.faces += len(record["faces"])
            totals.files += len(shard.sources)
    return totals


def face_rows(record: dict) -> Iterator[tuple]:
    """The faces of a frame as FACE_COLUMNS and the probabilities, in order of the labels."""
    for face in record["faces"]:
        place = (record["index"], record["time_s"], record["source"], "ok")
        yield (*place, *face_columns(face), *face["emotions"].values())


class Parquet:
    """A context manager that writes the rows of results.csv as columns."""

    GROUP = 20_000  # rows that are written together; more of them would only take memory

    def __init__(self, path: Path, labels: tuple[str, ...]):
        import pyarrow as arrow
        import pyarrow.parquet

        whole, text, number = arrow.int64(), arrow.string(), arrow.float32()
        kinds = (whole, arrow.float64(), text, text, whole, whole, whole, whole, whole, number, number, text, number)
        names = (*FACE_COLUMNS, *labels)
        self.schema = arrow.schema(list(zip(names, (*kinds, *[number] * len(labels)), strict=True)))
        self.arrow, self.path = arrow, path
        self.rows: list[tuple] = []

    def __enter__(self) -> "Parquet":
        self.stack = ExitStack()
        unfinished = self.stack.enter_context(atomic_file(self.path))
        self.writer = self.stack.enter_context(self.arrow.parquet.ParquetWriter(unfinished, self.schema))
        self.stack.push(lambda kind, *_: None if kind else self.flush())
        return self

    def __exit__(self, *exception) -> None:
        self.stack.__exit__(*exception)

    def add(self, record: dict) -> None:
        self.rows += face_rows(record)
        if len(self.rows) >= self.GROUP:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            columns = dict(zip(self.schema.names, zip(*self.rows, strict=True), strict=True))
            columns["source"] = [text.encode("utf-8", "backslashreplace").decode() for text in columns["source"]]
            self.writer.write_table(self.arrow.table(columns, schema=self.schema))
            self.rows.clear()
