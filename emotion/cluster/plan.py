"""A batch on disk: what belongs to it, in which shards it is done, and which of them are.

RUN/
    manifest.json           what must not change between two starts: the list, the model, the flags, the versions
    sources.jsonl           the list, one JSON text a line
    parts/part-00017.jsonl  the results of a shard; that it is there means that it is done
    lock                    held by the process that drives the run; the system lets go of it when that one ends
"""

import contextlib
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emotion.cluster.sources import is_video
from emotion.errors import InputError, reason
from emotion.files import unfinished_path, writing
from emotion.media.address import hide_password

SHARD_SIZE = 100  # photos: some seconds of work, so that the engine's 3 ms are nothing and a lost one is no loss


@dataclass(frozen=True)
class Shard:
    """Photos that are done together, or one film. `first` is the place in the list of the first of `sources`."""

    index: int
    first: int
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"part-{self.index:05}"


def cut(sources: Iterable[str], size: int = SHARD_SIZE) -> Iterator[Shard]:
    """`sources` in shards, in order; a film is one by itself."""
    index = first = 0
    photos: list[str] = []
    for source in sources:
        alone = is_video(source)
        if photos and (alone or len(photos) == size):
            yield Shard(index, first, tuple(photos))
            index, first, photos = index + 1, first + len(photos), []
        if alone:
            yield Shard(index, first, (source,))
            index, first = index + 1, first + 1
        else:
            photos.append(source)
    if photos:
        yield Shard(index, first, tuple(photos))


class Plan:
    """The run in `folder`; once it is `opened`, `files` is how many its list has."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.parts = folder / "parts"
        self.list = folder / "sources.jsonl"

    @contextlib.contextmanager
    def opened(self, sources: Iterable[str], about: dict) -> Iterator["Plan"]:
        """Begin the run, or go on with it. While in its `with`, no other process may drive it.

        `about`, plain JSON, is what must not change until it is done: the models, the flags, the versions.
        InputError where another one does, where the run in the folder is another, or where there is something else.
        """
        try:
            import filelock  # not what prediction needs: without it, -h is answered all the same
        except ModuleNotFoundError as error:
            raise InputError(f"{error.name} is not installed; pip install -r requirements-cluster.txt") from None
        lock = filelock.FileLock(self.folder / "lock", blocking=False)
        manifest = self.folder / "manifest.json"
        with writing(self.folder):
            if self.folder.exists() and not manifest.is_file() and self.leftovers():
                raise InputError(f"{self.folder}: holds something else; the last path is the run's folder, a new one")
            self.parts.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except filelock.Timeout:
                raise InputError(f"{self.folder}: another process is driving this run; wait for it") from None
        try:
            self.sweep()
            with durable_file(self.list, mode=0o600) as file:  # addresses may hold passwords; no result does
                about = {"list": write_list(sources, file), **about}
                if manifest.is_file():
                    self.check(read_manifest(manifest), about)
            if not manifest.is_file():  # after the list: where there is a manifest, the list is whole
                with durable_file(manifest) as file:
                    file.write(json.dumps(about, indent=1) + "\n")
            self.files = about["list"]["files"]
            yield self
        finally:
            lock.release()

    def leftovers(self) -> bool:
        """Whether the folder holds more than a run leaves that was killed before its manifest was written."""
        own = {"parts", "lock", "sources.jsonl"}
        return any(path.name not in own and not path.name.startswith(".") for path in self.folder.iterdir())

    def check(self, was: dict, now: dict) -> None:
        """InputError unless the run that began with `was` may go on with `now`."""
        before, after = flat(was), flat(now)
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if changed:
            was_and_is = ", ".join(f"{name} was {before.get(name)}, is {after.get(name)}" for name in sorted(changed))
            raise InputError(f"{self.folder}: is another run ({was_and_is}); repeat its call, or name a new folder")

    def shards(self) -> Iterator[Shard]:
        with self.list.open(encoding="ascii") as file:
            yield from cut(map(json.loads, file))

    def done(self) -> set[str]:
        """The names of the shards that are done."""
        return {path.stem for path in self.parts.glob("part-*.jsonl")}

    def part(self, shard: Shard) -> Path:
        return self.parts / f"{shard.name}.jsonl"

    def keep(self, shard: Shard, text: str) -> None:
        """Write the results of `shard`, so that they are whole or not there, even if the power fails."""
        with durable_file(self.part(shard)) as file:
            file.write(text)

    def records(self, shard: Shard) -> Iterator[dict]:
        """The results of `shard`. InputError where its part is damaged, or that of another shard."""
        path, count = self.part(shard), 0
        shown = map(hide_password, shard.sources)
        sources = itertools.repeat(next(shown)) if is_video(shard.sources[0]) else shown
        for record in read_lines(path):
            if not isinstance(record, dict) or record.get("source") != next(sources, None):
                raise InputError(f"{path}: does not hold what the list asks for; delete it and run again")
            yield record
            count += 1
        if count < len(shard.sources):
            raise InputError(f"{path}: ends too early; delete it and run again")

    def forget_failures(self) -> None:
        """Delete the parts in which a file has failed: their shards are done anew."""
        for path in self.parts.glob("part-*.jsonl"):
            if any("problem" in record for record in read_lines(path)):
                path.unlink()

    def sweep(self) -> None:
        """Delete what killed processes left half-written."""
        for path in self.folder.rglob(".*.unfinished*"):
            path.unlink(missing_ok=True)


def write_list(sources: Iterable[str], file: TextIO) -> dict:
    """Write `sources` as JSON lines; returns what they come to."""
    digest, count = hashlib.sha256(), 0
    for source in sources:
        line = json.dumps(source) + "\n"  # ASCII: a name may hold what is no text, and a line's end
        digest.update(line.encode())
        file.write(line)
        count += 1
    if not count:
        raise InputError("no photo and no film there")
    return {"files": count, "sha256": digest.hexdigest()}


def read_manifest(path: Path) -> dict:
    """What the run in the folder is. InputError where that is damaged."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        about = None
    if not isinstance(about, dict):
        raise InputError(f"{path}: is damaged, and with it what the run was; name a new folder")
    return about


@contextlib.contextmanager
def durable_file(path: Path, mode: int = 0o666) -> Iterator[TextIO]:
    """A text file to write to: when the block is done it is `path`, even if the power fails then; if it fails, nothing.

    Not `atomic_file`, which takes no time to see that the disk has it.
    """
    target = unfinished_path(path)
    try:
        with writing(path):
            target.touch(mode)
            with target.open("w", encoding="utf-8", errors="backslashreplace") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            target.replace(path)
            sync_folder(path.parent)
    finally:
        target.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the system write down a folder's names; where it cannot, as on Windows, renaming is as safe as it gets."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def flat(about: dict, prefix: str = "") -> dict:
    """{"list": {"files": 3}} -> {"list.files": 3}"""
    found: dict = {}
    for name, value in about.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def read_lines(path: Path) -> Iterator[dict]:
    """The records of a part. InputError where it is damaged."""
    try:
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)}); delete it and run again") from None
