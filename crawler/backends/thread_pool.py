"""A `ThreadPoolExecutor`: hand in a call, get a Future, a promise of its result.

    coordinator ──submit──▶ [ work items ] ──▶ pool-0 … pool-n ──▶ Future ──wait(FIRST_COMPLETED)──▶ coordinator

What the primitive gives: threads that are started once and kept, and a Future for each call (`pool.py` shows what one
can ask of it). Inside is what `queue` builds by hand: a thread-safe queue of work items, and threads that take them.
Threads share this process: nothing is copied on the way, and only one of them runs Python at a time.
"""

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from threading import current_thread, local

from crawler.backends.base import BackendError, Plan
from crawler.backends.pool import PoolBackend
from crawler.model import Outcome, Task
from crawler.work.base import Performer


class ThreadPoolBackend(PoolBackend):
    """Pooled threads, each with a performer of its own."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._own = local()
        self._performers: list[Performer] = []

    def abandon(self, task: Task) -> None:
        """Leave the pool whose thread hangs, and move what it has not begun to a new one.

        A pool never starts more threads than it was made for, so the hanging one cannot be replaced in it.
        """
        if any(task == begun for begun in self._futures.values()):
            assert self._executor is not None
            hung = next(future for future, begun in self._futures.items() if begun == task)
            del self._futures[hung]
            waiting = self.recall()
            self._executor.shutdown(wait=False)
            self._executor = self._open()
            for other in waiting:
                self.submit(other)

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

    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:  # noqa: ARG002
        raise BackendError(f"a thread of the pool could not start to work: {error}")

    def _enter(self) -> None:
        """Run once in each new thread: open what only this thread will use."""
        self._own.performer = self.plan.work.open()
        self._performers.append(self._own.performer)

    def _do(self, task: Task) -> Outcome:
        performer: Performer = self._own.performer
        return performer.perform(task, current_thread().name.replace("_", "-"))
