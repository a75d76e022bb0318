"""The frontier: all that a crawl knows, and the one place where it is decided what is fetched next.

    next(now) ──▶ Task   hand this over, now
                  Wait   nothing may start before then, or before something comes back
                  Done   nothing is pending, delayed, parked or in flight: the end
    complete(outcome, now) ◀── what came back: settled, to be tried again, or late and ignored

It is pure: no I/O, no clock, no lock, no thread. So the same decisions hold for every backend, and tests can play a
day of crawling in a millisecond. What it decided since the last look is taken out with `take_changes`, to be stored.

    take up ─▶ [next level] ─▶ [parked: robots.txt] ─▶ [pending, by host] ─▶ in flight ─▶ settled
                                                          ▲  [delayed] [suspects] ◀─┘ transient failure
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from math import inf
from random import Random

from crawler.core.backlog import Backlog, Recollect, Shelf
from crawler.core.flights import Flights
from crawler.core.known import KnownURLs, digest
from crawler.core.politeness import HostRules
from crawler.core.queues import HostQueues
from crawler.core.report import HOST_GIVEN_UP, Tally
from crawler.core.retry import RetryPolicy
from crawler.core.robots import MAX_HOPS, Access, RobotsBook, Rules
from crawler.core.traps import TrapLimits, Traps
from crawler.model import (
    ADDRESS_FORBIDDEN,
    WORKER_DIED,
    WORKER_STOPPED,
    Changes,
    Failure,
    Outcome,
    Role,
    Settled,
    Task,
    Verdict,
)
from crawler.urls import Scope, host

LOSSES = 5
"""How often a page may be lost with its worker before it fails, whether it is known to be to blame or not."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may start before `until` (seconds, as `now`; inf: before something comes back)."""

    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """The crawl has come to its end."""


Step = Task | Wait | Done


