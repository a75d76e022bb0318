"""A `ProcessPoolExecutor`: the interface of the thread pool, with a process a worker.

    coordinator ──submit──▶ [ call queue ] ══pickle══▶ process-1 … process-n ══pickle══▶ Future ──wait──▶ coordinator

What the primitive gives: every worker has an interpreter, and a GIL, of its own, so pages are parsed on all cores at
once. What it costs: processes take time to start, nothing is shared, and every task and every outcome is pickled, piped
and unpickled. Where the network is what one waits for, that buys nothing; where the CPU is, it is the whole difference.

If one process dies, the executor breaks as a whole and can say only that one of its calls killed it. All of them are
reported as `worker-died`; the frontier tries them again one at a time, and so finds out which.
"""

import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import active_children, current_process
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError, Event, Thread
from threading import enumerate as enumerate_threads

from crawler.backends.base import BackendError, Plan
from crawler.backends.children import context, settle_in
from crawler.backends.pool import PARTING, PoolBackend
from crawler.model import Failure, Outcome, Task, Timings
from crawler.work.base import Performer, Work

START_LIMIT = 60.0
"""Seconds within which the processes of a new pool must all have started."""

# Each worker process has its own of these, set when it starts.
_performer: Performer
_name: str
_all_here: Barrier


def _enter(work: Work, all_here: Barrier) -> None:
    """Run once in each new process: open what only this process will use."""
    global _performer, _name, _all_here
    settle_in()
    _performer = work.open()
    _name = f"process-{current_process().name.rpartition('-')[2]}"
    _all_here = all_here


def _meet() -> None:
    """Wait until every process of the pool is here: the pool starts one only if a call finds none idle."""
    _all_here.wait(START_LIMIT)


def _do(task: Task) -> Outcome:
    return _performer.perform(task, _name)


class ProcessPoolBackend(PoolBackend):
    """Pooled processes, each with a performer of its own."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._context = context()
        self._children: set[BaseProcess] = set()
        self._threads: set[Thread] = set()

    def abandon(self, task: Task) -> None:
        """Kill the pool, since it does not tell which of its processes hangs; its calls come back as `worker-died`."""
        if task in self._futures.values():
            self._force()

    def _open(self) -> Executor:
        others, other_threads = set(active_children()), set(enumerate_threads())
        all_here = self._context.Barrier(self.plan.consumers)
        executor = ProcessPoolExecutor(
            self.plan.consumers, mp_context=self._context, initializer=_enter, initargs=(self.plan.work, all_here)
        )
        try:
            for meeting in [executor.submit(_meet) for _ in range(self.plan.consumers)]:
                meeting.result()
        except (BrokenExecutor, BrokenBarrierError, OSError) as error:
            raise BackendError(f"the processes of the pool could not start: {error or type(error).__name__}") from error
        finally:
            self._children = set(active_children()) - others
            self._threads = set(enumerate_threads()) - other_threads
        return executor

    def _close(self, executor: Executor, *, hanging: bool) -> None:
        """End the processes where they are if they hang, once the executor has dropped the calls that were cancelled.

        Until Python 3.12.1 its thread fails on a cancelled call that it finds when the processes die. It drops those
        before a last call, which is cancelled in its turn.
        """
        if not hanging:
            executor.shutdown(cancel_futures=True)
            return
        dropped = Event()
        with suppress(BrokenExecutor):
            executor.submit(_meet).add_done_callback(lambda _: dropped.set())
            executor.shutdown(wait=False, cancel_futures=True)
            dropped.wait(PARTING)
        self._force()
        for thread in self._threads:
            thread.join(PARTING)

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        return executor.submit(_do, task)

    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:  # noqa: ARG002
        """Report the tasks of the broken pool as lost with it, and open a new pool."""
        self._force()
        self._executor = self._open()
        now = time.monotonic()
        failure = Failure("worker-died", "the worker process ended while it had this page", transient=True)
        return [Outcome(task, "process", Timings(now, now, now), failure=failure) for task in tasks]

    def _force(self) -> None:
        """Kill the processes of the pool."""
        for child in self._children:
            child.kill()
        for child in self._children:
            child.join(PARTING)
