"""A bucket in the hands of a cell: the real Frontier, restored from the journal, and what is not committed yet.

granted ─▶ opened: older owners are fenced, links are taken ─wait─▶ dispatching ─▶ draining ─▶ given back
                                                                         └─ crash, fence ─▶ gone, with all of this
"""

from collections.abc import Sequence
from math import inf
from random import Random
from typing import TYPE_CHECKING

from crawler.core.frontier import Done, Frontier
from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.rules import CrawlRules
from crawler.model import Changes, Outcome, Role, Task, Verdict
from crawler.urls import HostSet, Scope
from tests.simulation.journal import Ack, FencedError, Group, Journal, Link
from tests.simulation.settings import Flaw, Settings

if TYPE_CHECKING:
    from tests.simulation.cell import Cell

TICK = 0.1
"""Seconds from the first outcome that waits until all that wait are taken in: a turn of the engine's loop."""
SENT_LATELY = 20_000
"""Links to other buckets that one remembers having sent."""


class HostsOf(HostSet):
    """The hosts of one bucket."""

    def __init__(self, bucket: int, bucket_of: dict[str, int]) -> None:
        super().__init__()
        self._bucket, self._bucket_of = bucket, bucket_of

    def __contains__(self, host: object) -> bool:
        return self._bucket_of[host] == self._bucket  # type: ignore[index]


def rules(settings: Settings) -> CrawlRules:
    """Return what every frontier decides by.

    No page is given up, or the end would depend on chance. A robots.txt that failed is not asked for again before the
    longest delay has passed, since nobody can know yet which it asks for.
    """
    return CrawlRules(
        hosts=HostRules(settings.per_host, max_backoff=1.0, give_up_after=0),
        retry=RetryPolicy(attempts=20, backoff=settings.longest_delay, max_wait=30.0),
        consumers=settings.in_flight,
        capacity=settings.in_flight,
    )


