"""What the executor backends share: calls handed to an executor, and the futures that one waits on.

    coordinator ──submit──▶ [ executor ] ──▶ workers of one crew ──▶ Future ──wait(FIRST_COMPLETED)──▶ coordinator

A Future is the promise of a result. It is asked four things here: `done`, by way of `wait`; `result`, once it is;
`cancel`, which succeeds only while no worker has begun; and `exception`, when the whole pool has broken.

An executor's own queue has no bound. The flight is bounded outside: the frontier grants a task a worker and `capacity`
more, so that a worker that is through finds the next one waiting.
"""

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from threading import Thread

from crawler.backends.base import Backend, BackendError, Plan
from crawler.model import Outcome, Role, Task

PARTING = 1.0
"""Seconds that stopping waits for calls that are under way."""


class PoolBackend(Backend):
    """One crew of `consumers` workers, for list and detail pages alike, behind an executor."""

    can_be_forced = False
    """Whether workers that do not come back can be ended all the same."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._executor: Executor | None = None
        self._futures: dict[Future[Outcome], Task] = {}

    @property
    def holds(self) -> Mapping[Role, int]:
        """`producers` list pages; a detail page a worker, and `capacity` more that wait in the executor."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def turns(self, crew: Role) -> float:  # noqa: ARG002 - it is one crew
        """All that is handed over waits for the same workers."""
        return 1 + sum(self.holds.values()) / self.plan.consumers

    @abstractmethod
    def _open(self) -> Executor:
        """Return a new executor, its workers ready."""

    @abstractmethod
    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        """Hand a task to the executor."""

    @abstractmethod
    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:
        """Say what became of tasks whose executor broke under them, and put another executor in its place."""

    def start(self) -> None:
        """Start the executor and its workers."""
        self._executor = self._open()

    def submit(self, task: Task) -> None:
        """Hand the task in; what comes back is a promise."""
        assert self._executor is not None, "submit before start"
        try:
            future = self._call(self._executor, task)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self._futures[future] = task

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Wait for the first promise to be kept; return what has come of it and of all others that are."""
        if not self._futures:
            time.sleep(timeout)
        done, _ = wait(self._futures, timeout, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenExecutor) for future in done):
            return self._pick_up_the_pieces()
        in_order = [future for future in self._futures if future in done]  # so a worker's come as it did them
        for future in in_order:
            del self._futures[future]
        return [future.result() for future in in_order]

    def recall(self) -> Sequence[Task]:
        """Cancel every call that no worker has begun."""
        cancelled = [(future, task) for future, task in self._futures.items() if future.cancel()]
        for future, _ in cancelled:
            del self._futures[future]
        return [task for _, task in cancelled]

    def stop(self) -> None:
        """Cancel what has not begun, wait a moment for what has, and close the executor."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        self._futures.clear()
        closing = Thread(target=executor.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        closing.join(PARTING)
        if closing.is_alive():
            self._force()
        if self.can_be_forced:
            closing.join()

    def _force(self) -> None:
        """End the workers where they are, if they can be."""

    def _pick_up_the_pieces(self) -> Sequence[Outcome]:
        """Part the promises of a broken executor into those that it kept and those that it never will."""
        wait(self._futures, PARTING)
        kept = [future for future in self._futures if future.done() and future.exception() is None]
        lost = [task for future, task in self._futures.items() if future not in kept]
        error = next(error for future in self._futures if isinstance(error := future.exception(0), BrokenExecutor))
        self._futures.clear()
        return [*(future.result() for future in kept), *self._broken(lost, error)]


class ThreadsBackend(PoolBackend):
    """A pool whose workers are threads of this process: none of them can be ended."""

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

    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:  # noqa: ARG002
        raise BackendError(f"a thread of the pool could not start to work: {error}")
