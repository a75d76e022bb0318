"""Workers wait in a `queue.Queue`: a deque, a lock and three conditions in one well-made box.

    coordinator ──put──▶ [ Queue(maxsize=capacity) ] ──get──▶ detail-0 … detail-n ──▶ outcomes
                 waits while full                      waits while empty

What the primitive gives: `put` and `get` wait by themselves, without looking again and again, and each task comes out
once, in the order in which it went in. The end is a value too: a `None` goes in, and whoever takes it passes it on and
leaves. Compare `rlock`, which has to look, and `condition`, which is this box taken apart, but for the third condition:
that one is for `join`, which is not needed here.
"""

from queue import Empty, Queue

from crawler.backends.base import UNWATCHED, Watch
from crawler.backends.channel import ChannelBackend, Closed, Handoff
from crawler.model import Task


class QueueHandoff(Handoff):
    """A queue of at most `capacity` tasks."""

    def __init__(self, capacity: int, watch: Watch = UNWATCHED) -> None:
        super().__init__(capacity, watch)
        self._queue: Queue[Task | None] = Queue(maxsize=capacity)

    def put(self, task: Task) -> None:
        """Put a task in; the queue makes us wait while it is full."""
        self._queue.put(task)

    def get(self) -> Task:
        """Take a task out; the queue makes us wait while it is empty."""
        task = self._queue.get()
        if task is None:
            self._queue.put(None)  # pass it on to the next worker
            raise Closed
        return task

    def recall(self) -> list[Task]:
        """Take out, without waiting, all that is in."""
        tasks: list[Task] = []
        while True:
            try:
                task = self._queue.get_nowait()
            except Empty:
                return tasks
            if task is not None:
                tasks.append(task)

    def close(self, workers: int) -> None:
        """Put in the end: a `None`, which each worker that takes it passes on to the next."""
        if workers:
            self.recall()
            self._queue.put(None)


class QueueBackend(ChannelBackend):
    """Workers wait in a queue."""

    handoff = QueueHandoff
