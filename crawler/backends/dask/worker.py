"""What runs in a Dask worker: a performer of many tasks in a thread of its own, and the calls that visit it.

    visit: tasks ──▶ [ to do ] ──▶ performer: begin … poll … begin …      (one thread a worker and crawl)
             ◀── [ done ] ◀──┘

A Dask task ends before its result travels, and a crawl's requests end when they please. So the requests do not live in
Dask tasks: a Dask task is a visit, which leaves what is to be begun, waits until something is done, and takes it home.
One slow page holds up none of those that were handed over with it. What is more than a worker may do at once waits
there, so that the next request need not wait for a visit.

A performer that nobody visits any more belongs to a crawl that is no more, and ends with all that it was doing. If the
crawl is there after all, as when the scheduler was paused, its next visit is told so, and another performer is opened
for the next epoch: so what was lost is known. A performer also ends with its worker, which says so: before it does,
nothing of what is under way there is to be tried elsewhere.
"""

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from distributed import Status, Worker, WorkerPlugin, get_worker

from crawler.backends.dask.answers import Answer, Broken, Done, Ended, Message, Unopened
from crawler.backends.plain import Plain, pack, unpack_task
from crawler.model import Role, Task
from crawler.work.base import MultiPerformer, Work

LINGER = 0.01
"""Seconds that a visit which could go home waits for more to be done, so that fewer of them are needed;"""
LINGER_LONG = 0.03
"""and seconds that it waits where more is to be done than is done at once, so that no place is idle meanwhile."""
FAREWELL = 0.5
"""Seconds that whoever ends a performer waits for its connections to be closed; and that a worker has to say so."""

DROPPED = "crawler-dropped"
"""What a worker tells the scheduler's clients when it closes: that all that it was doing for crawls has ended."""


class Bench(threading.Thread):
    """A performer, and what it has to do for one crawl."""

    def __init__(self, work: Work, patience: float, epoch: int = 0) -> None:
        """Start it; it ends when nobody has visited it for `patience` seconds, and its epoch with it."""
        super().__init__(name="bench", daemon=True)
        self.epoch = epoch
        self._work = work
        self._patience = patience
        self._changed = threading.Condition()
        self._todo: deque[tuple[Plain, str, Task]] = deque()
        self._at_once = 1
        self._done: list[Message] = []
        self._in_hand = 0
        """Tasks that are here and whose outcomes have not been taken home."""
        self._visits = 0
        self._visited_at = time.monotonic()
        self._last_word: Ended | Unopened | Broken = Ended()
        self.over = False
        self._wake, self._bell = socket.socketpair()
        self._wake.setblocking(False)
        self._bell.setblocking(False)
        self.start()

    def visit(self, tasks: Sequence[Message], at_once: int, wait: float) -> Answer:
        """Leave tasks, and return all that is done; or that nothing more will be.

        Waits at most `wait` seconds for the first, and no longer than until the next visit. Of all tasks that were
        left, at most `at_once` are done at the same time.
        """
        done = self._exchange(tasks, at_once, wait)
        if done.outcomes or not self.over:
            return done
        self.join(FAREWELL)  # then its requests have ended too
        return self._last_word

    def _exchange(self, tasks: Sequence[Message], at_once: int, wait: float) -> Done:
        with self._changed:
            self.over = self.over or self._left() <= 0  # its thread may have slept as long, and not seen it yet
            self._visits += 1
            number = self._visits
            self._visited_at = time.monotonic()
            for label, name, *values in tasks:
                self._put(label, str(name), unpack_task(values))
            self._at_once = at_once
            self._in_hand += len(tasks)
            self._changed.notify_all()
            self.ring()
            self._changed.wait_for(lambda: self._done or self.over or self._visits != number, wait)
            if self._done:
                self._changed.wait_for(
                    lambda: len(self._done) == self._in_hand or self.over or self._visits != number,
                    LINGER_LONG if self._todo else LINGER,
                )
            self._visited_at = time.monotonic()
            done, self._done = self._done, []
            self._in_hand -= len(done)
            return Done(done, self._in_hand - len(self._todo))

    def _put(self, number: Plain, name: str, task: Task) -> None:
        """Put a task with those that are to be done; a list page first, since what it brings keeps the others busy."""
        put = self._todo.append if task.role is Role.DETAIL else self._todo.appendleft
        put((number, name, task))

    def leave(self) -> None:
        """Have the thread end, and wait a moment until it has."""
        self.end()
        self.join(FAREWELL)

    def _left(self) -> float:
        """Return for how many seconds it goes on without a visit."""
        return self._visited_at + self._patience - time.monotonic()

    def end(self) -> None:
        """Leave everything where it is, and have the thread end."""
        with self._changed:
            self.over = True
            self._changed.notify_all()
        self.ring()

    def ring(self) -> None:
        """Have the performer look what there is to do."""
        with suppress(OSError):  # it has been rung already, or is gone
            self._wake.send(b"!")

    def run(self) -> None:
        """Do what there is to do, until nobody asks for it any more."""
        self._last_word = self._perform()
        self.end()
        self._wake.close()
        self._bell.close()

    def _perform(self) -> Ended | Unopened | Broken:
        """Do it; return what is to be said to whoever comes later, or they would wait in vain."""
        try:
            performer = self._work.open_multi()
        except Exception as error:
            return Unopened(str(error) or type(error).__name__)
        try:
            performer.watch(self._bell.fileno())
            self._serve(performer)
            performer.close()
        except Exception as error:
            return Broken(str(error) or type(error).__name__)
        return Ended()

    def _serve(self, performer: MultiPerformer) -> None:
        numbers: dict[Task, Plain] = {}
        while True:
            with suppress(BlockingIOError):
                self._bell.recv(4096)  # before one looks what it was rung for, or that would be missed
            left = self._left()
            if self.over or left <= 0:
                return
            with self._changed:
                room = max(0, self._at_once - len(numbers))
                todo = [self._todo.popleft() for _ in range(min(room, len(self._todo)))]
            for number, name, task in todo:
                numbers[task] = number
                performer.begin(task, name)
            outcomes = performer.poll(left)
            done: list[Message] = [(numbers.pop(outcome.task), *pack(outcome)) for outcome in outcomes]
            if done:
                with self._changed:
                    self._done += done
                    self._changed.notify_all()


