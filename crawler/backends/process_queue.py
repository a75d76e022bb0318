"""Processes that take tasks out of one `multiprocessing.Queue`, and put outcomes into another.

    coordinator ──put──▶ [ buffer ] ─feeder thread─▶ ══ pickle ══ pipe ══▶ detail-0 … detail-n     (tasks: ≤ capacity)
    coordinator ◀──get── reader ◀══ pipe ══ pickle ══◀─feeder thread─ [ buffer ] ◀──put──┘         (outcomes)

What the primitive gives: the manners of `queue.Queue` between processes, which share nothing. What comes out is a copy.
`put` only leaves a value in a buffer; a thread of the queue's, the feeder, pickles it and writes it into a pipe. Hence
the trap: a process that has put something does not end before its feeder has written all of it, and the pipe is soon
full. Who joins such a process before he has read the queue waits for ever; so here a thread reads until the very end.

The pipe has one lock for all who read and one for all who write. A process that is killed while it holds one holds it
for ever, or leaves half a message behind; and who waits for a task does so with the lock in his hand: if he is frozen
there, nobody gets any. So when one dies, or tasks are stuck, the whole crew is ended and started anew, on new queues. A
board in shared memory tells whose page it was, and which tasks nobody had begun.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Empty, Full, SimpleQueue
from threading import Thread
from typing import NamedTuple, TypeAlias

from crawler.backends.base import PARTING, BackendError, Plan, drain, starting_threads
from crawler.backends.board import Board
from crawler.backends.children import ProcessBackend, Ready, Unable, context, end, ended, names, settle_in, starting
from crawler.backends.losses import sort_losses, write_off
from crawler.model import Outcome, Role, Task
from crawler.work.base import Work

LOOK = 1.0
"""Seconds that a full hand-off is waited for before it is asked whether anyone is left to empty it."""

LOOKS = 3
"""How often that is done before it is taken to be stuck: a full one is granted a task only as a worker is through."""


class Done(NamedTuple):
    """What a worker puts for each task."""

    number: int
    outcome: Outcome


class Ended(NamedTuple):
    """What the watch says when one of a crew's processes has ended; or that the crew is of no use any more."""


Tasks: TypeAlias = "Queue[tuple[int, Task] | None]"
Outcomes: TypeAlias = "Queue[Done | Ready | Unable]"
Inbox: TypeAlias = "SimpleQueue[tuple[Crew, Done | Ready | Unable | Ended]]"


def consume(name: str, work: Work, board: Board, tasks: Tasks, outcomes: Outcomes) -> None:
    """Take tasks and do them, one after another, until a `None` comes: the life of a worker process."""
    settle_in()
    try:
        performer = work.open()
    except Exception as error:
        outcomes.put(Unable(name, str(error)))
        return
    board.sit_down()
    outcomes.put(Ready(name))
    while (item := tasks.get()) is not None:
        number, task = item
        board.take(number)
        outcomes.put(Done(number, performer.perform(task, name)))
    tasks.put(None)  # pass it on to the next worker
    performer.close()