class Bucket:
    """One bucket, for one epoch."""

    def __init__(self, cell: "Cell", number: int, epoch: int, wait: float, journal: Journal) -> None:
        """Open the journal, FencedError if a newer owner has, and let nothing be asked for in the next `wait` seconds.

        So a newer owner fences an older one before it waits for its requests to end.
        """
        journal.open(epoch)
        self.cell, self.number, self.epoch, self.journal = cell, number, epoch, journal
        self.draining = self.gone = False
        settings, self._loop = cell.settings, cell.loop
        self._settings = settings
        self._begins_at = cell.clock() + wait * (1 + settings.drift)
        self._group = Group()
        self._commits = False
        self._sent_lately: set[str] = set()
        self.sent_at: dict[int, float] = {}
        """When each link of the journal's outbox was sent last, by the cell's clock."""
        self._inbox: list[Outcome] = []
        self._next_turn = inf
        self._under_way = 0
        self._last_dispatch = -inf
        forgetful = settings.flaw is Flaw.NO_DEDUP
        self.frontier = Frontier(
            rules(settings),
            Scope(HostsOf(number, cell.bucket_of)),
            holds={Role.LIST: 4, Role.DETAIL: settings.in_flight},
            leases={Role.LIST: settings.task_lease, Role.DETAIL: settings.task_lease},
            random=Random(settings.seed * 1_000_003 + number * 1_009 + epoch),
            recollect=None if forgetful else self._recollect,
        )
        if forgetful:
            settled = {page.task.url for page in journal.settled}
            self.frontier.start([], (), [task for task in journal.taken_up if task.url not in settled])
        else:
            self.frontier.start([], journal.settled, journal.taken_up)
        self._turn_at(self._loop.now)

    # ---- what happens to it --------------------------------------------------------------------------------------

    def answered(self, outcome: Outcome) -> None:
        """Take what came back, at the next turn; a bucket that is gone takes nothing."""
        self._under_way -= 1
        if not self.gone:
            self._inbox.append(outcome)
            self._turn_at(self._loop.now + TICK)

    def take(self, link: Link, ack: Ack) -> None:
        """Take up a link that another bucket found; it is acknowledged when that is committed."""
        self.frontier.follow((link.url,), link.depth, link.referrer)
        self._group.acks.append(ack)
        self._keep(self.frontier.take_changes())
        self._commit_soon()
        self._turn_at(self._loop.now + TICK)

    def acknowledged(self, number: int) -> None:
        """Note that a link has arrived for good."""
        if number in self.sent_at:
            del self.sent_at[number]
            self._group.delivered.append(number)
            self._commit_soon()

    def drain(self) -> None:
        """Begin nothing more, and go when what is under way has come back."""
        if not self.draining:
            self.draining = True
            self.frontier.cancel()
            self._turn_at(self._loop.now)

    def quiet(self) -> float:
        """Return the seconds until the last request has ended, as far as anybody can know."""
        if not self._under_way:
            return 0.0
        ends_at = self._last_dispatch + (self._settings.travel + self._settings.timeout) * 1.05
        return max(0.0, ends_at - self.cell.clock())

    # ---- its turns -----------------------------------------------------------------------------------------------

    def _turn_at(self, time: float) -> None:
        if time < self._next_turn:
            self._next_turn = time
            self._loop.at(time, self._turn, time)

    def _turn(self, time: float) -> None:
        """Do as the engine does: take in what is there, hand over what may go, and store what was decided."""
        if self.gone or time != self._next_turn or self.cell.freezes(self._turn, time):
            return
        self._next_turn = inf
        frontier, now = self.frontier, self.cell.clock()
        outcomes, self._inbox = self._inbox, []
        for outcome in outcomes:
            frontier.complete(outcome, now)
        if not outcomes:
            frontier.expire(now)
        self._dispatch(now)
        self._keep(frontier.take_changes())

    def _dispatch(self, now: float) -> None:
        if now < self._begins_at and not self.draining:
            self._turn_at(self.cell.real(self._begins_at))
            return
        if not self.cell.leased:
            self._turn_at(self._loop.now + 0.5)
            return
        while isinstance(step := self.frontier.next(now), Task):
            self._under_way += 1
            self._last_dispatch = now
            self.cell.servers.request(step, self.answered)
        if not isinstance(step, Done):
            if step.until < inf:
                self._turn_at(max(self.cell.real(step.until), self._loop.now + 0.001))
        elif self.draining:
            self._keep(self.frontier.take_changes())
            if self._commit():
                self.cell.give_back(self)

    # ---- what is stored ------------------------------------------------------------------------------------------

    def _keep(self, changes: Changes) -> None:
        """Let what was decided be committed with its group, and with it the links that lead to other buckets."""
        if not changes.taken_up and not changes.settled:
            return
        self._group.taken_up += changes.taken_up
        self._group.settled += changes.settled
        bucket_of = self.cell.bucket_of
        for page in changes.settled:
            if page.verdict is Verdict.OK and page.outcome is not None:
                for url in page.outcome.links:
                    if bucket_of[url.split("/", 3)[2]] != self.number:
                        self._send(Link(url, page.task.depth + 1, page.task.url))
        self._commit_soon()

    def _send(self, link: Link) -> None:
        """Let a link be sent, unless it was sent lately: what that was put into the outbox is as durable as this is."""
        if link.url in self._sent_lately:
            self.cell.counts["links found that were sent before"] += 1
            return
        if len(self._sent_lately) >= SENT_LATELY:
            self._sent_lately.clear()
        self._sent_lately.add(link.url)
        self._group.outgoing.append(link)

    def _commit_soon(self) -> None:
        if not self._commits:
            self._commits = True
            self._loop.after(self._settings.commit_every, self._commit_now)

    def _commit_now(self) -> None:
        if not self.gone and self._commits and not self.cell.freezes(self._commit_now):
            self._commit()

    def _commit(self) -> bool:
        """Commit the group, then tell others of it; return False if this cell is the owner no more."""
        group, self._group = self._group, Group()
        self._commits = False
        try:
            numbers = self.journal.commit(self.epoch, group)
        except FencedError:
            self.cell.counts["commits refused by a fence"] += 1
            self.cell.lose(self)
            return False
        self.cell.counts["commits"] += 1
        self.cell.acknowledge(group.acks)
        for number, link in zip(numbers, group.outgoing, strict=True):
            self.cell.post(self, number, link)
        return True

    def _recollect(self, numbers: Sequence[int]) -> Sequence[Task]:
        committed, group = self.journal.taken_up, self._group.taken_up
        return [
            committed[number - 1] if number <= len(committed) else group[number - len(committed) - 1]
            for number in numbers
        ]
