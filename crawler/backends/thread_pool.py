"""A `ThreadPoolExecutor`: hand in a call, get a Future, a promise of its result.

    coordinator ──submit──▶ [ work items ] ──▶ detail-0 … detail-n ──▶ Future ──wait(FIRST_COMPLETED)──▶ coordinator
                └─submit──▶ [ work items ] ──▶ list-0 …            ──▶ Future ──┘

What the primitive gives: threads that are started once and kept, and a Future for each call (`pool.py` shows what one
can ask of it). Inside is what `queue` builds by hand: a thread-safe queue of work items, and threads that take them.
Threads share this process: nothing is copied on the way, and only one of them runs Python at a time.
"""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import current_thread, local

from crawler.backends.base import Plan, starting_threads
from crawler.backends.pool import PoolBackend, ThreadCrew
from crawler.model import Outcome, Role, Task
from crawler.work.base import Performer


class PooledThreads(ThreadCrew):
    """Pooled threads, each with a performer of its own."""

    def __init__(self, plan: Plan, role: Role) -> None:
        super().__init__(plan, role)
        self._own = local()
        self._performers: list[Performer] = []

    def end(self, patience: float) -> None:
        """Wait until the pool has closed, then close the connections of its threads."""
        super().end(patience)
        for performer in self._performers:
            performer.close()
        self._performers.clear()

    def _open(self) -> Executor:
        return ThreadPoolExecutor(self.workers, thread_name_prefix=self.role.value, initializer=self._enter)

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        with starting_threads():
            return executor.submit(self._do, task)

    def _enter(self) -> None:
        """Run once in each new thread: open what only this thread will use."""
        self._own.performer = self.plan.work.open()
        self._performers.append(self._own.performer)

    def _do(self, task: Task) -> Outcome:
        performer: Performer = self._own.performer
        return performer.perform(task, current_thread().name.replace("_", "-"))


class ThreadPoolBackend(PoolBackend):
    """Two pools of threads: the producers and the consumers."""

    crew = PooledThreads
