"""The frontier: all that a crawl knows, and the one place where it is decided what is fetched next.

    next(now) ──▶ Task   hand this over, now
                  Wait   nothing may start before then, or before something comes back
                  Done   nothing is pending, delayed, parked or in flight: the end
    complete(outcome, now) ◀── what came back: settled, to be tried again, or late and ignored

It is pure: no I/O, no clock, no lock, no thread. So the same decisions hold for every backend, and tests can play a
day of crawling in a millisecond. What it decided since the last look is taken out with `take_changes`, to be stored.

    admission ─▶ [pending, by host] ─▶ in flight ─▶ settled, in the ledger
                      ▲  [second tries] ◀─┘ transient failure
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from crawler.core.admission import Admission
from crawler.core.backlog import Recollect, Shelf
from crawler.core.flights import Flights
from crawler.core.ledger import Ledger
from crawler.core.queues import HostQueues
from crawler.core.report import Tally
from crawler.core.rules import CrawlRules
from crawler.core.second_tries import GONE, SecondTries
from crawler.model import Changes, Failure, Outcome, Role, Settled, Task, Verdict
from crawler.urls import Scope, host


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may start before `until` (seconds, as `now`; inf: before something comes back)."""

    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """The crawl has come to its end."""


Step = Task | Wait | Done


