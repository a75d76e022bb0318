"""A process and a `Pipe` each: every worker has a line of its own to the coordinator.

    coordinator ══ pipe ══ list-0            to a worker that has no task: send ──▶ recv
                ══ pipe ══ detail-0          from whoever has something:   wait(all lines, all processes) ──▶ recv
                ══ pipe ══ detail-n

What the primitive gives: two ends and nothing between them, no lock, no feeder thread, no third process. So a task and
its outcome are there and back in two thirds of the time that two queues take. A process that is killed leaves only its
own line torn: it alone is replaced, and it is known whose page it had. `wait` waits for many lines at once, and for the
end of processes too.

What it does not give is a place where a task waits for whoever is free first: who sends must know to whom. So a task
goes to a worker that has none, the frontier grants one a worker, and a worker that is through waits for its next, which
behind a queue would be there already. But it is sure that `send` does not block, though a pipe takes only so many bytes
before somebody reads: the worker has read all that was sent before.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess

from crawler.backends.base import PARTING, BackendError, Plan
from crawler.backends.children import ProcessBackend, Ready, Unable, context, end, settle_in, starting
from crawler.backends.losses import died
from crawler.model import Outcome, Role, Task
from crawler.work.base import Work


class Worker(BaseProcess):
    """Does what comes along its line, one task after another, until a `None` comes.

    A process by subclass, as it has something to remember. Mind where: what is set here before `start` is copied into
    the new process; what is set after it, as `task` is, stays the coordinator's own.
    """

    def __init__(self, name: str, role: Role, work: Work, line: Connection) -> None:
        super().__init__(name=name, daemon=True)
        self.role = role
        self.task: Task | None = None
        self.ready = False
        self._work = work
        self._line = line

    def run(self) -> None:
        """Work: this runs in the new process."""
        settle_in()
        try:
            performer = self._work.open()
        except Exception as error:
            self._line.send(Unable(self.name, str(error)))
            return
        with suppress(EOFError, OSError):  # the coordinator is gone, and so is its end of the line
            self._line.send(Ready(self.name))
            while (task := self._line.recv()) is not None:
                self._line.send(performer.perform(task, self.name))
        performer.close()


class SpawnWorker(Worker, SpawnProcess):
    """A worker that is spawned. A subclass is bound to one start method, where a function can be given to any."""


WORKERS: dict[str, type[Worker]] = {"spawn": SpawnWorker}

if sys.platform != "win32":
    from multiprocessing.context import ForkProcess, ForkServerProcess

    class ForkWorker(Worker, ForkProcess):
        """A worker that is forked."""

    class ForkServerWorker(Worker, ForkServerProcess):
        """A worker that a fork server forks."""

    WORKERS |= {"fork": ForkWorker, "forkserver": ForkServerWorker}


class ProcessPipeBackend(ProcessBackend):
    """Processes, each at the end of a pipe."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._workers: dict[Connection, Worker] = {}
        self._hired = {Role.LIST: 0, Role.DETAIL: 0}

    def start(self) -> None:
        """Start the producers and the consumers, and return when all are ready."""
        for role, number in self.holds.items():
            for _ in range(number):
                self._hire(role)
        self._listen_until(lambda: all(worker.ready for worker in self._workers.values()))

    def submit(self, task: Task) -> None:
        """Send the task to a worker of its crew that has none."""
        while True:
            free = (pair for pair in self._workers.items() if pair[1].role is task.role.crew and pair[1].task is None)
            line, worker = next(free)
            try:
                line.send(task)
            except OSError:  # it has died while it had nothing to do
                self._replace(line)
            else:
                worker.task = task
                return

    def abandon(self, task: Task) -> None:
        """Kill the process that hangs in `task`, which nobody else is touched by, and start another."""
        for line, worker in list(self._workers.items()):
            if worker.task == task:
                worker.kill()
                self._late += self._replace(line)

    def stop(self) -> None:
        """Tell the workers that this is the end, and end those that do not hear it."""
        workers, self._workers = self._workers, {}
        for line in workers:
            with suppress(OSError):
                line.send(None)
        end(workers.values(), PARTING)
        for line in workers:
            line.close()

    def _hire(self, role: Role) -> None:
        line, other_end = Pipe()
        name = f"{role.value}-{self._hired[role]}"
        self._hired[role] += 1
        ways = context(self.plan.start_method, self.plan.preload)
        worker = WORKERS[ways.get_start_method() or "spawn"](name, role, self.plan.work, other_end)
        self._workers[line] = worker
        with starting():
            worker.start()
        other_end.close()  # this copy of it: the line ends when nobody holds its other end any more

    def _hear(self, timeout: float) -> Iterator[Outcome]:
        """Wait until some lines have something or some processes have ended; yield what has come of their tasks."""
        ready = set(wait([*self._workers, *(worker.sentinel for worker in self._workers.values())], timeout))
        for line, worker in list(self._workers.items()):
            if line in ready:  # where a process has ended, its line is ready too: at its last word, or at its end
                yield from self._listen(line, worker)
            elif worker.sentinel in ready:
                yield from self._replace(line)

    def _listen(self, line: Connection, worker: Worker) -> list[Outcome]:
        try:
            word = line.recv()
        except (EOFError, OSError):  # an OSError: in the middle of a message
            return self._replace(line)
        match word:
            case Ready():
                worker.ready, self._vain = True, 0
                return []
            case Unable():
                raise BackendError(str(word))
        worker.task = None
        return [word]

    def _replace(self, line: Connection) -> list[Outcome]:
        """Put another worker in the place of one that has ended; return what became of its task."""
        worker = self._workers.pop(line)
        line.close()
        end([worker], PARTING)
        if not worker.ready:
            self._started_in_vain(f"worker {worker.name}")
        self._hire(worker.role)
        return [] if worker.task is None else [died(worker.task, worker.name, worker)]
