"""What the channel backends share: threads that take tasks out of a bounded hand-off, a hand-off a role.

    coordinator ──put──▶ [ list hand-off ] ──get──▶ list-0 …              (the producers)   ──▶ outcomes
                └─put──▶ [ detail hand-off, ≤ capacity ] ──get──▶ detail-0 … detail-n (the consumers) ──▶ outcomes

Workers only take. A list page's links come back as an outcome and are handed over by the coordinator, so no consumer
ever waits to put into a buffer that only consumers empty.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from threading import Thread

from crawler.backends.base import PARTING, UNWATCHED, Backend, BackendError, Outbox, Plan, Watch, starting_threads
from crawler.model import Outcome, Role, Task
from crawler.work.base import Work


class Closed(Exception):  # noqa: N818 - an end, not an error
    """Nothing more will come out of a hand-off."""


class Handoff(ABC):
    """A bounded buffer of tasks between the coordinator and the workers of one role."""

    def __init__(self, capacity: int, watch: Watch = UNWATCHED) -> None:
        self._capacity = capacity
        self._watch = watch

    @abstractmethod
    def put(self, task: Task) -> None:
        """Leave a task; wait while `capacity` of them are waiting."""

    @abstractmethod
    def get(self) -> Task:
        """Take the oldest task; wait while there is none; raise Closed when there will be none."""

    @abstractmethod
    def recall(self) -> list[Task]:
        """Take back every task that no worker has taken."""

    @abstractmethod
    def close(self, workers: int) -> None:
        """Make `get` raise Closed, for each of `workers` that wait in it or will."""


class Worker(Thread):
    """Takes tasks and does them, one after another, until the hand-off closes.

    A thread by subclass, as it has something to remember: what it is doing. It is a daemon, since a thread cannot be
    killed: one that hangs must not keep the program from ending.
    """

    def __init__(self, name: str, role: Role, handoff: Handoff, outbox: Outbox, work: Work) -> None:
        super().__init__(name=name, daemon=True)
        self.role = role
        self.task: Task | None = None
        self.dismissed = False
        self._handoff = handoff
        self._outbox = outbox
        self._work = work

    def run(self) -> None:
        """Work. What goes wrong with a page is an outcome; what comes out of here as an error ends the crawl."""
        try:
            performer = self._work.open()
            try:
                while not self.dismissed:
                    self.task = self._handoff.get()
                    self._outbox.put(performer.perform(self.task, self.name))
                    self.task = None
            finally:
                performer.close()
        except Closed:
            return
        except Exception as error:
            self._outbox.put(BackendError(f"worker {self.name} cannot work: {error}"))


class ChannelBackend(Backend):
    """Threads behind hand-offs. A backend of this kind says which hand-off, and that is all."""

    handoff: type[Handoff]

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._outbox = Outbox()
        self._workers: list[Worker] = []
        self._hired = {Role.LIST: 0, Role.DETAIL: 0}
        capacities = {Role.LIST: plan.producers, Role.DETAIL: plan.capacity}
        self._handoffs = {role: self.handoff(capacity, plan.watch) for role, capacity in capacities.items()}

    @property
    def holds(self) -> Mapping[Role, int]:
        """A task a worker; and of detail tasks as many more as the hand-off has room for."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Start the producers and the consumers."""
        for role, number in ((Role.LIST, self.plan.producers), (Role.DETAIL, self.plan.consumers)):
            for _ in range(number):
                self._hire(role)

    def submit(self, task: Task) -> None:
        """Put a task into its crew's hand-off."""
        self._handoffs[task.role.crew].put(task)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Take what the workers have left."""
        return self._outbox.take(timeout)

    def recall(self) -> Sequence[Task]:
        """Empty the hand-offs."""
        return [task for handoff in self._handoffs.values() for task in handoff.recall()]

    def abandon(self, task: Task) -> None:
        """Let the worker that hangs in `task` go when it comes back, and hire another."""
        for worker in self._workers:
            if worker.task == task:
                worker.dismissed = True
                self._workers.remove(worker)
                self._hire(worker.role)
                return

    def stop(self) -> None:
        """Close the hand-offs and wait for the workers, but not for long."""
        for role, handoff in self._handoffs.items():
            handoff.close(sum(worker.role is role for worker in self._workers))
        deadline = time.monotonic() + PARTING
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        self._workers.clear()

    def _hire(self, role: Role) -> None:
        worker = Worker(f"{role.value}-{self._hired[role]}", role, self._handoffs[role], self._outbox, self.plan.work)
        self._hired[role] += 1
        with starting_threads():
            worker.start()
        self._workers.append(worker)
