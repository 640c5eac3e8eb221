"""This process as one of several that train together, each on a host of its own or all on one.

Keras's own variables make it one, and JAX must be the backend:

    KERAS_DISTRIBUTION_JOB_ADDRESSES    where process 0 listens, say 10.0.0.1:9876
    KERAS_DISTRIBUTION_NUM_PROCESSES    how many there are
    KERAS_DISTRIBUTION_PROCESS_ID       which of them this is; 0 writes the checkpoints, measures and saves
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator

from emotion.errors import InputError, reason

VARIABLES = [f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")]
DEAD_AFTER = 40  # seconds without a sign of life
ENDED = "another process of this training has ended"


def join() -> None:
    """Join the others, if the environment speaks of any; waits for them up to five minutes.

    To be called before anything asks JAX for its devices. InputError where the variables will not do.
    """
    given = [os.environ.get(name) for name in VARIABLES]
    if not any(given):
        return
    import keras

    if keras.backend.backend() != "jax":
        raise InputError(f"{VARIABLES[0]}: several hosts train together on JAX alone; set KERAS_BACKEND=jax")
    try:
        address_list, processes, own = (value or "" for value in given)
        (address, *_), count, place = address_list.split(","), int(processes), int(own)
        if not 0 <= place < count or ":" not in address:
            raise ValueError
    except (AttributeError, TypeError, ValueError):
        said = " ".join(f"{name}={value}" for name, value in zip(VARIABLES, given, strict=True))
        raise InputError(f"{said}: expected an address with its port, a number, and one from 0 to below it") from None
    # By itself the coordinator listens on every network that the host is in.
    os.environ.setdefault("JAX_COORDINATOR_BIND_ADDRESS", address)
    try:
        # Not keras.distribution.initialize: it would wait 100 seconds for a dead member.
        jax().distributed.initialize(address, count, place, heartbeat_timeout_seconds=DEAD_AFTER)
    except RuntimeError as error:
        raise InputError(
            f"{VARIABLES[0]}={address}: the processes do not find each other ({reason(error)[:150]})"
        ) from None


def members() -> int:
    """How many processes train together; 1 where this one is alone, or has left the others."""
    return jax().process_count() if joined() else 1


def place() -> int:
    """Which of them this one is, from 0."""
    return jax().process_index() if joined() else 0


def joined() -> bool:
    import keras

    return keras.backend.backend() == "jax" and jax().distributed.is_initialized()


def jax():
    """The backend, once it is known to be JAX."""
    import jax

    return jax


@contextlib.contextmanager
def together() -> Iterator[None]:
    """What the processes do together; where one of them dies on the way, an InputError in the others."""
    if members() == 1:
        yield
        return
    try:
        yield
    except Exception as error:
        if not is_loss(error):
            raise
        raise InputError(f"{ENDED} ({reason(error)[:80]}); start all of them again with --resume") from None


def is_loss(error: Exception) -> bool:
    """Whether `error` is what JAX raises where another process has ended."""
    return members() > 1 and isinstance(error, jax().errors.JaxRuntimeError)


def meet() -> None:
    """Wait until all have come this far."""
    if members() > 1:
        from jax.experimental.multihost_utils import sync_global_devices

        sync_global_devices("meet")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """What one process does while the others go on.

    On its way Keras makes variables, for an optimizer to compare with: among several processes each would be checked
    against what the others put on their devices at that moment.
    """
    import keras

    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def check_agreement(facts: dict) -> None:
    """InputError in every process unless all have the same `facts`: plain JSON by what a person calls it."""
    if members() == 1:
        return
    import numpy as np
    from jax.experimental.multihost_utils import process_allgather

    digests = [hashlib.sha256(json.dumps(fact, sort_keys=True).encode()).digest() for fact in facts.values()]
    mine = np.array([int.from_bytes(digest[:4], "big", signed=True) for digest in digests], np.int32)
    with together():
        columns = np.asarray(process_allgather(mine)).reshape(members(), -1).T
    differing = [name for name, column in zip(facts, columns, strict=True) if len(set(column.tolist())) > 1]
    if differing:
        raise InputError(
            f"the processes have not the same {' and '.join(differing)}; give all the same flags and folders"
        )


def leave(model):
    """The Keras `model` as a copy that this process computes with alone; from here on it needs no other."""
    if members() == 1:
        return model
    import keras

    weights = model.get_weights()
    with together():
        jax().distributed.shutdown()  # waits for the others to come this far
    keras.distribution.set_distribution(None)
    copy = keras.models.clone_model(model)
    copy.set_weights(weights)
    return copy