_benches: dict[str, Bench] = {}
"""This worker's, by crawl."""
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Visit:
    """A call to a worker: hands tasks to its performer for a crawl, and brings home what is done.

    As one object, it is pickled as a whole; Dask looks through the arguments of a call for what it could resolve.
    """

    crawl: str
    """Whose tasks they are: a name that no other crawl has."""
    epoch: int
    """Of that crawl at this worker: each has one performer, and ends with it."""
    work: Work
    tasks: Sequence[Message]
    at_once: int
    """Tasks that are done there at the same time, at most."""
    wait: float
    """Seconds to wait for the first outcome."""
    patience: float
    """Seconds after which a performer that nobody visits ends."""

    def __call__(self) -> Answer:
        """Do it, in the worker; return what is done, or that nothing more will be."""
        with _lock:
            bench = before = _benches.get(self.crawl)
            if bench is None or bench.epoch < self.epoch:
                if not _end_with_worker():
                    return Done([])
                bench = _benches[self.crawl] = Bench(self.work, self.patience, self.epoch)
        if bench.epoch != self.epoch:
            return Ended()
        if before is not None and before is not bench:
            before.leave()
        return bench.visit(self.tasks, self.at_once, self.wait)


def leave(crawl: str) -> None:
    """End this worker's performer for a crawl, if it has one, and wait a moment until it has."""
    with _lock:
        bench = _benches.pop(crawl, None)
    if bench is not None:
        bench.leave()


class Farewell(WorkerPlugin):
    """Ends all performers of a worker that closes, as one does that is asked to, or whose scheduler is gone."""

    name = "crawler"

    async def teardown(self, worker: Worker) -> None:
        """Do it, and say so: where a worker is asked to go, the scheduler has taken it off its list before that."""
        for crawl in await asyncio.to_thread(_crawls):
            await asyncio.to_thread(leave, crawl)
        told = worker.scheduler.log_event(topic="all", msg={"action": DROPPED, "worker": worker.address})
        with suppress(OSError, TimeoutError):  # the scheduler is gone, and with it whoever could want to know
            await asyncio.wait_for(told, FAREWELL)


def _crawls() -> tuple[str, ...]:
    """Return the crawls that this worker has performers of; waits for a visit that is about to open one."""
    with _lock:
        return tuple(_benches)


def _end_with_worker() -> bool:
    """Have the performers end when the worker closes whose thread this is; return whether there may be any."""
    try:
        worker = get_worker()
    except ValueError:  # it is a test's
        return True
    if Farewell.name not in worker.plugins:
        worker.loop.add_callback(worker.plugin_add, Farewell(), name=Farewell.name)
    return worker.status is Status.running
