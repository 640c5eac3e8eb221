"""Dask at work: the only file that knows it. On this machine's cores, or on a cluster that somebody has started."""

import contextlib
import ctypes
import functools
import logging
import os
import time
from collections.abc import Iterator

import dask
import distributed
from distributed.scheduler import KilledWorker

from emotion.cluster import shard
from emotion.cluster.drive import Keys, Lost
from emotion.cluster.settings import Settings
from emotion.cluster.shard import ShardResult, ShardTask
from emotion.errors import InputError, reason

WAIT = 30  # seconds, for a scheduler and its first worker that are about to start
HUNG = "emotion-hung"  # the topic under which a worker says which file it gives up


class DaskEngine:
    """Tasks done by the workers of `client`."""

    def __init__(self, client: distributed.Client, settings: Settings):
        self.client = client
        self.settings = settings
        self.tasks: dict[str, ShardTask] = {}
        self.hung: dict[str, int] = {}
        self.completed = distributed.as_completed(loop=client.loop)
        client.subscribe_topic(HUNG, lambda event: self.hung.__setitem__(*event[1]))

    @property
    def workers(self) -> int:
        return max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))

    def submit(self, task: ShardTask) -> None:
        key = f"{task.shard.name}-{len(self.tasks)}-{time.time_ns()}"
        future = self.client.submit(work, task, self.settings, key, key=key, pure=False)
        self.tasks[key] = task
        self.completed.add(future)

    def wait(self) -> tuple[ShardTask, ShardResult | Lost]:
        future = next(self.completed)
        task = self.tasks.pop(future.key)
        if future.status == "finished":
            return task, future.result()
        if future.status == "error" and isinstance(future.exception(), KilledWorker):
            return task, Lost(self.hung.pop(future.key, None))
        if future.status == "error":
            error = future.exception()
            if isinstance(error, InputError):
                raise error
            said = f"{type(error).__name__}: {reason(error)[:150]}"
            raise InputError(
                f"a worker cannot begin ({said}); start it in a copy of this repository, with PYTHONPATH=."
            )
        raise InputError("the cluster's scheduler is gone; start it again, and the same command goes on")


def work(task: ShardTask, settings: Settings, key: str) -> ShardResult:
    """A task on a worker."""
    keep_freed_memory()
    worker = distributed.get_worker()

    def give_up(place: int) -> None:
        with contextlib.suppress(Exception):
            worker.log_event(HUNG, (key, place))
            time.sleep(1)  # until it is said
        os._exit(1)

    return shard.process(task, settings, give_up)


@functools.cache
def keep_freed_memory() -> None:
    """Once a process: have it keep the memory of one picture for the next, as by itself it would.

    Dask has glibc give it back at once, by MALLOC_TRIM_THRESHOLD_: the kernel then clears every page of every picture
    anew, 12.8 CPU seconds for 100 photos of half a megapixel instead of 7.1.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, the largest that glibc takes
        libc.mallopt(-1, 64 << 20)  # M_TRIM_THRESHOLD


@contextlib.contextmanager
def open_engine(settings: Settings, address: str | None, workers: int, keys: Keys) -> Iterator[DaskEngine]:
    """The engine of the cluster at `address`, or of `workers` processes on this machine, on the loopback alone."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    # A shard whose process ended comes back at once: its photos are tried one by one.
    quiet = {"distributed.scheduler.allowed-failures": 0, "distributed.logging.distributed": "critical"}
    with dask.config.set(quiet), contextlib.ExitStack() as stack:
        if address is None:
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=None,  # a large photo may take more than one process's share
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
            )
        with connected(address, keys) as client:
            yield DaskEngine(client, settings)


@contextlib.contextmanager
def connected(address, keys: Keys) -> Iterator[distributed.Client]:
    """A client of the scheduler at `address`, once it has a worker. InputError where it has none, or does not answer."""
    security = None
    if keys.ca:
        security = distributed.Security(
            tls_ca_file=str(keys.ca),
            tls_client_cert=str(keys.cert),
            tls_client_key=str(keys.key),
            require_encryption=True,
        )
    try:
        client = distributed.Client(address, security=security, timeout=WAIT)
    except (OSError, TypeError, ValueError) as error:  # TypeError: tls:// without certificates
        raise InputError(f"--cluster {address}: no Dask scheduler answers there ({reason(error)[:150]})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
        except TimeoutError:
            raise InputError(f"--cluster {address}: has no workers; start some with: dask worker {address}") from None
        yield client
