"""A `multiprocessing.Pool` that is fed through `imap`, and a `Manager().Queue()` on which its workers say what they do.

    coordinator ──▶ stream ──imap──▶ ══ pickle, pipe ══▶ detail-2 … detail-n ══ pickle, pipe ══▶ results
                      ▲── "I have begun number 7" ◀── manager process: queue ◀──┘      (and the same for list-…)

What the primitives give: `imap` turns a stream of tasks into a stream of results, in the order of the tasks;
`imap_unordered` gives each as soon as it is there. Which one is `processes.ordered`: in order, one slow page holds back
all that were handed over after it to the same crew.

`imap` takes from its iterable whatever it can get, at once, and what is in the pool's pipe cannot be taken back. So the
stream gives one, and then waits until a worker says that it has begun it. It says so on a manager's queue: a plain
`multiprocessing.Queue` can be inherited by a process that starts, but not be sent to one that runs, as an argument of a
call is. A manager is a process that keeps the real queue, and what is sent is an address. That costs a round trip for
each use; in return nothing stays locked when one of those who use it is killed.

The older interface, and it shows: a worker that dies is replaced without a word, its task is lost, and `imap` waits for
ever. So the processes are watched here, and when one ends, its pool is given up as a whole and another one is opened.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from multiprocessing import TimeoutError as NotYet
from multiprocessing import active_children, current_process
from multiprocessing.connection import wait
from multiprocessing.managers import SyncManager
from multiprocessing.pool import IMapIterator
from multiprocessing.process import BaseProcess
from queue import Queue, SimpleQueue
from signal import SIG_IGN, SIGTERM, signal
from threading import Barrier, Thread
from typing import NamedTuple, TypeAlias

from crawler.backends.base import PARTING, BackendError, Plan, drain, starting_threads
from crawler.backends.children import (
    START_LIMIT,
    ProcessBackend,
    Unable,
    context,
    end,
    settle_in,
    starting,
    worker_name,
)
from crawler.backends.losses import sort_losses, write_off
from crawler.model import Outcome, Role, Task
from crawler.work.base import Performer, Work

LOOK = 1.0
"""Seconds that the next result is waited for before it is asked whether the pool is over."""


class Begun(NamedTuple):
    """What a worker says when it has taken a task."""

    pid: int
    number: int


class Done(NamedTuple):
    """What a worker returns for each task."""

    number: int
    outcome: Outcome


class Met(NamedTuple):
    """What a process returns when all are there: what is wrong with it, if anything is."""

    problem: str | None


class Ended(NamedTuple):
    """What the watch says when a process has ended; or that the crew is of no use any more."""


Notices: TypeAlias = "Queue[Begun | None]"
Inbox: TypeAlias = "SimpleQueue[tuple[Crew, Met | Done | Ended]]"

# Each worker process has its own of these.
_performer: Performer
_problem: str | None = None
_name: str
_notices: Notices


def _enter(role: Role, work: Work) -> None:
    """Run once in each new process: open what only this process will use."""
    global _performer, _problem, _name
    settle_in()
    _name = worker_name(role, current_process())
    try:
        _performer = work.open()
    except Exception as error:  # raised from here, it would make the pool start one process after another, for ever
        _problem = str(Unable(_name, str(error)))


def _manage() -> None:
    """Run once in each new manager process, which ends when it is told to, and takes its folder away then."""
    settle_in()
    signal(SIGTERM, SIG_IGN)


def _meet(all_here: Barrier, notices: Notices) -> Met:
    """Take the queue, and wait until every process is here, so that each is called once."""
    global _notices
    _notices = notices
    all_here.wait(START_LIMIT)
    return Met(_problem)


def _do(item: tuple[int, Task]) -> Done:
    number, task = item
    _notices.put(Begun(os.getpid(), number))
    return Done(number, _performer.perform(task, _name))


def _apart(call: Callable[[], None]) -> Thread | None:
    """Do what may wait for ever in a thread of its own; not at all where there are too many threads."""
    thread = Thread(target=call, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def _within(seconds: float, call: Callable[[], None]) -> bool:
    """Do it in a thread of its own; return whether it is done in that time."""
    thread = _apart(call)
    if thread is None:
        return False
    thread.join(seconds)
    return not thread.is_alive()


class Crew:
    """The workers of one role: a pool, its manager, and the threads that listen to them."""

    def __init__(self, plan: Plan, role: Role) -> None:
        self.role = role
        self.workers = plan.workers(role)
        self.flying: dict[int, Task] = {}
        self.taken: dict[int, int] = {}
        self.ready = 0
        self.over = False
        self._plan = plan
        self._others = set(active_children())
        self._waiting: SimpleQueue[tuple[int, Task] | None] = SimpleQueue()
        ways = context(plan.start_method, plan.preload)
        self._manager = SyncManager(ctx=ways)
        with starting():
            self._manager.start(_manage)
            self._pool = ways.Pool(self.workers, _enter, (role, plan.work))
        self.children = set(active_children()) - self._others
        self._notices: Notices | None = None
        self._results: IMapIterator[Done] | None = None

    def start(self, inbox: Inbox) -> None:
        """Call the processes together, open the stream, and listen."""
        with starting_threads():
            Thread(target=self._watch, args=(inbox,), daemon=True).start()
        if not _within(START_LIMIT, self._open_notices):
            raise BackendError(f"the manager process has not answered for {START_LIMIT:.0f} s")
        if self._notices is None:
            return
        for _ in range(self.workers):
            self._pool.apply_async(_meet, (self._all_here, self._notices), callback=lambda met: inbox.put((self, met)))
        imap = self._pool.imap if self._plan.ordered else self._pool.imap_unordered
        self._results = imap(_do, self._stream())
        with starting_threads():
            Thread(target=self._read, args=(inbox, LOOK), daemon=True).start()

    def put(self, number: int, task: Task) -> None:
        """Let a task wait for its turn in the stream."""
        self.flying[number] = task
        self._waiting.put((number, task))

    def recall(self) -> list[Task]:
        """Take back what has not gone into the stream."""
        return [self.flying.pop(item[0]) for item in drain(self._waiting, 0.0) if item is not None]

    def close(self) -> None:
        """End the stream, and wait for what is under way. A pool must be closed before it can be joined."""
        self._waiting.put(None)
        self._pool.close()
        self._pool.join()

    def end(self, inbox: Inbox, crews: Collection["Crew"]) -> list[BaseProcess]:
        """End the processes, and those by which the pool has replaced some; return those that had ended by themselves.

        Those of the others among `crews` are spared: they end in their own time, and a manager tidies up then.
        """
        self.over = True
        self._waiting.put(None)
        # It waits for a lock, which a killed worker may hold for ever, and for the manager.
        _within(PARTING, self._terminate)
        dead = [child for child in self.children if child.exitcode not in (None, -SIGTERM)]
        _within(PARTING, self._manager.shutdown)
        spared = self._others.union(*(crew.children for crew in crews if crew is not self))
        while left := set(active_children()) - spared:
            end(left)
        self._read(inbox, 0.0)
        return dead

    def _open_notices(self) -> None:
        with suppress(OSError, EOFError):  # the manager has ended already, as the watch is about to say
            self._all_here = self._manager.Barrier(self.workers)  # the manager keeps what someone still holds
            self._notices = self._manager.Queue()

    def _terminate(self) -> None:
        with suppress(OSError, EOFError):
            if self._notices is not None:
                self._notices.put(None)
        with suppress(OSError, EOFError):  # what it empties the pipe of asks the manager, which may be gone by then
            self._pool.terminate()

    def _stream(self) -> Iterator[tuple[int, Task]]:
        """What `imap` iterates over, in a thread of the pool's: one task at a time, the next when somebody has it."""
        with suppress(OSError, EOFError):  # the manager is gone
            while (item := self._waiting.get()) is not None:
                yield item
                assert self._notices is not None, "the stream is opened after them"
                if (begun := self._notices.get()) is not None:
                    self.taken[begun.pid] = begun.number

    def _read(self, inbox: Inbox, patience: float) -> None:
        """Bring the results, one after another, until there will be none, or until the pool is over and has no more."""
        while self._results is not None:
            try:
                inbox.put((self, self._results.next(patience)))
            except NotYet:
                if self.over:
                    return
            except StopIteration:
                return
            except Exception:  # noqa: S112 - a call that could not say what it does: the watch knows why
                continue

    def _watch(self, inbox: Inbox) -> None:
        wait([child.sentinel for child in self.children])
        inbox.put((self, Ended()))


