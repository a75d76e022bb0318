"""Tasks and outcomes as plain values: what travels where pickled instances would cost twice as much.

Who sends a task keeps it, so its outcome need not say which it is of, nor who did it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from crawler.model import Failure, Outcome, Role, Task, Timings

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]
"""What a message is made of."""

# The fields of an outcome whose values are plain as they are.
_PLAIN = tuple(f.name for f in fields(Outcome) if f.name not in ("task", "worker", "timings", "failure"))
_plain_values = attrgetter(*_PLAIN)


def pack_task(task: Task) -> tuple[Plain, ...]:
    """Return a task as plain values."""
    return (task.url, task.role.value, task.depth, task.hops, task.attempt, task.referrer)


def unpack_task(values: Sequence[Any]) -> Task:
    """Return the task that was packed."""
    url, role, *rest = values
    return Task(url, Role(role), *rest)


def pack(outcome: Outcome) -> tuple[Plain, ...]:
    """Return an outcome as plain values; its task and its worker are known to who reads it."""
    why = outcome.failure
    failure = (why.kind, why.message, why.transient, why.retry_after) if why is not None else None
    return (tuple(outcome.timings), failure, *_plain_values(outcome))


def unpack(task: Task, worker: str, values: Sequence[Any]) -> Outcome:
    """Return the outcome that was packed."""
    timings, failure, *plain = values
    return Outcome(
        task,
        worker,
        Timings(*timings),
        failure=Failure(*failure) if failure is not None else None,
        **dict(zip(_PLAIN, plain, strict=True)),
    )
