"""A shared list guarded by an RLock: workers look, and look again.

    coordinator ──look, put──▶ [ list, ≤ capacity tasks ] ◀──look, take── detail-0 … detail-n ──▶ outcomes
                                  one RLock around it

What the primitive gives: whoever holds the lock is alone with the list, and may take the lock again in a method that
it calls, which a plain Lock would answer with a deadlock. What it does not give is a way to wait until something
*changes*: a worker that finds nothing can only sleep for a while and look again, too early for nothing or later than
need be. Each nap is twice as long as the one before, so a short gap costs little time and a long one little work.
Compare `condition`, which is woken, and `queue`, which has all of this inside.
"""

import time
from collections.abc import Iterator
from threading import RLock

from crawler.backends.base import UNWATCHED, Watch
from crawler.backends.channel import ChannelBackend, Closed, Handoff
from crawler.model import Task

SHORTEST_NAP = 0.0005
LONGEST_NAP = 0.016


def naps() -> Iterator[None]:
    """Sleep between one look and the next: seconds, doubled up to a limit."""
    nap = SHORTEST_NAP
    while True:
        yield
        time.sleep(nap)
        nap = min(2 * nap, LONGEST_NAP)


class RLockHandoff(Handoff):
    """A list that both sides look into."""

    def __init__(self, capacity: int, watch: Watch = UNWATCHED) -> None:
        super().__init__(capacity, watch)
        self._lock = watch.lock(RLock())
        self._tasks: list[Task] = []
        self._closed = False

    def put(self, task: Task) -> None:
        """Look until there is room, then append."""
        for _ in naps():
            self._watch.mark("look")
            if self._has_room():  # a look without the lock is cheap, and may be wrong by now …
                with self._lock:
                    if self._has_room():  # … so it is made again by whoever is alone with the list
                        self._tasks.append(task)
                        return

    def get(self) -> Task:
        """Look until there is a task, then take it."""
        for _ in naps():
            self._watch.mark("look")
            if self._tasks:
                with self._lock:
                    if self._tasks:  # another worker may have been quicker
                        return self._tasks.pop(0)
            elif self._closed:
                break
        raise Closed

    def recall(self) -> list[Task]:
        """Take the whole list."""
        with self._lock:
            tasks, self._tasks = self._tasks, []
            return tasks

    def close(self, workers: int) -> None:  # noqa: ARG002 - each worker sees the flag at its next look
        """Set a flag that every worker finds when it looks again; what was not taken is dropped."""
        with self._lock:
            self.recall()  # takes the lock a second time: this is what the R in RLock allows
            self._closed = True

    def _has_room(self) -> bool:
        return len(self._tasks) < self._capacity


class RLockBackend(ChannelBackend):
    """Workers look into a shared list."""

    handoff = RLockHandoff
