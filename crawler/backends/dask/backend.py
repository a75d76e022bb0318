"""Dask workers that hold many requests each: the processes of `sharded`, on any number of machines.

    coordinator ──Dask task: [url, url, …]──▶ scheduler ──▶ worker: a performer of many tasks ──▶ outcomes
                ◀──gather──────────────────── scheduler ◀──┘

What the primitive gives: a scheduler that knows which workers there are, on whatever machine, carries calls to them and
results back, and says at once when one is gone. What it costs: CPU for each call, in three processes.
So one call hands over many URLs and brings home all outcomes that there are (`worker.py`).

It only carries. Which worker gets a task is decided here, so that it is known what was lost with one. Each task has a
slot of its host's, as everywhere. At most `window` x `batch` tasks are with the workers, of which `consumers` are done
at once: the others wait there, so that nobody waits for the coordinator. At most PLACES calls a worker are under way,
one of which waits there for outcomes, and Dask tries none of them again by itself.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from distributed import CancelledError, LocalCluster
from distributed.scheduler import KilledWorker

from crawler.backends.base import Backend, BackendError, OutcomesFirst, Plan
from crawler.backends.children import START_LIMIT, Unable
from crawler.backends.dask.answers import Broken, Done, Ended, Unopened
from crawler.backends.dask.calls import Calls
from crawler.backends.dask.cluster import Connected
from crawler.backends.dask.hand import Hand
from crawler.backends.dask.local import LocalWorkers, open_local
from crawler.backends.dask.membership import Membership
from crawler.backends.dask.worker import leave
from crawler.model import WORKER_DIED, Outcome, Role, Task

PLACES = 2
"""Calls to one worker at once: one that waits there for outcomes, and one that brings it the next tasks."""


class DaskBackend(Backend):
    """A scheduler's workers, which hold many requests each."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._crawl = f"crawl-{uuid4().hex}"
        self._late: list[Outcome] = []
        self._first = OutcomesFirst()
        self._alone_since = 0.0
        self._workers: LocalWorkers | None = None
        self._scheduler: LocalCluster | None = None
        self._connected: Connected | None = None
        self._orphans = 0.0

    @property
    def holds(self) -> Mapping[Role, int]:
        """What the workers do at once; or what the window lets them have, of which some may wait there.

        A third of the window may be list pages. A worker does whatever it has, so where the last of them bring no more
        detail pages they must be enough to keep it busy: with three times in the window what is done at once, they are.
        """
        cluster, plan = self.plan.cluster, self.plan
        if not cluster.window:
            return {Role.LIST: plan.producers, Role.DETAIL: plan.consumers}
        held = cluster.window * cluster.batch
        lists = min(max(2 * plan.producers, held // 3), held - 1)
        return {Role.LIST: lists, Role.DETAIL: held - lists}

    def turns(self, crew: Role) -> float:  # noqa: ARG002 - a worker makes no difference between them
        """How often all that are done at once make room for others until all that is held is done."""
        return max(2.0, -(-sum(self.holds.values()) // (self.plan.producers + self.plan.consumers)))

    @property
    def orphans(self) -> float:
        """Until a performer that nobody visits has ended; 0 if all have been told to, or end with this process."""
        return self._orphans

    def start(self) -> None:
        """Connect to the scheduler and look its workers over; or start both here."""
        cluster = self.plan.cluster
        if cluster.scheduler:
            connected = self._connect(cluster.scheduler)
            self._orphans = self._members.grace
            for joined in connected.usable():
                self._members.hear(joined)
        else:
            self._workers, self._scheduler = open_local(self.plan)
            connected = self._connect(self._scheduler)
            number = len(self._workers.processes)
            self._await_local(connected, number)
            self.plan.say(f"no Dask scheduler: started one with {number} workers on this machine, for this crawl alone")

    def submit(self, task: Task) -> None:
        """Give the task to the worker that has least to do. It is sent when outcomes are next collected."""
        self._members.crew.submit(task)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Send what was submitted, and wait until a call comes home that brings outcomes.

        An error is raised by the next call if there are outcomes beside it.
        """
        late, self._late = self._late, []
        return self._first.take(late, self._gather(0.0 if late else timeout))

    def recall(self) -> Sequence[Task]:
        """Take back what has not been sent."""
        return self._members.crew.recall()

    def abandon(self, task: Task) -> None:
        """Write off the worker that does not come back with the task: it times requests out itself, so it hangs."""
        self._late += self._members.abandon(task)

    def stop(self) -> None:
        """Have the workers drop what they do, or end those that were started here."""
        connected, self._connected = self._connected, None
        if self._workers is not None:
            self._workers.stop()
        elif connected is not None and not connected.lost and self._tell_to_leave(connected):
            self._orphans = self._members.out_of_reach
        if connected is not None:
            connected.close()
        if self._scheduler is not None:
            self._scheduler.close(timeout=1.0)
        self._workers = self._scheduler = None

    def _connect(self, scheduler: "str | LocalCluster") -> Connected:
        """Connect to a scheduler; if it was started here, so were its workers."""
        cluster = self.plan.cluster
        self._connected = connected = Connected(scheduler, cluster, check=self._scheduler is None)
        self._calls = Calls(connected.client, self._crawl, self.plan)
        self._members = Membership(self.plan, self._calls, self._workers)
        return connected

    def _tell_to_leave(self, connected: Connected) -> bool:
        """Have the workers end what they do; return whether all of them have."""
        return connected.tell(self._members.within_reach, leave, self._crawl)

    # ---- the calls -----------------------------------------------------------------------------------------------

    def _gather(self, timeout: float) -> Iterator[Outcome]:
        """Send, and yield what comes home, until something has or the time is up."""
        deadline = time.monotonic() + timeout
        left, came = 0.0, False
        while True:
            for outcome in self._come_home(left):
                came = True
                yield outcome
            self._send()
            left = deadline - time.monotonic()
            if came or left <= 0:
                return

    def _come_home(self, timeout: float) -> Iterator[Outcome]:
        """Yield what calls have brought that come home within the time, and what is lost with workers that are gone."""
        home = self._calls.come_home(timeout)
        for hand, result in sorted(home, key=lambda its: not isinstance(its[1], Done)):  # what is no error first
            yield from self._take_in(hand, result)
        yield from self._hear()

    def _send(self) -> None:
        """Send each worker what it is to do; and see that someone waits there for what it has done."""
        load = self._members.crew.load
        assert load <= sum(self.holds.values()), f"{load} tasks are more than were asked for"
        free = self.plan.producers + self.plan.consumers - self._members.busy
        for hand, part in self._members.crew.parts():
            while _wants_visit(hand, part):
                room = free + hand.busy
                if room < 1:
                    break  # others are still at its part
                self._calls.make(hand, min(part, room))
                free = room - hand.busy

    def _take_in(self, hand: Hand, result: Any) -> list[Outcome]:
        """Return the outcomes that a call has brought; BackendError if it says that there can be none."""
        match result:
            case Done(messages, doing):
                found = [hand.done(message) for message in messages]
                hand.does(doing)
                lost = self._members.hear_answer(hand, len(messages))
                return [*lost, *(outcome for outcome in found if outcome is not None)]
            case Ended():
                return [*self._members.hear_answer(hand), *self._members.begin_anew(hand)]
            case Unopened(reason):
                lost = self._members.hear_answer(hand)
                self._members.leave_out(hand, reason)
                return lost
            case Broken(reason):
                raise BackendError(str(Unable(hand.name, reason)))
            case CancelledError():
                raise self._scheduler_lost()
            case KilledWorker():
                return self._members.lose(hand.address, WORKER_DIED)
        raise BackendError(f"worker {hand.name}: {type(result).__name__}: {' '.join(str(result).split())}")

    # ---- the workers ---------------------------------------------------------------------------------------------

    def _hear(self) -> list[Outcome]:
        """Take in which workers have come and gone; BackendError if the scheduler is, or all of them are."""
        assert self._connected is not None, "collect before start"
        outcomes = [outcome for event in self._connected.news() for outcome in self._members.hear(event)]
        if self._connected.lost:
            raise self._scheduler_lost()
        outcomes += self._members.overdue()
        if self._members.crew:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > self.plan.cluster.worker_timeout:
            raise BackendError(
                f"the Dask scheduler has had no worker for {self.plan.cluster.worker_timeout:g} s; "
                "the state is saved, --resume goes on"
            )
        return outcomes

    def _await_local(self, connected: Connected, number: int) -> None:
        """Wait until the workers that were started here have joined."""
        for joined in connected.examine():
            self._members.hear(joined)
        deadline = time.monotonic() + START_LIMIT
        while len(self._members.crew) < number:
            if time.monotonic() > deadline:
                raise BackendError(f"the Dask workers did not start within {START_LIMIT:.0f} s")
            for event in connected.news(timeout=0.2):
                self._members.hear(event)
            self._members.overdue()

    def _scheduler_lost(self) -> BackendError:
        assert self._connected is not None
        return BackendError(
            f"the connection to the Dask scheduler at {self._connected.address} is lost; "
            "the state is saved, --resume goes on with any backend"
        )


def _wants_visit(hand: Hand, part: int) -> bool:
    """Say whether a worker that is to do `part` tasks at once is to be visited now.

    Somebody must wait there for what it has done. A second visit sends the first one home before its time, with little:
    so it is made only where the worker may soon have nothing left to begin.
    """
    if not hand.calls:
        return bool(hand.tasks or hand.waiting)
    return bool(hand.waiting) and len(hand.calls) < PLACES and len(hand.tasks) < 2 * part