class Crew:
    """The worker processes of one role, and the two queues that they share."""

    def __init__(self, context: BaseContext, plan: Plan, role: Role) -> None:
        size, capacity = (plan.consumers, plan.capacity) if role is Role.DETAIL else (plan.producers, plan.producers)
        self.role = role
        self.flying: dict[int, Task] = {}
        self.ready = 0
        self.over = False
        with starting():  # these need semaphores, and so a place in which the system keeps such
            self.board = Board(context, size)
            self.tasks: Tasks = context.Queue(capacity)
            self.outcomes: Outcomes = context.Queue()
        self.tasks.cancel_join_thread()  # what is in it at the end is of no use to anyone, so nobody waits for it
        self.tasks._ignore_epipe = True  # type: ignore[attr-defined] # nor does the feeder complain of it
        self.outcomes._ignore_epipe = True  # type: ignore[attr-defined]
        self.workers: list[BaseProcess] = [
            context.Process(  # type: ignore[attr-defined]
                target=consume, args=(name, plan.work, self.board, self.tasks, self.outcomes), name=name, daemon=True
            )
            for name in (f"{role.value}-{n}" for n in range(size))
        ]
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Start the processes."""
        with starting():
            for worker in self.workers:
                worker.start()
        self.outcomes._writer.close()  # type: ignore[attr-defined] # so the last worker's end is the end of the pipe

    def listen(self, inbox: Inbox) -> None:
        """Start the threads that bring what the workers say, and that one of them has ended; once."""
        if not self._threads:
            self._threads = [Thread(target=job, args=(inbox,), daemon=True) for job in (self._read, self._watch)]
            with starting_threads():
                for thread in self._threads:
                    thread.start()

    def put(self, number: int, task: Task) -> bool:
        """Put a task in; the queue makes us wait while it is full. False if it still is after a while."""
        try:
            with starting_threads():  # the first one starts the queue's feeder
                self.tasks.put((number, task), timeout=LOOK)
        except Full:
            return False
        self.flying[number] = task
        return True

    def recall(self) -> list[Task]:
        """Take out what is in the queue, as far as no worker is at it just now."""
        tasks: list[Task] = []
        if self.over:
            return tasks
        try:
            while (item := self.tasks.get_nowait()) is not None:
                if (task := self.flying.pop(item[0], None)) is not None:  # else it was abandoned meanwhile
                    tasks.append(task)
        except Empty:
            pass
        return tasks

    def dismiss(self) -> None:
        """Put the end in, for the workers that are not in the middle of a page."""
        if self.over:
            return
        self.recall()
        with suppress(Full, RuntimeError):  # the queue's feeder is a thread, of which there may be too many
            self.tasks.put_nowait(None)

    def end(self) -> None:
        """Kill the processes, and let the threads read what had been written."""
        self.over = True
        end(self.workers)
        for thread in self._threads:
            thread.join(PARTING)
        self.tasks.close()
        self.outcomes.close()

    def _read(self, inbox: Inbox) -> None:
        """Read the outcomes until the last worker has closed its end."""
        try:
            while True:
                inbox.put((self, self.outcomes.get()))
        except (EOFError, OSError):  # an OSError: in the middle of a message
            return

    def _watch(self, inbox: Inbox) -> None:
        """Wait until the system says that one of the processes has ended."""
        wait([worker.sentinel for worker in self.workers])
        inbox.put((self, Ended()))


class ProcessQueueBackend(ProcessBackend):
    """Two crews of processes, each behind a queue."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._inbox: Inbox = SimpleQueue()
        self._crews: dict[Role, Crew] = {}
        self._numbers = count(1)

    @property
    def holds(self) -> Mapping[Role, int]:
        """A task a worker; and of detail tasks as many more as the queue has room for."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Start the producers and the consumers, and return when all are ready."""
        ways = context(self.plan.start_method, self.plan.preload)
        for role in (Role.LIST, Role.DETAIL):  # one after the other: a fork inherits every pipe that is open
            self._crews[role] = Crew(ways, self.plan, role)
            self._crews[role].start()
        self._await_readiness()

    def submit(self, task: Task) -> None:
        """Put a task into its crew's queue. Where there is no room for long, the crew does not work and is replaced."""
        looks = count(1)
        while not (crew := self._crews[task.role.crew]).put(next(self._numbers), task):
            if ended(crew.workers) or next(looks) % LOOKS == 0:
                self._late += self._replace(crew)

    def recall(self) -> Sequence[Task]:
        """Empty the queues."""
        return [task for crew in self._crews.values() for task in crew.recall()]

    def abandon(self, task: Task) -> None:
        """Kill the process that hangs in `task`; what follows is what follows any death, or where none has begun it."""
        for crew in self._crews.values():
            if write_off(task, crew.flying, crew.board.taken(), crew.workers):
                self._inbox.put((crew, Ended()))

    def stop(self) -> None:
        """Tell the workers that this is the end, and end those that do not hear it."""
        crews, self._crews = self._crews.values(), {}
        for crew in crews:
            crew.dismiss()
        end([worker for crew in crews for worker in crew.workers], PARTING)
        for crew in crews:
            crew.end()

    def _hear(self, timeout: float) -> Iterator[Outcome]:
        for crew, event in drain(self._inbox, timeout):
            yield from self._take_in(crew, event)

    def _take_in(self, crew: Crew, event: Done | Ready | Unable | Ended) -> Sequence[Outcome]:
        match event:
            case Done(number, outcome) if crew.flying.pop(number, None) is not None:
                return [outcome]
            case Ready():
                crew.ready += 1
            case Unable():
                raise BackendError(str(event))
            case Ended() if not crew.over:
                return self._replace(crew)
        return []

    def _replace(self, crew: Crew) -> list[Outcome]:
        """End a crew of which a process has died, put another in its place, and return what became of its tasks."""
        dead = ended(crew.workers)
        crew.end()
        outcomes = list(self._hear(0.0))
        if crew.ready < len(crew.workers):
            self._started_in_vain(f"worker {dead[0].name}")
        else:
            self._vain = 0
        lost, unbegun = sort_losses(crew.flying, crew.board.taken(), dead, names(crew.workers))
        self._crews[crew.role] = successor = Crew(
            context(self.plan.start_method, self.plan.preload), self.plan, crew.role
        )
        successor.start()
        self._await_readiness()
        for task in unbegun:
            self.submit(task)
        return outcomes + lost

    def _await_readiness(self) -> None:
        for crew in self._crews.values():
            crew.listen(self._inbox)
        self._listen_until(lambda: all(crew.ready == len(crew.workers) for crew in self._crews.values()))
