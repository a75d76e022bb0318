"""Several processes, each of which holds many requests: the event loop, once a core.

    coordinator ──[task, task, …]──▶ shard-0: a performer of many tasks ──[outcome, outcome, …]──▶ coordinator
                └─[task, …]────────▶ shard-1: another ────────────────────────────────────────────▶

What the primitive gives: one process waits for hundreds of answers as cheaply as `curl-multi` does, and as many of them
as there are cores read pages at the same time. `process-pool` needs a process a request instead; here `consumers` is
the number of requests in flight, spread over `processes`. What it costs is that each task and each outcome travels:
so they travel as plain values, as many in a message as there are.

A message is no batch of work: each task in it is begun at once and comes back by itself, so that the frontier's limits
on a host hold here as everywhere. A process that dies is noticed by the end of its socket; its tasks come back as
`worker-died`, and another process takes its place.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from crawler.backends.base import PARTING, BackendError, Plan
from crawler.backends.children import ProcessBackend, Unable, context, cores, end, settle_in, starting
from crawler.backends.link import Link
from crawler.backends.losses import died
from crawler.backends.plain import Plain, pack, pack_task, unpack, unpack_task
from crawler.model import Outcome, Task
from crawler.work.base import MultiPerformer, Work

IDLE = 3600.0
"""Seconds that a shard waits for a task before it looks whether it is wanted at all."""


class Shard:
    """A process as the coordinator sees it: what it is doing, and the link to it."""

    def __init__(self, name: str, slots: int, ways: BaseContext, work: Work) -> None:
        self.name = name
        self.ready = False
        self.tasks: dict[int, tuple[Task, str]] = {}
        """What it has, by number, and the name under which that is done."""
        self._free = [f"{name}.{slot}" for slot in reversed(range(slots))]
        self._numbers = 0
        self._outgoing: list[Plain] = []
        ours, theirs = socket.socketpair()
        self.link = Link(ours)
        self.process: BaseProcess = ways.Process(target=_work, args=(work, theirs), name=name, daemon=True)  # type: ignore[attr-defined]
        try:
            with starting():
                self.process.start()
        except BackendError:
            self.link.close()
            raise
        finally:
            theirs.close()  # this copy of it: the link ends when nobody holds its other end any more

    def add(self, task: Task) -> None:
        """Have the task sent with the next message."""
        name = self._free.pop()
        self._numbers += 1
        self.tasks[self._numbers] = (task, name)
        self._outgoing.append((self._numbers, name, *pack_task(task)))

    def send(self) -> None:
        """Send what has been added, as far as it fits."""
        if self._outgoing:
            self.link.send(self._outgoing)
            self._outgoing = []

    def receive(self) -> list[Outcome]:
        """Return the outcomes that have come.

        Raises:
            BackendError: it cannot work.
            EOFError: the process is gone.
        """
        outcomes = []
        for message in self.link.receive():
            if isinstance(message, str):
                raise BackendError(str(Unable(self.name, message)))
            self.ready = True
            for number, *values in message:
                task, name = self.tasks.pop(number)
                self._free.append(name)
                outcomes.append(unpack(task, name, values))
        return outcomes


class ShardedBackend(ProcessBackend):
    """Processes that hold many requests each."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._selector = DefaultSelector()
        self._shards: list[Shard] = []
        self._started = 0

    def start(self) -> None:
        """Start the processes, and return when all are ready."""
        for _ in range(min(self.plan.processes or cores(), self.plan.consumers)):
            self._start_shard()
        self._listen_until(lambda: all(shard.ready for shard in self._shards))

    def submit(self, task: Task) -> None:
        """Give the task to the process that has least to do. It is sent when outcomes are next collected."""
        min(self._shards, key=lambda shard: len(shard.tasks)).add(task)

    def abandon(self, task: Task) -> None:
        """Kill the process that does not come back with the task: it times requests out itself, so it hangs."""
        for shard in self._shards:
            if any(task == its for its, _ in shard.tasks.values()):
                shard.process.kill()

    def stop(self) -> None:
        """Tell the processes that this is the end, and end those that do not hear it."""
        shards, self._shards = self._shards, []
        for shard in shards:
            shard.link.send(None)
        end([shard.process for shard in shards], PARTING)
        for shard in shards:
            shard.link.close()
        self._selector.close()

    def _hear(self, timeout: float) -> Iterator[Outcome]:
        """Send what was submitted, wait until some process has something to say, and yield what it says."""
        for shard in self._shards:
            shard.send()
            self._selector.modify(shard.link, EVENT_READ | (EVENT_WRITE if shard.link.unsent else 0), shard)
        for key, events in self._selector.select(timeout):
            shard = key.data
            if events & EVENT_WRITE:
                shard.link.flush()
            if events & EVENT_READ:
                yield from self._listen(shard)

    def _listen(self, shard: Shard) -> list[Outcome]:
        try:
            outcomes = shard.receive()
        except EOFError:
            return self._replace(shard)
        self._vain = 0
        return outcomes

    def _start_shard(self) -> None:
        shard = Shard(
            f"shard-{self._started}",
            sum(self.holds.values()),
            context(self.plan.start_method, self.plan.preload),
            self.plan.work,
        )
        self._started += 1
        self._shards.append(shard)
        self._selector.register(shard.link, EVENT_READ, shard)

    def _replace(self, shard: Shard) -> list[Outcome]:
        """Put another process in the place of one that has ended; return what became of its tasks."""
        self._selector.unregister(shard.link)
        self._shards.remove(shard)
        shard.link.close()
        end([shard.process], PARTING)
        if not shard.ready:
            self._started_in_vain(f"worker {shard.name}")
        self._start_shard()
        return [died(task, name, shard.process) for task, name in shard.tasks.values()]


def _work(work: Work, end: socket.socket) -> None:
    """Be a shard: this runs in the new process."""
    settle_in()
    link = Link(end)
    try:
        performer = work.open_multi()
    except Exception as error:
        link.send(str(error) or type(error).__name__)
        link.drain()
        return
    performer.watch(link.fileno())
    link.send([])
    with suppress(EOFError):  # the coordinator is gone
        _serve(performer, link)
    performer.close()


def _serve(performer: MultiPerformer, link: Link) -> None:
    """Begin what comes and send back what is done, until a `None` comes."""
    numbers: dict[Task, int] = {}
    while True:
        for message in link.receive():
            if message is None:
                return
            for number, name, *values in message:
                task = unpack_task(values)
                numbers[task] = number
                performer.begin(task, name)
        if outcomes := performer.poll(IDLE):
            link.send([(numbers.pop(outcome.task), *pack(outcome)) for outcome in outcomes])
            link.drain()
