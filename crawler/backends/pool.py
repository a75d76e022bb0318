"""What the executor backends share: calls handed to an executor, and the futures that one waits on; a crew a role.

    coordinator ──submit──▶ [ executor ] ──▶ producers workers (list pages)   ──▶ Future ──┐ wait(FIRST_COMPLETED)
                └─submit──▶ [ executor ] ──▶ consumers workers (detail pages) ──▶ Future ──┴──▶ coordinator

A Future is the promise of a result. It is asked four things here: `done`, by way of `wait`; `result`, once it is;
`cancel`, which succeeds only while no worker has begun; and `exception`, when the whole pool has broken.

An executor's own queue has no bound. The flight is bounded outside: the frontier grants a detail page a worker and
`capacity` more, so that a worker that is through finds the next one waiting.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from threading import Thread

from crawler.backends.base import PARTING, Backend, BackendError, Plan
from crawler.model import Outcome, Role, Task


class Crew(ABC):
    """The workers of one role, behind an executor, and the promises that it has yet to keep."""

    can_be_forced = False
    """Whether workers that do not come back can be ended all the same."""

    def __init__(self, plan: Plan, role: Role) -> None:
        self.plan = plan
        self.role = role
        self.workers = plan.workers(role)
        self.promises: dict[Future[Outcome], Task] = {}
        self._executor: Executor | None = None
        self._closing: Thread | None = None

    @abstractmethod
    def _open(self) -> Executor:
        """Return a new executor that can work."""

    @abstractmethod
    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        """Hand a task to the executor."""

    @abstractmethod
    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:
        """Say what became of tasks whose executor broke under them, and put another executor in its place."""

    @abstractmethod
    def abandon(self, task: Task) -> None:
        """Write off the worker that does not come back with `task`."""

    def open(self) -> None:
        """Open the executor."""
        self._executor = self._open()

    def submit(self, task: Task) -> None:
        """Hand the task in; what comes back is a promise."""
        assert self._executor is not None, "submit before start"
        try:
            future = self._call(self._executor, task)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self.promises[future] = task

    def take(self, done: Collection[Future[Outcome]]) -> Sequence[Outcome]:
        """Return what has come of those of the promises that are in `done`, but for those that will not be kept."""
        # In the order of the promises, so that a worker's come as it did them.
        kept = [future for future in self.promises if future in done and not _broke(future)]
        for future in kept:
            del self.promises[future]
        return [future.result() for future in kept]

    def mend(self) -> Sequence[Outcome]:
        """Return what has become of all promises if the executor broke; nothing if it did not.

        Those that were kept come first: of an executor that cannot be mended, nothing would come after that.
        """
        if not any(map(_broke, self.promises)):
            return ()
        done, _ = wait(self.promises, PARTING)
        if kept := self.take(done):
            return kept
        error = next(filter(None, map(_broke, self.promises)))
        lost = list(self.promises.values())
        self.promises.clear()
        return self._broken(lost, error)

    def recall(self) -> Sequence[Task]:
        """Cancel every call that no worker has begun."""
        cancelled = [(future, task) for future, task in self.promises.items() if future.cancel()]
        for future, _ in cancelled:
            del self.promises[future]
        return [task for _, task in cancelled]

    def dismiss(self) -> None:
        """Cancel what has not begun, and let the executor close when the rest is done."""
        executor, self._executor = self._executor, None
        self.promises.clear()
        if executor is None:
            return
        closing = Thread(target=executor.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        try:
            closing.start()
            self._closing = closing
        except RuntimeError:  # there are too many threads: nobody waits then
            executor.shutdown(wait=False, cancel_futures=True)

    def end(self, patience: float) -> None:
        """Wait at most `patience` seconds until the executor has closed, and for longer only where it can be forced."""
        closing, self._closing = self._closing, None
        if closing is not None:
            closing.join(patience)
            if closing.is_alive():
                self._force()
            if self.can_be_forced:
                closing.join()

    def _force(self) -> None:  # noqa: B027 - where they cannot be there is nothing to do
        """End the workers where they are, if they can be."""


def _broke(future: Future[Outcome]) -> BrokenExecutor | None:
    """Return how the executor broke under a call, if it did."""
    error = future.exception() if future.done() else None
    return error if isinstance(error, BrokenExecutor) else None


class ThreadCrew(Crew):
    """A crew whose workers are threads of this process: none of them can be ended."""

    def abandon(self, task: Task) -> None:
        """Leave the pool whose thread hangs, and move what it has not begun to a new one.

        A pool never starts more threads than it was made for, so the hanging one cannot be replaced in it.
        """
        if any(its == task and not future.done() for future, its in self.promises.items()):
            assert self._executor is not None
            waiting = self.recall()
            self._executor.shutdown(wait=False)
            self._executor = self._open()
            for other in waiting:
                self.submit(other)

    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:  # noqa: ARG002
        raise BackendError(f"the pool is broken: {error}")


class PoolBackend(Backend):
    """A crew for list pages and one for detail pages. A backend of this kind says what a crew is, and that is all."""

    crew: type[Crew]

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._crews = {role: self.crew(plan, role) for role in (Role.DETAIL, Role.LIST)}

    @property
    def holds(self) -> Mapping[Role, int]:
        """A task a worker; and of detail tasks `capacity` more, which wait in the executor."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Open the executors; the consumers' first, as only while there is one thread processes may be forked."""
        for crew in self._crews.values():
            crew.open()

    def submit(self, task: Task) -> None:
        """Hand the task to its crew."""
        self._crews[task.role.crew].submit(task)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Wait for the first promise to be kept; return what has come of it and of all others that are."""
        promises = {future for crew in self._crews.values() for future in crew.promises}
        if not promises:
            time.sleep(timeout)
        done, _ = wait(promises, timeout, return_when=FIRST_COMPLETED)
        outcomes = [outcome for crew in self._crews.values() for outcome in crew.take(done)]
        return outcomes or next(filter(None, (crew.mend() for crew in self._crews.values())), [])

    def recall(self) -> Sequence[Task]:
        """Cancel every call that no worker has begun."""
        return [task for crew in self._crews.values() for task in crew.recall()]

    def abandon(self, task: Task) -> None:
        """Let its crew write off the worker that does not come back with `task`."""
        self._crews[task.role.crew].abandon(task)

    def stop(self) -> None:
        """Let both executors close, and end the workers that do not let them, if they can be."""
        for crew in self._crews.values():
            crew.dismiss()
        deadline = time.monotonic() + PARTING
        for crew in self._crews.values():
            crew.end(max(0.0, deadline - time.monotonic()))
