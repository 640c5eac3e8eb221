"""The driver's part: hands the shards that are not done to an engine, keeps what comes back, and finds what kills.

A shard whose process ended is done again photo by photo. A photo that ends a process twice, alone, is named.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from emotion.cluster.plan import Plan, Shard
from emotion.cluster.shard import ShardResult, ShardTask, given_up, merge

ENDS_PROCESS = "ends the process that reads it; look at it by itself"
LIVES = 2  # how often a photo may end a process: once it may have been the machine's fault


@dataclass(frozen=True)
class Lost:
    """The process that was at work on a task has ended; `hung` is the place of the file that it could not finish."""

    hung: int | None = None


@dataclass(frozen=True)
class Keys:
    """The files of a cluster that is closed to others: its authority's certificate, ours, and our key."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class Engine(Protocol):
    """Where tasks are done. `wait` gives one of those submitted, with what came of it; an InputError ends the run."""

    workers: int

    def submit(self, task: ShardTask) -> None: ...

    def wait(self) -> tuple[ShardTask, ShardResult | Lost]: ...


@dataclass
class Trial:
    """A shard that ended its process: what its photos came to one by one, and how often each ended one more."""

    shard: Shard
    pieces: dict[int, ShardResult] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)


def drive(plan: Plan, engine: Engine, timeout: float) -> Iterator[tuple[Shard, ShardResult]]:
    """Do what is not done of `plan`; yields each shard with its result once that is kept."""
    done = plan.done()
    todo = (ShardTask(shard) for shard in plan.shards() if shard.name not in done)
    again: deque[ShardTask] = deque()
    trials: dict[int, Trial] = {}
    running = 0
    while True:
        # One a worker: when a process ends it is known over which task, and nobody need hold a million paths.
        while running < engine.workers and (task := again.popleft() if again else next(todo, None)):
            engine.submit(task)
            running += 1
        if not running:
            return
        task, outcome = engine.wait()
        running -= 1
        finished = settle(task, outcome, trials, again, timeout)
        if finished:
            plan.keep(task.shard, finished.text)
            yield task.shard, finished


def settle(
    task: ShardTask, outcome: ShardResult | Lost, trials: dict[int, Trial], again: deque[ShardTask], timeout: float
) -> ShardResult | None:
    """The whole result of the task's shard, once there is one; else what has still to be done is in `again`."""
    shard = task.shard
    if task.only is None:
        if isinstance(outcome, ShardResult):
            return outcome
        if outcome.hung is not None:
            word = f"not done within {timeout:g} s; --timeout allows more"
            again.append(replace(task, skip=(*task.skip, (outcome.hung, word))))
        else:
            trials[shard.index] = Trial(shard)
            again.extend(replace(task, only=place) for place in range(len(shard.sources)))
        return None
    trial = trials[shard.index]
    if isinstance(outcome, ShardResult):
        trial.pieces[task.only] = outcome
    elif outcome.hung is not None:
        trial.pieces[task.only] = given_up(shard, task.only, f"not done within {timeout:g} s; --timeout allows more")
    else:
        trial.deaths[task.only] = trial.deaths.get(task.only, 0) + 1
        if trial.deaths[task.only] < LIVES:
            again.append(task)
        else:
            trial.pieces[task.only] = given_up(shard, task.only, ENDS_PROCESS)
    if len(trial.pieces) < len(shard.sources):
        return None
    return merge(shard, trials.pop(shard.index).pieces)
