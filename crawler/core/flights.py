"""The tasks in flight, and their leases: what makes a crawl end even when a worker hangs.

A task that is handed to a backend must come back before its lease runs out. If it does not, it is overdue: the frontier
counts it as failed, and whatever comes back for it later is ignored. Its host's slot stays taken until it does come
back, or a second lease has passed, since the request may still be under way.
"""

import heapq
from collections.abc import Mapping
from itertools import count
from typing import NamedTuple

from crawler.model import Role, Task

SPARE_DEADLINES = 1_000
"""Deadlines of tasks that have landed which may be kept, besides as many again as there are others."""


class _Flight(NamedTuple):
    ticket: int
    since: float


class Flights:
    """What is in flight, with the time by which each must be back."""

    def __init__(self, leases: Mapping[Role, float]) -> None:
        self._leases = leases
        self._current: dict[Task, _Flight] = {}
        self._overdue: dict[Task, int] = {}
        self._deadlines: list[tuple[float, int, Task]] = []
        self._ticket = count()
        self.flying = {Role.LIST: 0, Role.DETAIL: 0}
        """How many tasks of each crew are in flight."""

    def __len__(self) -> int:
        return len(self._current)

    def __contains__(self, task: object) -> bool:
        return task in self._current

    def start(self, task: Task, now: float) -> None:
        """Note that `task` is handed over at `now`."""
        self._current[task] = _Flight(self._set_deadline(task, now), now)
        self.flying[task.role.crew] += 1

    def land(self, task: Task) -> float | None:
        """Take `task` out of the flights; return when it was handed over.

        None if it is not in flight, as when it is overdue or was never sent.
        """
        flight = self._current.pop(task, None)
        if flight is None:
            return None
        self.flying[task.role.crew] -= 1
        if len(self._deadlines) > SPARE_DEADLINES + 2 * (len(self._current) + len(self._overdue)):
            self._forget_deadlines()
        return flight.since

    def forget(self, task: Task) -> bool:
        """Note that an overdue task has come back after all; False if it was not awaited."""
        return self._overdue.pop(task, None) is not None

    def expire(self, now: float) -> tuple[list[Task], list[Task]]:
        """Return the tasks that are overdue since the last call, and those whose second lease has passed too."""
        late: list[Task] = []
        lost: list[Task] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, ticket, task = heapq.heappop(self._deadlines)
            if self._ticket_of(task) == ticket:
                self.land(task)
                self._overdue[task] = self._set_deadline(task, now)
                late.append(task)
            elif self._overdue.get(task) == ticket:
                del self._overdue[task]
                lost.append(task)
        return late, lost

    def next_deadline(self) -> float | None:
        """Return the earliest time at which a lease runs out, or None. It may be that of a task that has landed."""
        while self._deadlines:
            deadline, ticket, task = self._deadlines[0]
            if ticket in (self._ticket_of(task), self._overdue.get(task)):
                return deadline
            heapq.heappop(self._deadlines)
        return None

    def _forget_deadlines(self) -> None:
        """Drop the deadlines of tasks that have landed: behind one that takes its time they would pile up."""
        alive = {*(flight.ticket for flight in self._current.values()), *self._overdue.values()}
        self._deadlines = [entry for entry in self._deadlines if entry[1] in alive]
        heapq.heapify(self._deadlines)

    def _ticket_of(self, task: Task) -> int | None:
        flight = self._current.get(task)
        return None if flight is None else flight.ticket

    def _set_deadline(self, task: Task, now: float) -> int:
        ticket = next(self._ticket)
        heapq.heappush(self._deadlines, (now + self._leases[task.role.crew], ticket, task))
        return ticket
