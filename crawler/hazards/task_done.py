"""`task_done` once too often: a queue counts what was put and what is done, and believes what it is told.

put ─▶ +1      task_done ─▶ -1      join returns at 0, whatever is still in the queue
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from crawler.backends.base import BackendError, Outbox
from crawler.backends.channel import Worker
from crawler.backends.queue import QueueHandoff
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.routine import Routine, page
from crawler.hazards.watchdog import LIMIT, Helper
from crawler.model import Role, Task

PAGES = 4


class CountingHandoff(QueueHandoff):
    """The hand-off of the queue backend, with the counting that `queue.Queue` offers and the crawl does not need."""

    def task_done(self) -> None:
        """Say that a task that was taken is done; ValueError if more are done than were put."""
        self._queue.task_done()

    def join(self) -> None:
        """Wait until all that was put is done."""
        self._queue.join()

    @property
    def unfinished(self) -> int:
        """How many tasks are not done, as far as the queue knows."""
        return self._queue.unfinished_tasks


@dataclass(frozen=True, slots=True)
class Joined(Facts):
    """When `join` returned."""

    done_halfway: int
    """Pages that were done when the counter was read."""
    counter_halfway: int
    """What it said: tasks that are not done."""
    done_at_join: int
    """Pages that were done when `join` returned."""
    done: int
    """Pages that were done in the end."""
    complaint: str
    """What the worker reported when it could not go on; empty if it could."""

    @property
    def harmed(self) -> bool:
        """Whether `join` returned before all was done."""
        return self.done_at_join < PAGES

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = [
            f"with {self.done_halfway} of {PAGES} pages done, the queue counted {self.counter_halfway} that were not",
            f"join returned when {self.done_at_join} pages were done",
            f"in the end {self.done} of {PAGES} pages were done",
        ]
        return [*told, f"the queue's counter fell below 0: {self.complaint}"] if self.complaint else told


def work_and_join(calls: int) -> Joined:
    """Let a worker do four pages and call `task_done` that often for each; return when `join` returned."""
    handoff, outbox = CountingHandoff(PAGES), Outbox()
    halfway, go_on = Event(), Event()
    done: list[Task] = []

    def work(task: Task) -> None:
        if len(done) == PAGES // 2:
            halfway.set()
            go_on.wait(LIMIT)
        done.append(task)
        for _ in range(calls):
            handoff.task_done()

    done_at_join: list[int] = []

    def join() -> None:
        handoff.join()
        done_at_join.append(len(done))

    joiner = Helper("coordinator", join)
    for number in range(PAGES):
        handoff.put(page(number))
    joiner.start()
    worker = Worker("detail-0", Role.DETAIL, handoff, outbox, Routine(work))
    worker.start()
    halfway.wait(LIMIT)
    done_halfway, counter_halfway = len(done), handoff.unfinished
    if counter_halfway == 0:
        joiner.join(LIMIT)
    go_on.set()
    joiner.join(LIMIT)
    complaint = _complaint(outbox)
    handoff.close(1)
    worker.join(LIMIT)
    return Joined(done_halfway, counter_halfway, done_at_join[0], len(done), complaint)


def _complaint(outbox: Outbox) -> str:
    """Take the outcomes of all pages; return what was reported instead of one."""
    taken = 0
    try:
        while taken < PAGES:
            taken += len(outbox.take(LIMIT))
    except BackendError as error:
        return str(error)
    return ""


TASK_DONE = Hazard(
    tries=f"""
        A worker takes {PAGES} pages out of a queue and calls `task_done` twice for each: when it has done the
        page, and once more, to be safe. Another thread waits in `join` for all to be done.
    """,
    run=lambda: work_and_join(calls=2),
    cause="""
        The queue does not know which task is done, it only counts. The second call is taken for another page's,
        so the counter is at 0 while half of the pages still wait, and `join` returns. The error comes later, if
        at all, in the worker, and ends it.
    """,
    cure="""
        `task_done` once for each `get`, in one place, when the task is done. The crawl does without: it ends
        when the frontier has nothing left, which is a fact, and not a count that everybody must keep to.
    """,
    run_cured=lambda: work_and_join(calls=1),
    read=(work_and_join, CountingHandoff),
)
