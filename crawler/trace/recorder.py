"""What is noted while a crawl is traced: who did what when, in bounded memory.

A trip is a task on its way to a worker and back; a deed is what the coordinator did; a mark is what a primitive said of
itself. What a worker did in between is in its outcome's timings, so nothing has to be sent about it.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import current_thread
from typing import Generic, NamedTuple, Protocol, TypeVar

from crawler.backends.base import Watch
from crawler.model import Outcome, Task, Timings
from crawler.trace.crossing import Crossing, Returned

TASKS = 20_000
"""Tasks that a trace holds: the first and the last of them where there are more."""
NOTABLE = 0.0005
"""Seconds that the coordinator must have been held up by a hand-off or the store for it to be noted by itself."""
TITLE = 80
"""Characters of a page's title that are kept."""

T = TypeVar("T")
L = TypeVar("L")


class Ends(Generic[T]):
    """The first and the last of what is added, at most `limit` in all. Several threads may add."""

    def __init__(self, limit: int) -> None:
        self.first: list[T] = []
        self.last: deque[T] = deque(maxlen=limit - limit // 2)
        self._half = limit // 2
        self._numbers = count()

    def add(self, item: T) -> None:
        """Take something in."""
        next(self._numbers)  # a single step for all threads, as `+= 1` is not
        (self.first if len(self.first) < self._half else self.last).append(item)

    @property
    def left_out(self) -> int:
        """How many were added and are not here; asked for when all is over."""
        added = next(self._numbers)
        self._numbers = count(added)
        return max(0, added - len(self.first) - len(self.last))

    @property
    def cut(self) -> int | None:
        """The number, from 0, of the first item after what was left out; None where all are here."""
        return len(self.first) if self.left_out else None

    def __iter__(self) -> Iterator[T]:
        yield from self.first
        yield from self.last


@dataclass(frozen=True, slots=True)
class Trip:
    """A task, from the coordinator to a worker and back. Times are seconds of `time.monotonic`."""

    task: Task
    worker: str
    result: str
    """`ok`, or why it is not."""
    title: str
    submitted: float
    """When it was to be handed over."""
    handed_over: float
    """When it was, after what wait there was."""
    timings: Timings
    collected: float
    there: Crossing | None = None
    back: Crossing | None = None


class Deed(NamedTuple):
    """Something that the coordinator did, or that held it up."""

    what: str
    """`collect`, `hand-over` or `store`."""
    began: float
    ended: float
    cpu: float | None = None
    """Seconds of it that its thread was on the CPU, where that was looked at."""


class Mark(NamedTuple):
    """Something that a primitive said of itself."""

    thread: str
    what: str
    began: float
    ended: float


@dataclass(slots=True)
class Recording:
    """All that was noted."""

    coordinator: str
    """The name of the coordinator's thread."""
    began: float = 0.0
    """When the coordinator first did something that was noted, and last."""
    ended: float = 0.0
    cpu: float = 0.0
    """Seconds that its thread was on the CPU meanwhile."""
    trips: Ends[Trip] = field(default_factory=lambda: Ends(TASKS))
    deeds: Ends[Deed] = field(default_factory=lambda: Ends(2 * TASKS))
    marks: Ends[Mark] = field(default_factory=lambda: Ends(2 * TASKS))


class Recorder(Watch):
    """Notes. It is made in the coordinator's thread, and all but `mark` and `lock` are called there."""

    def __init__(self) -> None:
        self.recording = Recording(current_thread().name)
        self._under_way: dict[Task, tuple[float, float]] = {}
        self._cpu_before: float | None = None

    def handed_over(self, task: Task, began: float, ended: float) -> None:
        """Note that a task went to the backend."""
        self._under_way[task] = began, ended
        self.did("hand-over", began, ended)

    def recalled(self, task: Task) -> None:
        """Note that a task came back undone."""
        self._under_way.pop(task, None)

    def collected(self, outcome: Outcome, now: float) -> None:
        """Note that an outcome came."""
        task = outcome.task
        submitted, handed_over = self._under_way.pop(task, (outcome.timings.started,) * 2)
        there, back = (outcome.there, outcome.back) if isinstance(outcome, Returned) else (None, None)
        trip = Trip(
            task,
            outcome.worker,
            _result(outcome),
            str((outcome.record or {}).get("title") or "")[:TITLE],
            submitted,
            handed_over,
            outcome.timings,
            now,
            there,
            back,
        )
        self.recording.trips.add(trip)

    def did(self, what: str, began: float, ended: float, cpu: float | None = None) -> None:
        """Note what the coordinator did; a moment's work is not noted by itself, unless its CPU time is known."""
        if self._cpu_before is None:
            self._cpu_before, self.recording.began = time.thread_time(), began
        self.recording.ended, self.recording.cpu = ended, time.thread_time() - self._cpu_before
        if ended - began >= NOTABLE or cpu is not None:
            self.recording.deeds.add(Deed(what, began, ended, cpu))

    def mark(self, what: str) -> None:
        """Note that something happened in the calling thread."""
        now = time.monotonic()
        self.recording.marks.add(Mark(current_thread().name, what, now, now))

    def lock(self, lock: L) -> L:
        """Return a lock that does what this one does, and notes how long it was waited for."""
        # It is a lock in all but type: those of threading cannot be subclassed.
        return _WatchedLock(lock, self.recording.marks)  # type: ignore[return-value, arg-type]


class _Lock(Protocol):
    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...

    def locked(self) -> bool: ...


class _WatchedLock:
    def __init__(self, lock: _Lock, marks: Ends[Mark]) -> None:
        self._lock = lock
        self._marks = marks

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        if not blocking:
            return False
        began = time.monotonic()
        acquired = self._lock.acquire(True, timeout)
        self._marks.add(Mark(current_thread().name, "lock", began, time.monotonic()))
        return acquired

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        """Say whether somebody holds it: a `Condition` asks for this since Python 3.14, and an RLock has it since."""
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _result(outcome: Outcome) -> str:
    if outcome.failure is not None:
        return outcome.failure.kind
    return outcome.skip or ("redirect" if outcome.redirect else "ok")