@dataclass(frozen=True, slots=True)
class CrawlRules:
    """The part of the configuration that the frontier decides by."""

    user_agent: str = "crawler"
    obey_robots: bool = True
    hosts: HostRules = field(default_factory=HostRules)
    max_pages: int = 0
    max_depth: int = 0
    max_redirects: int = 5
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    traps: TrapLimits = field(default_factory=TrapLimits)
    consumers: int = 10
    capacity: int = 10
    """Detail URLs that may wait, here or in the hand-off, before list pages are withheld."""
    widen_scope: bool = True
    """Whether a start URL's redirect brings its target's host into scope."""


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
        self._scope = scope
        # What no pattern takes up is never known: it is met again on every page.
        self._role = lru_cache(maxsize=1024)(scope.role)
        self._holds = holds
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._known = KnownURLs()
        self._starts: set[str] = set()
        self._redirects: dict[int, int] = {}
        """Where redirects lead, from digest to digest."""
        self._taken_up = 0
        """How many URLs were taken up: the number of the last."""
        self._stored = recollect
        self._shelf = Shelf(recollect and self._recollect)
        self._queues = HostQueues(rules.hosts, self._shelf)
        self._flights = Flights(leases)
        self._robots = RobotsBook(rules.user_agent, self._shelf)
        self._traps = Traps(rules.traps)
        self._delayed: list[tuple[float, int, Task]] = []
        self._ticket = count()
        self._suspects: deque[Task] = deque()
        self._on_trial: Task | None = None
        self._lost: dict[str, int] = {}
        self._level = 0
        self._deeper: dict[int, Backlog] = {}
        self._cancelled = False
        self._changes = Changes()
        self.tally = Tally()

    # ---- what the engine asks ------------------------------------------------------------------------------------

    def start(self, urls: Sequence[str], settled: Iterable[Settled] = (), taken_up: Iterable[Task] = ()) -> None:
        """Begin with the start URLs (canonical), at depth 0; or go on where an earlier run of the crawl ended.

        `settled` is what it was through with, in that order, and `taken_up` all that it knew of, in the order in which
        it was taken up; what of that is not settled is pending, the least deep first.
        """
        for url in urls:
            self._admit_start(url)
        for page in settled:
            self._restore(page)
        waiting: dict[int, Backlog] = {}
        for task in taken_up:
            self._taken_up += 1
            if task.url not in self._known:
                self._know(task.url)
                waiting.setdefault(task.depth, Backlog(self._shelf)).append(task, self._taken_up)
        self._level = min(waiting, default=0)
        for depth in sorted(waiting):
            self._enter_all(waiting.pop(depth))
        for url in urls:
            self._take_up(Task(url, self._scope.start_role(url)))

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
            if self._limit_reached() or not self._anything_left():
                return Done()
            if not self._descend():
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
        self.tally.handoffs.count(outcome, since)
        self._judge_host(task, outcome.failure, now)
        self._queues.release(task, now)
        if outcome.failure is not None:
            self._fail(task, outcome.failure, outcome, now)
        elif task.role is Role.ROBOTS:
            self._robots_answered(outcome)
        elif outcome.redirect is not None:
            self._redirected(outcome, outcome.redirect)
        elif outcome.skip is not None:
            # A page that is not to be indexed may have links all the same.
            self._settle(task, Verdict.SKIPPED, outcome.skip, outcome)
            self._follow(outcome)
        else:
            self._settle(task, Verdict.OK, None, outcome)
            self._follow(outcome)

    def expire(self, now: float, recall: Callable[[], Iterable[Task]] = tuple) -> Sequence[Task]:
        """Count the tasks whose leases have run out as failed; return them, whose workers are not to be waited for.

        If there are any, `recall` is asked first for what no worker has begun: that is pending again, and not late.
        """
        deadline = self._flights.next_deadline()
        if deadline is None or deadline > now:
            return ()
        for task in recall():
            self.recall(task, now)
        late, lost = self._flights.expire(now)
        for task in lost:
            self._queues.release(task, now)
        for task in late:
            failure = Failure("timeout", "the worker did not come back in time", transient=True)
            self._judge_host(task, failure, now)
            self._fail(task, failure, None, now)
        return late

    def recall(self, task: Task, now: float) -> None:
        """Take back a task that no worker had begun: it is pending again, as if it had never been handed over."""
        if self._flights.land(task) is not None:
            self._queues.release(task, now, sent=False)
            self._enqueue(task)

    def follow(self, links: Iterable[str], depth: int, referrer: str) -> None:
        """Take up what links (canonical) lead to, as far as it is in scope, not known yet, not too deep, and no trap.

        Those of an outcome are followed when it completes; these are from a page that another crawl has fetched.
        """
        if self._too_deep(depth):
            return
        known = self._known
        for url in links:
            if url in known or (role := self._role(url)) is None or not self._scope.holds(url):
                continue
            trap = self._traps.take(url, known)
            if trap is None:
                self._take_up(Task(url, role, depth, referrer=referrer))
            else:
                self.tally.surplus[trap] += 1

    def cancel(self) -> None:
        """Start nothing more; `next` is Done when what is in flight has come back."""
        self._cancelled = True

    def take_changes(self) -> Changes:
        """Return what was decided since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    @property
    def pending(self) -> int:
        """How many pages are taken up and not settled."""
        return len(self._known) - self.tally.settled

    @property
    def in_flight(self) -> int:
        """How many tasks are handed over and not back."""
        return len(self._flights)

    # ---- what is next --------------------------------------------------------------------------------------------

    def _tend(self, now: float) -> None:
        """Bring everything up to `now`: hosts that have rested, retries that are due."""
        self._queues.wake(now)
        while self._delayed and self._delayed[0][0] <= now:
            self._enqueue(heapq.heappop(self._delayed)[2])

    def _pick(self, now: float) -> Task | None:
        if self._suspects or self._on_trial in self._flights:
            return self._pick_suspect(now)
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
        and what they bring would be left over at the end, when most consumers have nothing to do.
        """
        handed_over = max(0, self._flights.flying[Role.DETAIL] - self._rules.consumers)
        waiting = self._queues.waiting[Role.DETAIL] + handed_over
        if waiting < max(self._rules.capacity, self._rules.consumers):
            return False
        producers_have = self._queues.waiting[Role.LIST] / self._holds[Role.LIST]
        consumers_have = waiting / self._rules.consumers
        return producers_have < consumers_have / 2

    def _pick_role(self, role: Role, now: float) -> Task | None:
        if self._flights.flying[role.crew] >= self._holds[role.crew]:
            return None
        return self._queues.pop(role, now)

    def _pick_suspect(self, now: float) -> Task | None:
        """Return the next suspect once nothing is in flight: if the worker dies again, it is known of what."""
        if self._flights:
            return None
        gate = self._queues.gate(host(self._suspects[0].url))
        if gate.full or gate.ready_at > now:
            return None
        gate.enter(self._suspects[0])
        self._on_trial = self._suspects.popleft()
        return self._on_trial

    def _page_budget(self) -> float:
        """Return how many more pages may be in flight without overshooting the limit."""
        if not self._rules.max_pages:
            return inf
        flying = self._flights.flying[Role.LIST] + self._flights.flying[Role.DETAIL]
        return self._rules.max_pages - self.tally.fetched - flying

    def _limit_reached(self) -> bool:
        return bool(self._rules.max_pages) and self.tally.fetched >= self._rules.max_pages

    def _anything_left(self) -> bool:
        waiting = any(self._queues.waiting.values()) or self._robots.parked
        return bool(waiting or self._delayed or self._suspects or self._deeper)

    def _descend(self) -> bool:
        """Go one level deeper once the one above is settled: so a depth is the least that any path gives."""
        if not self._deeper or any(self._queues.waiting.values()) or self._delayed or self._suspects:
            return False
        self._level = min(self._deeper)
        self._enter_all(self._deeper.pop(self._level))
        return True

    def _next_event(self) -> float:
        times = (
            self._flights.next_deadline(),
            self._delayed[0][0] if self._delayed else None,
            self._queues.next_wake(),
            self._suspect_ready_at(),
        )
        return min((time for time in times if time is not None), default=inf)

    def _suspect_ready_at(self) -> float | None:
        """Return when the next suspect may start; None where that is not a matter of time, but of who comes back."""
        if not self._suspects or self._flights:
            return None
        gate = self._queues.gate(host(self._suspects[0].url))
        # Its slot may be held by a task that is overdue: that ends with its second lease.
        return None if gate.full else gate.ready_at

    # ---- what came back ------------------------------------------------------------------------------------------

    def _follow(self, outcome: Outcome) -> None:
        depth = outcome.task.depth + 1
        if outcome.surplus_links and not self._too_deep(depth):
            self.tally.surplus["page-links"] += outcome.surplus_links
        self.follow(outcome.links, depth, outcome.task.url)

    def _too_deep(self, depth: int) -> bool:
        return 0 < self._rules.max_depth < depth

    def _redirected(self, outcome: Outcome, target: str) -> None:
        task = outcome.task
        if self._loops(task.url, target) or (target not in self._known and task.hops >= self._rules.max_redirects):
            self._settle(task, Verdict.FAILED, "redirect-limit", outcome)
            return
        starting = task.url in self._starts
        if starting:
            self._admit_start(target)
        if not self._scope.holds(target):
            self._settle(task, Verdict.SKIPPED, "offsite", outcome)
            return
        role = self._scope.start_role(target) if starting else self._scope.role(target)
        if role is None:
            self._settle(task, Verdict.SKIPPED, "filtered", outcome)
            return
        if target not in self._known and not starting and (trap := self._traps.take(target, self._known)) is not None:
            self._settle(task, Verdict.SKIPPED, trap, outcome)
            return
        self._redirects[digest(task.url)] = digest(target)
        self._settle(task, Verdict.SKIPPED, "redirected", outcome)
        if target not in self._known:
            self._take_up(Task(target, role, task.depth, task.hops + 1, referrer=task.url), first=True)

    def _loops(self, url: str, target: str) -> bool:
        """Say whether the redirects known so far lead from `target` back to `url`."""
        end = digest(url)
        step: int | None = digest(target)
        while step is not None and step != end:
            step = self._redirects.get(step)
        return step == end

    def _robots_answered(self, outcome: Outcome) -> None:
        task = outcome.task
        site = task.referrer or ""
        if outcome.redirect is None:
            self._robots_known(site, *self._robots.learn(site, outcome.robots or ""))
        elif task.hops < MAX_HOPS:
            self._enqueue(Task(outcome.redirect, Role.ROBOTS, hops=task.hops + 1, referrer=site))
        else:
            self._robots_missing(site, Failure("redirect-limit", f"more than {MAX_HOPS} redirects", transient=False))

    def _robots_known(self, site: str, rules: Rules, parked: Backlog) -> None:
        if rules.crawl_delay:
            self._queues.gate(host(f"{site}/")).slow_to(rules.crawl_delay)
        for number, task in parked.drain_numbered():
            self._admit(task, number)

    def _robots_missing(self, site: str, failure: Failure, *, hops: int = 0) -> None:
        self.tally.robots_failed(site, failure)
        self._robots_known(site, *self._robots.give_up(site, failure, hops=hops))

    def _judge_host(self, task: Task, failure: Failure | None, now: float) -> None:
        """Take what became of a request for a sign of how its host is, and give the host up if it is a bad one."""
        name = host(task.url)
        gate = self._queues.gate(name)
        if failure is None or not failure.transient:
            gate.answered()
        elif failure.kind not in (WORKER_DIED, WORKER_STOPPED):
            hopeful = not gate.given_up
            gate.failed(task, now)
            if failure.retry_after is not None:
                gate.rest_until(now + min(failure.retry_after, self._rules.retry.max_wait))
            if gate.given_up and hopeful:
                self.tally.hosts_given_up[name] = f"{failure.kind}: {failure.message}"
                self._give_up(name)

    def _give_up(self, name: str) -> None:
        """Drop all that waits for a host. What is parked, or deeper than the level, is dropped when its turn comes."""
        tasks = [*self._queues.drain(name)]
        for waiting in (self._suspects, [task for _, _, task in self._delayed]):
            tasks += [task for task in waiting if host(task.url) == name]
        self._suspects = deque(task for task in self._suspects if host(task.url) != name)
        self._delayed = [entry for entry in self._delayed if host(entry[2].url) != name]
        heapq.heapify(self._delayed)
        for task in tasks:
            self._drop(task, None, task.attempt - 1)

    def _drop(self, task: Task, outcome: Outcome | None, attempts: int) -> None:
        """Be done with a task of a host that is given up, after so many attempts; the last of them had this outcome."""
        if task.role is Role.ROBOTS:
            self._robots_missing(task.referrer or "", Failure(HOST_GIVEN_UP, "its host was given up", transient=False))
        else:
            self._settle(task, Verdict.FAILED, HOST_GIVEN_UP, outcome, attempts)

    def _fail(self, task: Task, failure: Failure, outcome: Outcome | None, now: float) -> None:
        lost = self._lost.get(task.url, 0)
        again = Task(task.url, task.role, task.depth, task.hops, task.attempt + 1, task.referrer)
        gone = failure.kind in (WORKER_DIED, WORKER_STOPPED)
        if gone:
            self._lost[task.url] = lost + 1
            guilty = failure.kind == WORKER_DIED and task == self._on_trial
            wait = None if guilty or lost + 1 >= LOSSES else 0.0
        else:
            wait = self._rules.retry.wait(failure, task.attempt - lost, self._random)
        if wait is None and task.role is Role.ROBOTS:
            self._robots_missing(task.referrer or "", failure, hops=task.hops)
        elif wait is None:
            self._settle(task, Verdict.FAILED, failure.kind, outcome)
        elif self._hopeless(task):
            self._drop(task, outcome, task.attempt)
        elif failure.kind == WORKER_DIED or (gone and lost):
            # A bystander is no suspect, unless it is there again: then it may be what the backend cannot name.
            self._suspects.append(again)
            self.tally.retries += 1
        else:
            heapq.heappush(self._delayed, (now + wait, next(self._ticket), again))
            self.tally.retries += 1

    # ---- taking up and settling ----------------------------------------------------------------------------------

    def _admit_start(self, url: str) -> None:
        """Treat a URL as one that the crawl was asked to start from: its host is in scope, unless that was given."""
        self._starts.add(url)
        if self._rules.widen_scope:
            self._scope.hosts.add(host(url))

    def _restore(self, settled: Settled) -> None:
        """Take in a page that an earlier run settled."""
        url, redirect = settled.task.url, settled.outcome.redirect if settled.outcome else None
        self._know(url)
        if redirect is not None:
            self._redirects[digest(url)] = digest(redirect)
            if url in self._starts:
                self._admit_start(redirect)
        self._count(settled)

    def _know(self, url: str) -> None:
        """Take in that an earlier run took up a URL."""
        self._known.add(url)
        self._traps.count(url)

    def _take_up(self, task: Task, *, first: bool = False) -> None:
        """Make a URL part of the crawl, unless it is already."""
        if task.url in self._known:
            return
        self._known.add(task.url)
        self._taken_up += 1
        self._changes.taken_up.append(task)
        self._enter(task, self._taken_up, first=first)

    def _enter(self, task: Task, number: int, *, first: bool = False) -> None:
        """Let a URL wait for its level."""
        if self._rules.max_depth and task.depth > self._level:
            self._deeper.setdefault(task.depth, Backlog(self._shelf)).append(task, number)
        else:
            self._admit(task, number, first=first)

    def _enter_all(self, backlog: Backlog) -> None:
        for number, task in backlog.drain_numbered():
            self._enter(task, number)

    def _recollect(self, numbers: Sequence[int]) -> Sequence[Task]:
        """Return tasks that were taken up: from what was stored, or else is about to be."""
        unstored = self._changes.taken_up
        last_stored = self._taken_up - len(unstored)
        tasks = iter(self._stored([number for number in numbers if number <= last_stored]) if self._stored else ())
        return [next(tasks) if number <= last_stored else unstored[number - last_stored - 1] for number in numbers]

    def _admit(self, task: Task, number: int, *, first: bool = False) -> None:
        """Let a URL wait for its turn, if robots.txt lets us fetch it."""
        access = self._robots.access(task.url) if self._rules.obey_robots else Access.ALLOWED
        if access is Access.ALLOWED or self._hopeless(task):
            self._enqueue(task, None if first else number)
        elif access is Access.FORBIDDEN:
            self._settle(task, Verdict.SKIPPED, "robots", None, 0)
        elif access is Access.BARRED:
            self._settle(task, Verdict.FAILED, ADDRESS_FORBIDDEN, None, 0)
        elif (request := self._robots.park(task, number)) is not None:
            self._enqueue(request)

    def _enqueue(self, task: Task, number: int | None = None) -> None:
        """Let a task wait for its turn, unless its host is given up; before all others if it has no number."""
        if self._hopeless(task):
            self._drop(task, None, task.attempt - 1)
        else:
            self._queues.add(task, number)

    def _hopeless(self, task: Task) -> bool:
        return self._queues.gate(host(task.url)).given_up

    def _settle(
        self, task: Task, verdict: Verdict, reason: str | None, outcome: Outcome | None, attempts: int | None = None
    ) -> None:
        """Be through with a URL; `attempts` are those that the task itself says, unless given."""
        settled = Settled(task, verdict, reason, task.attempt if attempts is None else attempts, outcome)
        self._lost.pop(task.url, None)
        self._changes.settled.append(settled)
        self._count(settled)

    def _count(self, settled: Settled) -> None:
        self.tally.count(settled)
        if settled.task.url in self._starts:
            self.tally.start_settled(settled)
