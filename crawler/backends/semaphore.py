"""A thread a page, and a Semaphore that lets only so many run: a throttle without a buffer.

    coordinator ──acquire──▶ Thread(page) ──▶ fetch, extract ──▶ release ──▶ outcome
                 would wait while n run       each thread does one page and ends

What the primitive gives: a number of permits. `acquire` takes one, or waits until somebody has `release`d his; nobody
owns a permit, so the thread that gives it back need not be the one that took it. Here the coordinator takes it before
the thread starts, and the thread gives it back when its page is done. A BoundedSemaphore also notices one `release` too
many. What it costs is a new thread a page: compare `thread-pool`, which keeps its threads.

The semaphore is what bounds the threads, whoever submits. In a crawl `acquire` does not come to wait: the permits are
what this backend `holds`, the frontier grants no more pages than that, and a permit is back before its page's outcome
is there to be collected. Who submits one page more than it holds waits until a page is done.
"""

import time
from collections.abc import Sequence
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread

from crawler.backends.base import PARTING, Backend, BackendError, Outbox, Plan, starting_threads
from crawler.model import Outcome, Role, Task
from crawler.work.base import Performer, Work


class Desk:
    """What a page's thread borrows while it runs: a name and open connections. Made when it is first needed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.performer: Performer | None = None

    def do(self, task: Task, work: Work) -> Outcome:
        """Do one task here."""
        if self.performer is None:
            self.performer = work.open()
        return self.performer.perform(task, self.name)

    def close(self) -> None:
        """Close the connections."""
        if self.performer is not None:
            self.performer.close()


class Throttle:
    """The permits for one role's pages, and as many desks."""

    def __init__(self, role: Role, permits: int) -> None:
        self.role = role
        self.permits = BoundedSemaphore(permits)
        self.desks: SimpleQueue[Desk] = SimpleQueue()
        self.made = 0
        for _ in range(permits):
            self.add_desk()

    def add_desk(self) -> None:
        """Put up one desk more."""
        self.desks.put(Desk(f"{self.role.value}-{self.made}"))
        self.made += 1


class SemaphoreBackend(Backend):
    """Starts a thread for each page, when a semaphore lets it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._outbox = Outbox()
        self._throttles = {role: Throttle(role, permits) for role, permits in self.holds.items()}
        self._running: dict[Task, Thread] = {}

    def start(self) -> None:
        """Nothing to start: the threads come with the pages."""

    def submit(self, task: Task) -> None:
        """Take a permit, then start the page's thread."""
        throttle = self._throttles[task.role.crew]
        throttle.permits.acquire()
        desk = throttle.desks.get()
        self._running[task] = thread = Thread(target=self._page, args=(task, throttle, desk), daemon=True)
        with starting_threads():
            thread.start()

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Take what the threads have left."""
        return self._outbox.take(timeout)

    def abandon(self, task: Task) -> None:
        """Release the hanging page's permit in its stead, and put up a desk for the one that it sits at."""
        if self._running.pop(task, None) is not None:
            throttle = self._throttles[task.role.crew]
            throttle.add_desk()
            throttle.permits.release()

    def stop(self) -> None:
        """Wait for the pages under way, but not for long; then close the connections of the desks nobody sits at."""
        deadline = time.monotonic() + PARTING
        for thread in list(self._running.values()):
            if thread.is_alive():  # else it could not be started
                thread.join(max(0.0, deadline - time.monotonic()))
        self._running.clear()  # whoever is later than that is as good as abandoned
        for throttle in self._throttles.values():
            while not throttle.desks.empty():
                throttle.desks.get().close()

    def _page(self, task: Task, throttle: Throttle, desk: Desk) -> None:
        try:
            result: Outcome | BackendError = desk.do(task, self.plan.work)
        except Exception as error:
            result = BackendError(f"worker {desk.name} cannot work: {error}")
        if self._running.pop(task, None) is not None:
            throttle.desks.put(desk)
            throttle.permits.release()
        else:  # it was abandoned: its permit is another's, and its desk nobody's
            desk.close()
        self._outbox.put(result)
