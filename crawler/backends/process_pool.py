"""A `ProcessPoolExecutor`: the interface of the thread pool, with a process a worker.

    coordinator ──submit──▶ [ call queue ] ══pickle══▶ detail-1 … detail-n ══pickle══▶ Future ──wait──▶ coordinator
                └─submit──▶ [ call queue ] ══pickle══▶ list-n+1 …          ══pickle══▶ Future ──┘

What the primitive gives: every worker has an interpreter, and a GIL, of its own, so pages are parsed on all cores at
once. What it costs: processes take time to start, nothing is shared, and every task and every outcome is pickled, piped
and unpickled. Where the network is what one waits for, that buys nothing; where the CPU is, it is the whole difference.

If one process dies, its executor breaks as a whole, ends the others, and cannot say which call was to blame. A board in
shared memory can: that page comes back as `worker-died`, those of the others as `worker-stopped`, and what nobody had
begun goes to a new executor.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from itertools import count
from multiprocessing import active_children, current_process
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from signal import SIGTERM
from threading import BrokenBarrierError

from crawler.backends.base import PARTING, BackendError, Plan
from crawler.backends.board import Board
from crawler.backends.children import START_LIMIT, TRIES, Unable, context, settle_in, starting, worker_name
from crawler.backends.losses import sort_losses, write_off
from crawler.backends.pool import Crew, PoolBackend
from crawler.model import Outcome, Role, Task
from crawler.work.base import Performer, Work

# Each worker process has its own of these, set when it starts.
_performer: Performer
_problem: str | None = None
_board: Board
_name: str
_all_here: Barrier


def _enter(role: Role, work: Work, board: Board, all_here: Barrier) -> None:
    """Run once in each new process: open what only this process will use."""
    global _performer, _problem, _board, _name, _all_here
    settle_in()
    _name = worker_name(role, current_process())
    try:
        _performer = work.open()
    except Exception as error:  # raised from here, it would break the pool without a word on why
        _problem = str(Unable(_name, str(error)))
    _board = board
    _board.sit_down()
    _all_here = all_here


def _meet(_number: int) -> str | None:
    """Wait until every process is here: the pool starts one only if a call finds none idle. Return what is wrong."""
    _all_here.wait(START_LIMIT)
    return _problem


def _do(number: int, task: Task) -> Outcome:
    _board.take(number)
    return _performer.perform(task, _name)


def _let_be(_error: BaseException | None) -> None:
    """Take no exception."""


class PooledProcesses(Crew):
    """Pooled processes, each with a performer of its own."""

    can_be_forced = True

    def __init__(self, plan: Plan, role: Role) -> None:
        super().__init__(plan, role)
        self._children: set[BaseProcess] = set()
        self._count = count(1)
        self._numbers: dict[Task, int] = {}

    def take(self, done: Collection[Future[Outcome]]) -> Sequence[Outcome]:
        """Return what has come of those of the promises that are in `done`."""
        outcomes = super().take(done)
        for outcome in outcomes:
            self._numbers.pop(outcome.task, None)
        return outcomes

    def recall(self) -> Sequence[Task]:
        """Cancel every call that no worker has begun."""
        futures = list(self.promises)
        tasks = super().recall()
        for task in tasks:
            self._numbers.pop(task, None)
        for future in futures:
            if future.cancelled():  # and before Python 3.12.1 a pool that breaks raises where it finds one
                future.set_exception = _let_be  # type: ignore[assignment]
        return tasks

    def abandon(self, task: Task) -> None:
        """Kill the process that hangs in `task`; the pool breaks, as with any death.

        If none has begun it, those are killed that have nothing to do: one may be frozen with the lock of the calls.
        """
        taken = self._board.taken()
        flying = {number: its for its, number in self._numbers.items()}
        if write_off(task, flying, taken, self._children):
            del self._numbers[task]
            for child in self._children:
                if child.pid is not None and taken.get(child.pid) not in flying:
                    child.kill()

    def _open(self) -> Executor:
        for _ in range(1 + TRIES):
            with starting(), suppress(BrokenExecutor, BrokenBarrierError):
                return self._open_once()
        raise BackendError(f"the processes of the pool ended before they could work, {1 + TRIES} times in a row")

    def _open_once(self) -> Executor:
        ways = context(self.plan.start_method, self.plan.preload)
        others = set(active_children())
        all_here = ways.Barrier(self.workers)
        self._board = Board(ways, self.workers)
        executor = ProcessPoolExecutor(
            self.workers, ways, initializer=_enter, initargs=(self.role, self.plan.work, self._board, all_here)
        )
        try:
            for problem in filter(None, executor.map(_meet, range(self.workers))):
                raise BackendError(problem)
        except BaseException:
            self._children = set(active_children()) - others
            self._force()
            executor.shutdown()
            raise
        self._children = set(active_children()) - others
        return executor

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        self._numbers[task] = number = next(self._count)
        return executor.submit(_do, number, task)

    def _broken(self, tasks: Sequence[Task], error: BrokenExecutor) -> Sequence[Outcome]:  # noqa: ARG002
        """Say what became of the tasks of the broken pool, and open a new pool for those that nobody had begun."""
        assert self._executor is not None
        self.dismiss()
        self.end(PARTING)  # returns when every process has ended
        dead = [child for child in self._children if child.exitcode != -SIGTERM]  # which is how it ends the others
        names = {child.pid: worker_name(self.role, child) for child in self._children if child.pid is not None}
        lost = {self._numbers[task]: task for task in tasks if task in self._numbers}
        self._numbers.clear()
        outcomes, unbegun = sort_losses(lost, self._board.taken(), dead, names)
        self._executor = self._open()
        for task in unbegun:
            self.submit(task)
        return outcomes

    def _force(self) -> None:
        """Kill the processes of the pool."""
        for child in self._children:
            child.kill()


class ProcessPoolBackend(PoolBackend):
    """Two pools of processes: the producers and the consumers."""

    crew = PooledProcesses
