"""A `ThreadPoolExecutor`: hand in a call, get a Future, a promise of its result.

    coordinator ──submit──▶ [ work items ] ──▶ pool-0 … pool-n ──▶ Future ──wait(FIRST_COMPLETED)──▶ coordinator

What the primitive gives: threads that are started once and kept, and a Future for each call (`pool.py` shows what one
can ask of it). Inside is what `queue` builds by hand: a thread-safe queue of work items, and threads that take them.
Threads share this process: nothing is copied on the way, and only one of them runs Python at a time.
"""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import current_thread, local

from crawler.backends.base import Plan
from crawler.backends.pool import ThreadsBackend
from crawler.model import Outcome, Task
from crawler.work.base import Performer


class ThreadPoolBackend(ThreadsBackend):
    """Pooled threads, each with a performer of its own."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._own = local()
        self._performers: list[Performer] = []

    def stop(self) -> None:
        """Close the pool, then the connections of its threads."""
        super().stop()
        for performer in self._performers:
            performer.close()
        self._performers.clear()

    def _open(self) -> Executor:
        return ThreadPoolExecutor(self.plan.consumers, thread_name_prefix="pool", initializer=self._enter)

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        return executor.submit(self._do, task)

    def _enter(self) -> None:
        """Run once in each new thread: open what only this thread will use."""
        self._own.performer = self.plan.work.open()
        self._performers.append(self._own.performer)

    def _do(self, task: Task) -> Outcome:
        performer: Performer = self._own.performer
        return performer.perform(task, current_thread().name.replace("_", "-"))
