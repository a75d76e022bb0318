"""A `ThreadPoolExecutor`: hand in a call, get a Future, a promise of its result.

    coordinator ──submit──▶ [ work items ] ──▶ detail-0 … detail-n ──▶ Future ──wait(FIRST_COMPLETED)──▶ coordinator
                └─submit──▶ [ work items ] ──▶ list-0 …            ──▶ Future ──┘

What the primitive gives: threads that are started as calls are handed in, up to so many, and then kept; and a Future
for each call (`pool.py` shows what one can ask of it). Inside is what `queue` builds by hand: a thread-safe queue of
work items, and threads that take them. Threads share this process: nothing is copied on the way, and where Python has
a GIL (all but its free-threaded builds have) only one of them runs Python at a time.
"""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
from itertools import count
from threading import Thread, current_thread, local

from crawler.backends.base import Plan, starting_threads
from crawler.backends.pool import PoolBackend, ThreadCrew
from crawler.model import Outcome, Role, Task
from crawler.work.base import Performer


class PooledThreads(ThreadCrew):
    """Pooled threads, each with a performer of its own."""

    def __init__(self, plan: Plan, role: Role) -> None:
        super().__init__(plan, role)
        self._own = local()
        self._count = count()
        self._performers: dict[Thread, Performer] = {}

    def end(self, patience: float) -> None:
        """Wait until the pool has closed, then close the connections of its threads, but for those still at work."""
        super().end(patience)
        for thread, performer in list(self._performers.items()):
            if not thread.is_alive():  # else it may be in the middle of a request
                performer.close()
        self._performers.clear()

    def _open(self) -> Executor:
        return ThreadPoolExecutor(self.workers, initializer=self._enter)

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        with starting_threads():
            return executor.submit(self._do, task)

    def _enter(self) -> None:
        """Run once in each new thread: open what only this thread will use."""
        current_thread().name = f"{self.role.value}-{next(self._count)}"  # the pool's own names begin anew in the next
        try:
            self._own.performer = self.plan.work.open()
            self._performers[current_thread()] = self._own.performer
        except Exception as error:  # raised from here, it would be logged, traceback and all, and nobody told why
            self._own.problem = f"worker {current_thread().name} cannot work: {error}"

    def _do(self, task: Task) -> Outcome:
        if hasattr(self._own, "problem"):
            raise BrokenThreadPool(self._own.problem)
        performer: Performer = self._own.performer
        return performer.perform(task, current_thread().name)


class ThreadPoolBackend(PoolBackend):
    """Two pools of threads: the producers and the consumers."""

    crew = PooledThreads
