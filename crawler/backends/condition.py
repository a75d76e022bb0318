"""A shared list and Conditions: workers sleep, and are woken when there is something.

    coordinator ──put──▶ [ list, ≤ capacity tasks ] ──get──▶ detail-0 … detail-n ──▶ outcomes
           waits on `not_full`        one lock        waits on `not_empty`
           notifies `not_empty`                       notifies `not_full`

What the primitive gives: a way to wait until something has changed. `wait` is called with the lock held, since what one
waits for is a statement about the shared list, and only who holds the lock can know whether it is true. It then gives
the lock back and goes to sleep in one step: if there were a moment between the two, a `notify` that fell into it would
wake nobody and be lost. Woken, it takes the lock again before it returns; and as somebody may have been quicker, the
statement is looked at anew, which is what `wait_for` does.

Two conditions share the one lock: those who wait for a task and those who wait for room are woken apart, so `notify`,
which wakes one, never wakes the wrong one. Compare `rlock`, which must look again and again, and `queue`, in which all
of this is inside.
"""

from threading import Condition, Lock

from crawler.backends.base import UNWATCHED, Watch
from crawler.backends.channel import ChannelBackend, Closed, Handoff
from crawler.model import Task


class ConditionHandoff(Handoff):
    """A list at which one can wait for the others."""

    def __init__(self, capacity: int, watch: Watch = UNWATCHED) -> None:
        super().__init__(capacity, watch)
        lock = watch.lock(Lock())
        self._not_full = Condition(lock)
        self._not_empty = Condition(lock)
        self._tasks: list[Task] = []
        self._closed = False

    def put(self, task: Task) -> None:
        """Sleep until there is room, append, and wake one that sleeps until there is a task."""
        with self._not_full:
            self._not_full.wait_for(self._has_room)
            self._tasks.append(task)
            self._not_empty.notify()

    def get(self) -> Task:
        """Sleep until there is a task, take it, and wake one that sleeps until there is room."""
        with self._not_empty:
            self._not_empty.wait_for(self._has_task_or_end)
            if self._closed:
                raise Closed
            task = self._tasks.pop(0)
            self._not_full.notify()
            return task

    def recall(self) -> list[Task]:
        """Take the whole list."""
        with self._not_full:
            tasks, self._tasks = self._tasks, []
            self._not_full.notify_all()
            return tasks

    def close(self, workers: int) -> None:  # noqa: ARG002 - all that sleep are woken, however many
        """Drop what was not taken, and wake everyone: each then sees that this is the end."""
        with self._not_empty:
            self._tasks.clear()
            self._closed = True
            self._not_empty.notify_all()

    def _has_room(self) -> bool:
        self._watch.mark("look")
        return len(self._tasks) < self._capacity

    def _has_task_or_end(self) -> bool:
        self._watch.mark("look")
        return bool(self._tasks) or self._closed


class ConditionBackend(ChannelBackend):
    """Workers sleep until they are woken."""

    handoff = ConditionHandoff
