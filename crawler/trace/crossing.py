"""What crosses from one process to another, and how long that takes: the same for every way that pickles.

    coordinator ── Sent(task) ══ pickle ══▶ worker ── Returned(outcome) ══ pickle ══▶ coordinator

Both are what they stand for, and equal to it; a backend does not see the difference. But they pickle themselves, so
they know when that began and ended and how many bytes it came to, and they note when they are unpickled. Where nothing
is pickled, as between threads, nothing is noted.
"""

import pickle
import time
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from crawler.model import Outcome, Task
from crawler.work.base import AsyncPerformer, MultiPerformer, Performer, Work


class Crossing(NamedTuple):
    """One way between two processes: seconds of `time.monotonic`."""

    began: float
    pickled: float
    arrived: float
    unpickled: float
    size: int
    """Bytes."""

    @property
    def effort(self) -> float:
        """Seconds spent on it at both ends; the rest of the time it was on its way."""
        return self.pickled - self.began + self.unpickled - self.arrived


@dataclass(frozen=True, slots=True, eq=False)
class Sent(Task):
    """A task on its way to a worker."""

    crossing: Crossing | None = None

    @classmethod
    def of(cls, task: Task, crossing: Crossing | None = None) -> "Sent":
        """Return the task, ready to be sent, or as it came."""
        return cls(**{name: getattr(task, name) for name in _TASK}, crossing=crossing)

    @property
    def plain(self) -> Task:
        """The task that it stands for."""
        return Task(**{name: getattr(self, name) for name in _TASK})

    def __eq__(self, other: object) -> bool:
        return self.plain == (other.plain if isinstance(other, Sent) else other)

    def __hash__(self) -> int:
        return hash(self.url)

    def __reduce__(self) -> tuple[Any, ...]:
        return _task_arrived, _packed(self.plain)


@dataclass(frozen=True, slots=True)
class Returned(Outcome):
    """An outcome on its way back."""

    there: Crossing | None = None
    """How its task came to the worker."""
    back: Crossing | None = None
    """How it came back."""

    @classmethod
    def of(cls, outcome: Outcome, there: Crossing | None, back: Crossing | None = None) -> "Returned":
        """Return the outcome, ready to be sent back, or as it came."""
        return cls(**{name: getattr(outcome, name) for name in _OUTCOME}, there=there, back=back)

    def __reduce__(self) -> tuple[Any, ...]:
        plain = Outcome(**{name: getattr(self, name) for name in _OUTCOME})
        return _outcome_arrived, (*_packed(plain), self.there)


_TASK = tuple(each.name for each in fields(Task))
_OUTCOME = tuple(each.name for each in fields(Outcome))


def _packed(value: Task | Outcome) -> tuple[bytes, float, float]:
    began = time.monotonic()
    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return pickled, began, time.monotonic()


def _unpacked(pickled: bytes, began: float, ended: float) -> tuple[Any, Crossing]:
    arrived = time.monotonic()
    value = pickle.loads(pickled)  # noqa: S301 - our own, and inside what is being unpickled anyway
    return value, Crossing(began, ended, arrived, time.monotonic(), len(pickled))


def _task_arrived(pickled: bytes, began: float, ended: float) -> Task:
    task, crossing = _unpacked(pickled, began, ended)
    return Sent.of(task, crossing)


def _outcome_arrived(pickled: bytes, began: float, ended: float, there: Crossing | None) -> Outcome:
    outcome, crossing = _unpacked(pickled, began, ended)
    return Returned.of(outcome, there, crossing)


@dataclass(frozen=True, slots=True)
class TracedWork:
    """Work whose outcomes note how they cross. Picklable, as all work is."""

    work: Work

    def open(self) -> Performer:
        """Return a performer for the calling thread."""
        return _TracedPerformer(self.work.open())

    def open_async(self) -> AsyncPerformer:
        """Return a performer for the running event loop, which pickles nothing."""
        return self.work.open_async()

    def open_multi(self) -> MultiPerformer:
        """Return a performer of many tasks at once; whoever sends those to it sends values of his own making."""
        return self.work.open_multi()


@dataclass(frozen=True, slots=True)
class _TracedPerformer:
    performer: Performer

    def perform(self, task: Task, worker: str) -> Outcome:
        outcome = self.performer.perform(task, worker)
        if isinstance(task, Sent) and task.crossing is not None:
            return Returned.of(replace(outcome, task=task.plain), task.crossing)
        return outcome

    def close(self) -> None:
        self.performer.close()