class Frontier:
    """Decides what is fetched, when, and what becomes of it. See the module's text."""

    def __init__(
        self,
        rules: CrawlRules,
        scope: Scope,
        *,
        holds: Mapping[Role, int],
        leases: Mapping[Role, float],
        random: Random | None = None,
        recollect: Recollect | None = None,
    ) -> None:
        """Decide by `rules` within `scope`, for a backend whose crews take `holds[crew]` tasks at once.

        Args:
            leases: seconds after which a task of a crew that is not back is overdue.
            recollect: returns tasks again that were stored: those of these numbers, 1 for what was taken up first.
                Without it, all that waits is kept in memory.
        """
        self._rules = rules
        self._holds = holds
        self._ledger = Ledger(recollect)
        shelf = Shelf(recollect and self._ledger.recollect)
        self._queues = HostQueues(rules.hosts, shelf)
        self._admission = Admission(rules, scope, self._ledger, self._queues, shelf)
        self._flights = Flights(leases)
        self._tries = SecondTries(rules.retry, self._ledger, random or Random())  # noqa: S311 - jitter is no secret
        self._cancelled = False

    # ---- what the engine asks ------------------------------------------------------------------------------------

    def start(
        self,
        urls: Sequence[str],
        settled: Iterable[Settled] = (),
        taken_up: Iterable[Task] = (),
        strays: Iterable[Task] = (),
    ) -> None:
        """Begin with the start URLs (canonical), at depth 0; or go on where an earlier run of the crawl ended.

        `settled` is what it was through with, in that order, and `taken_up` all that it knew of, in the order in which
        it was taken up; what of that is not settled is pending, the least deep first. `strays` is what it kept.
        """
        self._admission.start(urls, settled, taken_up, strays)

    def next(self, now: float) -> Step:
        """Return what is to be done at `now`: a task to hand over, a time to wait for, or that this is the end."""
        self._tend(now)
        if self._cancelled:
            return Wait(self._next_event()) if self._flights else Done()
        while True:
            task = self._pick(now)
            if task is not None:
                self._flights.start(task, now)
                return task
            if self._flights:
                return Wait(self._next_event())
            if self.is_over:
                return Done()
            if not (self._level_done and self._admission.descend()):
                return Wait(self._next_event())

    def complete(self, outcome: Outcome, now: float) -> None:
        """Take in what came back. An outcome that is not awaited any more is ignored."""
        task = outcome.task
        since = self._flights.land(task)
        if since is None:
            if self._flights.forget(task):
                self._queues.release(task, now)
            else:
                self._queues.gate(host(task.url)).end(now)
            return
        self._ledger.tally.handoffs.count(outcome, since)
        self._judge_host(task, outcome.failure, now)
        self._queues.release(task, now)
        if outcome.failure is not None:
            self._fail(task, outcome.failure, outcome, now)
        elif task.role is Role.ROBOTS:
            self._admission.robots_answered(outcome)
        elif outcome.redirect is not None:
            self._admission.follow_redirect(outcome, outcome.redirect)
        elif outcome.skip is not None:
            # A page that is not to be indexed may have links all the same.
            self._ledger.settle(task, Verdict.SKIPPED, outcome.skip, outcome)
            self._admission.follow_page(outcome)
        else:
            self._ledger.settle(task, Verdict.OK, None, outcome)
            self._admission.follow_page(outcome)

    def expire(self, now: float, recall: Callable[[], Sequence[Task]] = tuple) -> Sequence[Task]:
        """Count the tasks whose leases have run out as failed; return them, whose workers are not to be waited for.

        If there are any, `recall` is asked first for what no worker has begun: that is pending again, and not late.
        """
        deadline = self._flights.next_deadline()
        if deadline is None or deadline > now:
            return ()
        self.recall(recall(), now)
        late, lost = self._flights.expire(now)
        for task in lost:
            self._queues.release(task, now)
        for task in late:
            failure = Failure("timeout", "the worker did not come back in time", transient=True)
            self._judge_host(task, failure, now)
            self._fail(task, failure, None, now)
        return late

    def recall(self, tasks: Sequence[Task], now: float) -> None:
        """Take back tasks that no worker had begun: they are pending again, as if they had never been handed over."""
        for task in reversed(tasks):  # each is put before all others, so the one whose turn it was first comes last
            if self._flights.land(task) is not None:
                self._queues.release(task, now, sent=False)
                self._admission.enqueue(task)

    def follow(self, links: Iterable[str], depth: int, referrer: str) -> None:
        """Take up what links (canonical) lead to, as far as it is in scope, not known yet, not too deep, and no trap.

        Those of an outcome are followed when it completes; these are from a page that another crawl has fetched.
        """
        self._admission.follow(links, depth, referrer)

    def cancel(self) -> None:
        """Start nothing more; `next` is Done when what is in flight has come back."""
        self._cancelled = True

    @property
    def is_over(self) -> bool:
        """Whether the crawl has come to its end: nothing is in flight, and nothing left that may still be fetched."""
        return not self._flights and (self._limit_reached() or not self._anything_left())

    def take_changes(self) -> Changes:
        """Return what was decided since the last call."""
        return self._ledger.take_changes()

    @property
    def tally(self) -> Tally:
        """The crawl in figures."""
        return self._ledger.tally

    @property
    def pending(self) -> int:
        """How many pages are taken up and not settled."""
        return self._ledger.pending

    @property
    def in_flight(self) -> int:
        """How many tasks are handed over and not back."""
        return len(self._flights)

    # ---- what is next --------------------------------------------------------------------------------------------

    def _tend(self, now: float) -> None:
        """Bring everything up to `now`: hosts that have rested, retries that are due."""
        self._queues.wake(now)
        for task in self._tries.due(now):
            self._admission.enqueue(task)

    def _pick(self, now: float) -> Task | None:
        suspect = self._tries.suspect
        if suspect is not None or self._tries.on_trial in self._flights:
            return self._pick_suspect(suspect, now)
        if not self._limit_reached() and (task := self._pick_role(Role.ROBOTS, now)) is not None:
            return task
        if self._page_budget() <= 0:
            return None
        if self._withholds_lists():
            if self._flights.flying[Role.DETAIL] >= self._holds[Role.DETAIL]:
                return None
            return self._pick_role(Role.DETAIL, now) or self._pick_role(Role.LIST, now)
        return self._pick_role(Role.LIST, now) or self._pick_role(Role.DETAIL, now)

    def _withholds_lists(self) -> bool:
        """Say whether list pages are to wait, unless no detail page may start: one slow host must not hold up the rest.

        The lesson's rule: the producer works while few URLs wait, and waits while `capacity` of them do; or while one a
        consumer does, where that is more, since they take as many while a list page comes. But list pages that would
        keep the producers busy for half as long as the consumers have work are let through: held back any longer, they
        and what they bring would be left over at the end, when most consumers have nothing to do. Of producers and
        consumers only those count that the hosts let work side by side, and list pages get half of the slots at most:
        of a single one, nothing.
        """
        handed_over = max(0, self._flights.flying[Role.DETAIL] - self._rules.consumers)
        waiting = self._queues.waiting[Role.DETAIL] + handed_over
        if waiting < max(self._rules.capacity, self._rules.consumers):
            return False
        slots = self._queues.slots(self._holds[Role.LIST] + self._rules.consumers)
        producers = min(self._holds[Role.LIST], slots // 2)
        if self._flights.flying[Role.LIST] >= producers:
            return True
        producers_have = self._queues.waiting[Role.LIST] / producers
        consumers_have = waiting / min(self._rules.consumers, slots - producers)
        return producers_have < consumers_have / 2

    def _pick_role(self, role: Role, now: float) -> Task | None:
        if self._flights.flying[role.crew] >= self._holds[role.crew]:
            return None
        return self._queues.pop(role, now)

    def _pick_suspect(self, suspect: Task | None, now: float) -> Task | None:
        """Return the next suspect once nothing is in flight: if the worker dies again, it is known of what."""
        if suspect is None or self._flights:
            return None
        gate = self._queues.gate(host(suspect.url))
        if gate.full or gate.ready_at > now:
            return None
        gate.enter(suspect)
        return self._tries.put_on_trial()

    def _page_budget(self) -> float:
        """Return how many more pages may be in flight without overshooting the limit.

        Pages that are to be tried again count as well: they are about to be fetched, to a good end or a bad one.
        """
        if not self._rules.max_pages:
            return inf
        flying = self._flights.flying[Role.LIST] + self._flights.flying[Role.DETAIL]
        return self._rules.max_pages - self.tally.fetched - flying - self._tries.pages

    def _limit_reached(self) -> bool:
        return bool(self._rules.max_pages) and self.tally.fetched >= self._rules.max_pages

    def _anything_left(self) -> bool:
        return not self._level_done or self._admission.holds_any

    @property
    def _level_done(self) -> bool:
        """Whether nothing that was let in waits, for its turn or to be tried again."""
        return not (any(self._queues.waiting.values()) or self._tries)

    def _next_event(self) -> float:
        times = (
            self._flights.next_deadline(),
            self._tries.next_due(),
            self._queues.next_wake(),
            self._suspect_ready_at(),
        )
        return min((time for time in times if time is not None), default=inf)

    def _suspect_ready_at(self) -> float | None:
        """Return when the next suspect may start; None where that is not a matter of time, but of who comes back."""
        suspect = self._tries.suspect
        if suspect is None or self._flights:
            return None
        gate = self._queues.gate(host(suspect.url))
        # Its slot may be held by a task that is overdue: that ends with its second lease.
        return None if gate.full else gate.ready_at

    # ---- what came back ------------------------------------------------------------------------------------------

    def _judge_host(self, task: Task, failure: Failure | None, now: float) -> None:
        """Take what became of a request for a sign of how its host is, and give the host up if it is a bad one."""
        name = host(task.url)
        gate = self._queues.gate(name)
        if failure is None or not failure.transient:
            gate.answered()
        elif failure.kind not in GONE:
            hopeful = not gate.given_up
            gate.failed(task, now)
            if failure.retry_after is not None:
                gate.rest_until(now + min(failure.retry_after, self._rules.retry.max_wait))
            if gate.given_up and hopeful:
                self.tally.hosts_given_up[name] = f"{failure.kind}: {failure.message}"
                self._give_up(name)

    def _give_up(self, name: str) -> None:
        """Drop all that waits for a host. What is parked, or deeper than the level, is dropped when its turn comes."""
        for task in [*self._queues.drain(name), *self._tries.drain(name)]:
            self._admission.drop(task, None, task.attempt - 1)

    def _fail(self, task: Task, failure: Failure, outcome: Outcome | None, now: float) -> None:
        pause = self._tries.pause(task, failure)
        if pause is not None and self._queues.gate(host(task.url)).given_up:
            self._admission.drop(task, outcome, task.attempt)
        elif pause is not None:
            self._tries.add(task, failure, now + pause)
        elif task.role is Role.ROBOTS:
            self._admission.robots_failed(task, failure)
        else:
            self._ledger.settle(task, Verdict.FAILED, failure.kind, outcome)
