"""Locks acquired twice by one thread: an RLock counts and wants as many releases, a Lock waits, for ever, for itself.

RLock:  acquire 1, acquire 2, release 1                       the others wait: it is still held once
Lock:   acquire, acquire ─waits for─▶ the release that only the same thread would have come to
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from crawler.backends.base import Outbox
from crawler.backends.channel import Worker
from crawler.backends.rlock import RLockHandoff
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.routine import Routine, page
from crawler.hazards.watchdog import LIMIT, PAUSE, Helper, stack
from crawler.model import Role, Task


class CarelessHandoff(RLockHandoff):
    """The hand-off of the rlock backend, with a helper that forgets to release what it has acquired."""

    def recall(self) -> list[Task]:
        """Take the whole list."""
        self._lock.acquire()
        tasks = self._take_all()
        self._lock.release()
        return tasks

    def _take_all(self) -> list[Task]:
        self._lock.acquire()  # a second time, which an RLock allows …
        tasks, self._tasks = self._tasks, []
        return tasks  # … and this leaves without the second release


@dataclass(frozen=True, slots=True)
class Held(Facts):
    """What a lock did to a worker after another thread had been through with it."""

    waited: float
    """Seconds for which the worker was watched, or after which it had done its page."""
    done: bool
    """Whether it had."""
    stack: tuple[str, ...]
    """Where the worker was when the time was up."""
    missing: int
    """Releases that it took to free the lock."""
    done_at_last: bool
    """Whether the worker did its page once the lock was free."""

    @property
    def harmed(self) -> bool:
        """Whether the worker was kept out by a lock that nobody used any more."""
        return not self.done and self.missing > 0

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        if self.done:
            return (
                f"recall was called, then a task was put: detail-0 did it within {self.waited:.3f} s",
                f"releases that were missing: {self.missing}",
            )
        return (
            "recall was called, then a task was put, and to the thread that did both all looked well",
            f"detail-0 had not done it after {self.waited:.3f} s; it was at",
            *(f"    {call}" for call in self.stack),
            f"releases that were missing: {self.missing}; when the first thread had made up for them, the page was "
            f"{'done' if self.done_at_last else 'still not done'}",
        )


def recall_and_put(handoff: RLockHandoff, patience: float) -> Held:
    """Recall the tasks of a hand-off and put another; return whether a worker has done it within `patience` seconds."""
    outbox = Outbox()
    worker = Worker("detail-0", Role.DETAIL, handoff, outbox, Routine(lambda _: None))
    handoff.recall()
    handoff.put(page(1))
    began = time.monotonic()
    worker.start()
    done = bool(outbox.take(patience))
    waited, where = time.monotonic() - began, tuple(stack(worker))
    missing = _release(handoff)
    done_at_last = done or bool(outbox.take(LIMIT))
    handoff.close(1)
    _release(handoff)
    worker.join(LIMIT)
    return Held(waited, done, where, missing, done_at_last)


def _release(handoff: RLockHandoff) -> int:
    """Release the lock as often as this thread holds it; return how often that was."""
    releases = 0
    while True:
        try:
            handoff._lock.release()
        except RuntimeError:  # it is not ours, or no longer
            return releases
        releases += 1


UNRELEASED = Hazard(
    tries="""
        A hand-off like that of the rlock backend, but its `recall` acquires the RLock twice, the second time in
        a helper, and releases it once. The coordinator recalls what is in it (nothing) and puts a task; then a
        worker starts.
    """,
    run=lambda: recall_and_put(CarelessHandoff(3), PAUSE),
    cause="""
        An RLock belongs to a thread and counts: it is free when it has been released as often as it was
        acquired. One release is missing, so it is the first thread's for good. That thread notices nothing,
        since it may take the lock again as often as it likes; all others wait.
    """,
    cure="""
        `with lock:` instead of acquire and release. It releases however the block is left: at its end, by
        `return`, by an error. So does the hand-off that the rlock backend really uses.
    """,
    run_cured=lambda: recall_and_put(RLockHandoff(3), LIMIT),
    read=(CarelessHandoff, RLockHandoff.recall),
)


class LockHandoff(RLockHandoff):
    """The hand-off of the rlock backend, with a Lock where an RLock is needed."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._lock = Lock()  # type: ignore[assignment]  # this is the hazard, and the type checker sees it


@dataclass(frozen=True, slots=True)
class Closing(Facts):
    """How the closing of a hand-off went."""

    waited: float
    """Seconds until it was closed, or for which it was watched."""
    closed: bool
    stack: tuple[str, ...]
    """Where the closing thread was when the time was up."""
    error: str
    """How it ended when the lock had been released for it by another thread; empty where that was not needed."""

    @property
    def harmed(self) -> bool:
        """Whether the thread waited for a lock that it held."""
        return not self.closed

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        if self.closed:
            return (f"close returned after {self.waited:.3f} s",)
        return (
            f"close had not returned after {self.waited:.3f} s; its thread was at",
            *(f"    {call}" for call in self.stack),
            "the watchdog released the Lock in its stead, as anybody can: a Lock belongs to no thread; "
            f"then close ended with {self.error or 'no error'}",
        )


def close(handoff: RLockHandoff, patience: float) -> Closing:
    """Close a hand-off, which takes its lock twice; return how far that came within `patience` seconds."""
    closer = Helper("coordinator", lambda: handoff.close(1))
    began = time.monotonic()
    closer.start()
    closer.join(patience)
    waited, closed, where = time.monotonic() - began, not closer.is_alive(), tuple(stack(closer))
    if not closed:
        handoff._lock.release()
        closer.join(LIMIT)
    return Closing(waited, closed, where, repr(closer.error) if closer.error else "")


LOCK_TWICE = Hazard(
    tries="""
        The hand-off of the rlock backend, with a Lock in place of its RLock, is closed: `close` takes the lock
        and calls `recall`, which takes it again.
    """,
    run=lambda: close(LockHandoff(3), PAUSE),
    cause="""
        A Lock does not know who holds it: it is free or it is not. The thread that holds it waits, in its
        second acquire, for a release that only it would have come to.
    """,
    cure="""
        An RLock, which lets its own thread in again and counts. Or a method for callers that takes the lock,
        and one for the inside that expects it to be held.
    """,
    run_cured=lambda: close(RLockHandoff(3), LIMIT),
    read=(LockHandoff, RLockHandoff.close),
)
