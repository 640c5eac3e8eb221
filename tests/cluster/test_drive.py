"""The driver with an engine of one process, whose tasks end it where the test says so."""

import json
from collections import Counter, deque

import pytest

from emotion.cluster.drive import ENDS_PROCESS, Lost, drive
from emotion.cluster.join import join
from emotion.cluster.plan import Plan, cut
from emotion.cluster.shard import ShardResult, ShardTask, given_up

TIMEOUT = 5.0


class OneProcess:
    """An engine whose work is one line per photo. `deadly` says how often a source ends its process, `hanging` which hang."""

    workers = 1

    def __init__(self, deadly: dict[str, int] | None = None, hanging=()):
        self.queue: deque[ShardTask] = deque()
        self.deadly, self.hanging = Counter(deadly or {}), set(hanging)
        self.most = 0

    def submit(self, task: ShardTask) -> None:
        self.queue.append(task)
        self.most = max(self.most, len(self.queue))

    def wait(self) -> tuple[ShardTask, ShardResult | Lost]:
        task = self.queue.popleft()
        sources, skip, lines = task.shard.sources, dict(task.skip), []
        for place in range(len(sources)) if task.only is None else [task.only]:
            source = sources[place]
            if place in skip:
                lines.append(given_up(task.shard, place, skip[place]).text)
            elif source in self.hanging:
                return task, Lost(hung=place)
            elif self.deadly[source]:
                self.deadly[source] -= 1
                return task, Lost()
            else:
                lines.append(
                    f'{{"index": {task.shard.first + place}, "time_s": null, "source": "{source}", "faces": []}}\n'
                )
        return task, ShardResult("".join(lines), 0, len(skip))


@pytest.fixture
def plan(tmp_path):
    with Plan(tmp_path / "run").opened([f"{i}.jpg" for i in range(8)], {}) as plan:
        plan.shards = lambda: cut([f"{i}.jpg" for i in range(8)], size=4)
        yield plan


def run(plan: Plan, engine: OneProcess) -> tuple[list[str], list[str]]:
    """(the lines of results.jsonl, those of failed.csv)"""
    for _ in drive(plan, engine, TIMEOUT):
        pass
    join(plan, ())
    records = map(json.loads, (plan.folder / "results.jsonl").read_text().splitlines())
    return [record["source"] for record in records if "problem" not in record], (
        plan.folder / "failed.csv"
    ).read_text().splitlines()[1:]


ALL = [f"{i}.jpg" for i in range(8)]


def but(*names: str) -> list[str]:
    return [name for name in ALL if name not in names]


def test_all_is_done_in_order(plan):
    assert run(plan, OneProcess()) == (ALL, [])


def test_a_photo_that_always_ends_its_process_is_named_and_its_neighbours_are_done(plan):
    found, failed = run(plan, OneProcess({"2.jpg": 99}))
    assert found == but("2.jpg")
    assert failed == [f"2.jpg,{ENDS_PROCESS}"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_ends_by_itself_costs_no_photo(times, plan):
    """Once in the shard, and once more alone: a machine may die while it reads an innocent photo."""
    assert run(plan, OneProcess({"5.jpg": times})) == (ALL, [])


def test_several_in_one_shard_are_all_named(plan):
    found, failed = run(plan, OneProcess({"0.jpg": 99, "1.jpg": 99, "7.jpg": 99}))
    assert found == but("0.jpg", "1.jpg", "7.jpg")
    assert [line.split(",")[0] for line in failed] == ["0.jpg", "1.jpg", "7.jpg"]


def test_a_file_that_hangs_is_given_up_at_once(plan):
    found, failed = run(plan, OneProcess({"6.jpg": 99}, hanging=["1.jpg", "5.jpg"]))
    assert found == but("1.jpg", "5.jpg", "6.jpg")
    assert [line.split(",")[1] for line in failed if line[0] in "15"] == [
        "not done within 5 s; --timeout allows more"
    ] * 2


def test_what_is_done_is_not_done_again(plan):
    first = next(drive(plan, OneProcess(), TIMEOUT))[0]
    engine = OneProcess(dict.fromkeys(first.sources, 99))
    assert run(plan, engine) == (ALL, [])


def test_each_worker_has_one_task_whatever_the_plan(tmp_path):
    with Plan(tmp_path / "many").opened(map(str, range(5000)), {}) as plan:
        engine = OneProcess()
        assert sum(1 for _ in drive(plan, engine, TIMEOUT)) == 50
        assert engine.most == 1