class PoolManagerBackend(ProcessBackend):
    """Two crews of pooled processes: the producers and the consumers."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._inbox: Inbox = SimpleQueue()
        self._numbers = count(1)
        self._crews: dict[Role, Crew] = {}

    @property
    def holds(self) -> Mapping[Role, int]:
        """A task a worker; and of detail tasks `capacity` more, which wait for the stream."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Open the pools, and return when their processes are ready."""
        for role in (Role.DETAIL, Role.LIST):  # as only while there is one thread processes may be forked
            self._open(role)
        self._await_readiness()

    def submit(self, task: Task) -> None:
        """Put the task where its crew's stream takes it from."""
        self._crews[task.role.crew].put(next(self._numbers), task)

    def recall(self) -> Sequence[Task]:
        """Take back what has not gone into the streams."""
        return [task for crew in self._crews.values() for task in crew.recall()]

    def abandon(self, task: Task) -> None:
        """Kill the process that hangs in `task`; what follows is what follows any death, or where none has begun it."""
        crew = self._crews[task.role.crew]
        if write_off(task, crew.flying, dict(crew.taken), crew.children):
            self._inbox.put((crew, Ended()))

    def stop(self) -> None:
        """Close the pools, and end the processes that do not come to an end by themselves."""
        crews, self._crews = self._crews.values(), {}
        for crew in crews:
            crew.recall()
        closing = [_apart(crew.close) for crew in crews]
        deadline = time.monotonic() + PARTING
        for crew, thread in zip(crews, closing, strict=True):
            if thread is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
            crew.end(self._inbox, crews)

    def _hear(self, timeout: float) -> Iterator[Outcome]:
        for crew, event in drain(self._inbox, timeout):
            match event:
                case Met(None):
                    crew.ready += 1
                case Met(problem):
                    raise BackendError(problem)
                case Done(number, outcome) if crew.flying.pop(number, None) is not None:
                    yield outcome
                case Ended() if not crew.over:
                    yield from self._replace(crew)

    def _replace(self, crew: Crew) -> list[Outcome]:
        """Give up a pool of which a process has died or is stuck, open another, and return what became of its tasks."""
        dead = crew.end(self._inbox, self._crews.values())
        outcomes = list(self._hear(0.0))
        if crew.ready < crew.workers:
            self._started_in_vain("a process of the pool")
        names = {child.pid: worker_name(crew.role, child) for child in crew.children if child.pid is not None}
        lost, unbegun = sort_losses(crew.flying, crew.taken, dead, names)
        self._open(crew.role)
        self._await_readiness()
        for task in unbegun:
            self.submit(task)
        return outcomes + lost

    def _open(self, role: Role) -> None:
        self._crews[role] = crew = Crew(self.plan, role)
        crew.start(self._inbox)

    def _await_readiness(self) -> None:
        self._listen_until(lambda: all(crew.over or crew.ready == crew.workers for crew in self._crews.values()))
        self._vain = 0
