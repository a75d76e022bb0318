"""Dask workers that hold many requests each: the processes of `sharded`, on any number of machines.

    coordinator ──Dask task: [url, url, …]──▶ scheduler ──▶ worker: a performer of many tasks ──▶ outcomes
                ◀──as_completed────────────── scheduler ◀──┘

What the primitive gives: a scheduler that knows which workers there are, on whatever machine, carries calls to them and
results back, and says at once when one is gone. What it costs: CPU for each call, in three processes.
So one call hands over many URLs and brings home all outcomes that there are (`worker.py`).

It only carries. Which worker gets a task is decided here, so that it is known what was lost with one. Each task has a
slot of its host's, as everywhere. At most `window` x `batch` tasks are with the workers, of which `consumers` are done
at once: the others wait there, so that nobody waits for the coordinator. At most PLACES calls a worker are under way,
one of which waits there for outcomes, and Dask tries none of them again by itself.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from distributed import CancelledError, LocalCluster
from distributed.scheduler import KilledWorker

from crawler.backends.base import Backend, BackendError, Plan
from crawler.backends.children import PARTING, START_LIMIT, TRIES, Unable, how_it_ended
from crawler.backends.dask.calls import VISIT, Calls
from crawler.backends.dask.cluster import Connected, Dropped, Joined, Left
from crawler.backends.dask.crew import Crew
from crawler.backends.dask.hand import Hand
from crawler.backends.dask.leaving import Leaving
from crawler.backends.dask.local import LocalWorkers, open_local
from crawler.backends.dask.worker import Ended, leave
from crawler.model import WORKER_DIED, WORKER_STOPPED, Outcome, Role, Task

PLACES = 2
"""Calls to one worker at once: one that waits there for outcomes, and one that brings it the next tasks."""


class DaskBackend(Backend):
    """A scheduler's workers, which hold many requests each."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._crawl = f"crawl-{uuid4().hex}"
        self._crew = Crew()
        self._leaving = Leaving()
        self._late: list[Outcome] = []
        self._alone_since = 0.0
        self._vain = 0
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
            self._connected = Connected(cluster.scheduler, cluster)
            self._orphans = cluster.orphan_timeout + VISIT + PARTING
            self._calls = Calls(self._connected.client, self._crawl, self.plan)
            for joined in self._connected.usable():
                self._welcome(joined)
        else:
            self._workers, self._scheduler = open_local(self.plan)
            self._connected = Connected(self._scheduler, cluster, check=False)
            self._calls = Calls(self._connected.client, self._crawl, self.plan)
            number = len(self._workers.processes)
            self._await_local(self._connected, number)
            self.plan.say(f"no Dask scheduler: started one with {number} workers on this machine, for this crawl alone")

    def submit(self, task: Task) -> None:
        """Give the task to the worker that has least to do. It is sent when outcomes are next collected."""
        self._crew.submit(task)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Send what was submitted, and wait until a call comes home that brings outcomes."""
        deadline = time.monotonic() + timeout
        outcomes, self._late = self._late, []
        left = 0.0
        while True:
            for hand, result in self._calls.come_home(left):
                outcomes += self._take_in(hand, result)
            outcomes += self._hear()
            self._send()
            left = deadline - time.monotonic()
            if outcomes or left <= 0:
                return outcomes

    def recall(self) -> Sequence[Task]:
        """Take back what has not been sent."""
        return self._crew.recall()

    def abandon(self, task: Task) -> None:
        """Part with the worker that does not come back with the task: it times requests out itself, so it hangs."""
        for hand in self._crew:
            if any(task == its for its, _ in hand.tasks.values()):
                self._late += self._part_with(hand, WORKER_STOPPED, "was given up, since it did not come back")
                if self._workers is not None:
                    self._workers.kill(hand.name)

    def stop(self) -> None:
        """Have the workers drop what they do, or end those that were started here."""
        connected, self._connected = self._connected, None
        if self._workers is not None:
            self._workers.stop()
        elif connected is not None and not connected.lost and connected.tell(self._crew.addresses, leave, self._crawl):
            self._orphans = self._leaving.longest
        if connected is not None:
            connected.close()
        if self._scheduler is not None:
            self._scheduler.close(timeout=1.0)
        self._workers = self._scheduler = None

    # ---- the calls -----------------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Send each worker what it is to do; and see that someone waits there for what it has done."""
        load = self._crew.load
        assert load <= sum(self.holds.values()), f"{load} tasks are more than were asked for"
        at_once = -(-(self.plan.producers + self.plan.consumers) // max(1, len(self._crew)))
        for hand in self._crew:
            while hand.waiting and len(hand.calls) < PLACES:
                self._calls.make(hand, at_once)
            if hand.tasks and not hand.calls:
                self._calls.make(hand, at_once)

    def _take_in(self, hand: Hand, result: Any) -> list[Outcome]:
        """Return the outcomes that a call has brought; BackendError if it says that there can be none."""
        if isinstance(result, str):
            raise BackendError(str(Unable(hand.name, result)))
        if isinstance(result, list):
            found = [hand.done(number, values) for number, *values in result]
            self._vain = 0
            return [outcome for outcome in found if outcome is not None]
        if isinstance(result, Ended):
            return self._begin_anew(hand)
        if isinstance(result, CancelledError):
            raise self._scheduler_lost()
        error = result[1]
        if isinstance(error, KilledWorker):
            return self._lose(hand.address, WORKER_DIED)
        raise BackendError(f"worker {hand.name}: {type(error).__name__}: {' '.join(str(error).split())}")

    def _begin_anew(self, hand: Hand) -> list[Outcome]:
        """Take in that a worker has dropped what it had, and go on with it; return what became of that."""
        self._calls.forget(hand)
        hand.epoch += 1
        return hand.lose(WORKER_STOPPED, "was not visited in time, and dropped all")

    # ---- the workers ---------------------------------------------------------------------------------------------

    def _hear(self) -> list[Outcome]:
        """Take in which workers have come and gone; BackendError if the scheduler is, or all of them are."""
        assert self._connected is not None, "collect before start"
        outcomes: list[Outcome] = []
        for event in self._connected.news():
            match event:
                case Joined():
                    self._welcome(event)
                case Left(address, expected=True):
                    outcomes += self._see_off(address)
                case Left(address):
                    outcomes += self._lose(address, WORKER_DIED)
                case Dropped(address) if address in self._leaving:
                    outcomes += self._leaving.dropped(address)
                case Dropped(address):
                    outcomes += self._lose(address, WORKER_STOPPED)
        if self._connected.lost:
            raise self._scheduler_lost()
        outcomes += self._replace_dead()
        outcomes += self._leaving.overdue()
        if self._crew:
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
            self._welcome(joined)
        deadline = time.monotonic() + START_LIMIT
        while len(self._crew) < number:
            if time.monotonic() > deadline:
                raise BackendError(f"the Dask workers did not start within {START_LIMIT:.0f} s")
            for event in connected.news(timeout=0.2):
                if isinstance(event, Joined):
                    self._welcome(event)
            self._replace_dead()

    def _welcome(self, joined: Joined) -> None:
        """Give a worker its share of the work, unless it has a problem."""
        if joined.problem:
            self.plan.say(f"worker {joined.name} gets nothing to do: it {joined.problem}")
            return
        if self._crew.get(joined.address) is None:
            self._crew.join(Hand(joined.address, joined.name, sum(self.holds.values())))

    def _replace_dead(self) -> list[Outcome]:
        """Start a worker for each that was started here and has ended; return what became of its tasks."""
        outcomes: list[Outcome] = []
        if self._workers is None:
            return outcomes
        for name, child in self._workers.dead().items():
            hand = next((hand for hand in self._crew if hand.name == name), None)
            if hand is not None:
                outcomes += self._part_with(hand, WORKER_DIED, how_it_ended(child))
            else:
                self._vain += 1
                if self._vain > TRIES:
                    raise BackendError(f"worker {name} ended before it could work, {TRIES + 1} times in a row")
            self._workers.start_one()
        return outcomes

    def _lose(self, address: str, kind: str) -> list[Outcome]:
        """Take in that a worker has ended, with all that it was doing; return what became of its tasks."""
        hand = self._crew.get(address)
        if hand is None:
            return []
        if self._workers is not None and hand.name in self._workers.processes:
            self._workers.kill(hand.name)
            self._workers.processes[hand.name].join(START_LIMIT)
            return self._replace_dead()
        return self._part_with(hand, kind, "is gone")

    def _see_off(self, address: str) -> list[Outcome]:
        """Take in that a worker was asked to go, and is off the scheduler's list."""
        hand = self._crew.get(address)
        if hand is None or self._workers is not None:
            return self._lose(address, WORKER_STOPPED)
        self._dismiss(hand)
        self._leaving.add(hand, self._orphans)
        return []

    def _part_with(self, hand: Hand, kind: str, how: str) -> list[Outcome]:
        """Have nothing more to do with a worker; return what became of what it had been sent."""
        self._dismiss(hand)
        return hand.lose(kind, how)

    def _dismiss(self, hand: Hand) -> None:
        """Have nothing more to do with a worker; others get what it had not been sent."""
        self._calls.forget(hand)
        self._crew.part(hand)

    def _scheduler_lost(self) -> BackendError:
        assert self._connected is not None
        return BackendError(
            f"the connection to the Dask scheduler at {self._connected.address} is lost; "
            "the state is saved, --resume goes on with any backend"
        )
