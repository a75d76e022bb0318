"""The URLs that wait to be fetched, kept per host, and whose turn it is.

    add ──▶ host a: [list][detail][robots] ─┐
            host b: [list][detail][robots] ─┼─▶ a ring a role of the hosts that may be asked now ──▶ pop
            host c: …   (resting until t)  ─┘     taken in turn, so that one slow host starves no other

A host is in a role's ring while it has a task of that role and its gate lets one through. A host that is full comes
back when a slot is freed; one that rests comes back when its time has come.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count
from math import inf

from crawler.core.backlog import Backlog, Shelf
from crawler.core.politeness import Gate, HostRules
from crawler.model import Role, Task
from crawler.urls import host as host_of


class _Host:
    __slots__ = ("gate", "pending", "ringed", "wakes_at")

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.pending: dict[Role, Backlog] = {}
        self.ringed: set[Role] = set()
        self.wakes_at = inf


class HostQueues:
    """Pending tasks by host and role, handed out host by host as politeness allows."""

    def __init__(self, rules: HostRules, shelf: Shelf | None = None) -> None:
        """Treat hosts by `rules`; keep on `shelf` what a host has too much of."""
        self._rules = rules
        self._shelf = shelf or Shelf()
        self._hosts: dict[str, _Host] = {}
        self._busy: dict[_Host, None] = {}
        """The hosts that have anything pending, in the order in which they came to."""
        self._rings: dict[Role, deque[_Host]] = {role: deque() for role in Role}
        self._sleepers: list[tuple[float, int, _Host]] = []
        self._ticket = count()
        self.waiting: dict[Role, int] = dict.fromkeys(Role, 0)
        """How many tasks of each role are pending."""

    def gate(self, host: str) -> Gate:
        """Return the gate of a host."""
        return self._host(host).gate

    def add(self, task: Task, number: int | None = None) -> None:
        """Let a task wait for its turn: behind the others of its host and role, or before them if it has no number.

        Args:
            number: its place among all that the crawl took up; see `Backlog`.
        """
        host = self._host(host_of(task.url))
        pending = host.pending.get(task.role)
        if pending is None:
            pending = host.pending[task.role] = Backlog(self._shelf)
        if number is None:
            pending.put_first(task)
        else:
            pending.append(task, number)
        self.waiting[task.role] += 1
        self._busy[host] = None
        if task.role not in host.ringed:
            self._enter_ring(host, task.role)

    def pop(self, role: Role, now: float) -> Task | None:
        """Return the task of this role whose turn it is, its host's slot taken; None if no host may be asked now."""
        ring = self._rings[role]
        while ring:
            host = ring.popleft()
            host.ringed.discard(role)
            pending = host.pending.get(role)
            if not pending or host.gate.full:
                continue
            if host.gate.ready_at > now:
                self._sleep(host)
                continue
            task = pending.pop()
            self.waiting[role] -= 1
            host.gate.enter(task)
            if pending:
                self._enter_ring(host, role)
            elif not any(host.pending.values()):
                del self._busy[host]
            return task
        return None

    def release(self, task: Task, now: float, *, sent: bool = True) -> None:
        """Free the slot that `task` took, and let its host come back into the rings."""
        host = self._host(host_of(task.url))
        if sent:
            host.gate.leave(task, now)
        else:
            host.gate.withdraw(task)
        self._enter_rings(host)

    def drain(self, name: str) -> Iterator[Task]:
        """Take out all that is pending of a host, one task after another."""
        host = self._host(name)
        self._busy.pop(host, None)
        for role, pending in host.pending.items():
            self.waiting[role] -= len(pending)
            yield from pending.drain()

    def slots(self, enough: int) -> int:
        """Return how many requests at once the hosts allow that have anything pending, counted up to `enough`."""
        slots = 0
        for host in self._busy:
            slots += host.gate.slots
            if slots >= enough:
                return enough
        return slots

    def wake(self, now: float) -> None:
        """Let the hosts back into the rings that have rested until now."""
        while self._sleepers and self._sleepers[0][0] <= now:
            time, _, host = heapq.heappop(self._sleepers)
            if time == host.wakes_at:
                host.wakes_at = inf
            self._enter_rings(host)

    def next_wake(self) -> float | None:
        """Return when the next resting host may be asked again; None if none rests."""
        return self._sleepers[0][0] if self._sleepers else None

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(Gate(self._rules))
        return host

    def _enter_rings(self, host: _Host) -> None:
        for role, pending in host.pending.items():
            if pending and role not in host.ringed:
                self._enter_ring(host, role)

    def _enter_ring(self, host: _Host, role: Role) -> None:
        host.ringed.add(role)
        self._rings[role].append(host)

    def _sleep(self, host: _Host) -> None:
        # A host that answers again is ready sooner than it was when it lay down.
        if host.gate.ready_at < host.wakes_at:
            host.wakes_at = host.gate.ready_at
            heapq.heappush(self._sleepers, (host.wakes_at, next(self._ticket), host))
