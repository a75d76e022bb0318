"""The door of a crawl: which URLs come in, and what they wait for until it may be their turn.

    link, redirect ─▶ taken up ─▶ [next level] ─▶ [parked: robots.txt] ─▶ pending, by host
                  └─▶ left: known, out of scope, a trap         └─▶ settled without a request: forbidden, given up

Nothing is pending that robots.txt forbids, or whose host is given up: whoever takes a pending task may send it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from crawler.core.backlog import Backlog, Shelf
from crawler.core.ledger import Ledger
from crawler.core.queues import HostQueues
from crawler.core.report import HOST_GIVEN_UP
from crawler.core.robots import MAX_HOPS, Access, RobotsBook, Rules, is_missing
from crawler.core.rules import CrawlRules
from crawler.core.strays import Stray, Strays
from crawler.core.traps import Traps
from crawler.model import ADDRESS_FORBIDDEN, Failure, Outcome, Role, Settled, Task, Verdict
from crawler.urls import Scope, host


class Admission:
    """Lets URLs into the crawl, and into the queues of their hosts."""

    def __init__(self, rules: CrawlRules, scope: Scope, ledger: Ledger, queues: HostQueues, shelf: Shelf) -> None:
        """Let in by `rules` what is in `scope`: into `ledger`, and into `queues` when its turn may come."""
        self._rules = rules
        self._scope = scope
        # What no pattern takes up is never known: it is met again on every page.
        self._role = lru_cache(maxsize=1024)(scope.role)
        self._ledger = ledger
        self._queues = queues
        self._shelf = shelf
        self._robots = RobotsBook(rules.user_agent, shelf)
        self._traps = Traps(rules.traps)
        self._strays = Strays()
        self._level = 0
        self._deeper: dict[int, Backlog] = {}

    @property
    def holds_any(self) -> bool:
        """Whether anything waits for a robots.txt or for its level."""
        return bool(self._robots.parked or self._deeper)

    # ---- coming in -----------------------------------------------------------------------------------------------

    def start(self, urls: Sequence[str], settled: Iterable[Settled], taken_up: Iterable[Task]) -> None:
        """Let in the start URLs, after all that an earlier run of the crawl took up: see `Frontier.start`."""
        for url in urls:
            self._start_from(url)
        for page in settled:
            self._restore(page)
        waiting: dict[int, Backlog] = {}
        for task in taken_up:
            number = self._ledger.restore_taken_up(task)
            if number is not None:
                self._traps.count(task.url, self._ledger.known)
                waiting.setdefault(task.depth, Backlog(self._shelf)).append(task, number)
        self._level = min(waiting, default=0)
        for depth in sorted(waiting):
            self._enter_all(waiting.pop(depth))
        for url in urls:
            self._take_up(Task(url, self._scope.start_role(url)))

    def follow(self, links: Iterable[str], depth: int, referrer: str) -> None:
        """Take up what links (canonical) lead to, as far as it is in scope, not known, not too deep, and no trap."""
        if self._too_deep(depth):
            return
        known = self._ledger.known
        for url in links:
            if url in known:
                continue
            role, offsite = self._role(url), not self._scope.holds(url)
            if role is None or offsite:
                self._ledger.tally.left_out["offsite" if offsite else "filtered"] += 1
                if role is not None and self._rules.widen_scope:
                    self._keep(Stray(url, depth, referrer))
                continue
            trap = self._traps.take(url, known)
            if trap is None:
                self._take_up(Task(url, role, depth, referrer=referrer))
            else:
                self._ledger.tally.surplus[trap] += 1

    def _keep(self, link: Stray) -> None:
        """Keep a link to a host that is not in scope as long as a start URL may yet redirect there."""
        if self._ledger.is_starting:
            self._strays.keep(link)
        else:
            self._strays.forget()

    def follow_page(self, outcome: Outcome) -> None:
        """Take up what the links of a page lead to."""
        depth = outcome.task.depth + 1
        if outcome.surplus_links and not self._too_deep(depth):
            self._ledger.tally.surplus["page-links"] += outcome.surplus_links
        self.follow(outcome.links, depth, outcome.task.url)

    def follow_redirect(self, outcome: Outcome, target: str) -> None:
        """Be through with a page that leads elsewhere, and take that up: before all others, since it was its turn."""
        task, known, settle = outcome.task, self._ledger.known, self._ledger.settle
        if self._ledger.loops(task.url, target) or (target not in known and task.hops >= self._rules.max_redirects):
            settle(task, Verdict.FAILED, "redirect-limit", outcome)
            return
        starting = self._ledger.is_start(task.url)
        if starting:
            self._start_from(target)
        role = self._scope.start_role(target) if starting else self._scope.role(target)
        reason = None if target in known else self._refusal(target, role, starting=starting)
        if reason is not None:
            settle(task, Verdict.SKIPPED, reason, outcome)
            return
        self._ledger.redirect(task.url, target)
        settle(task, Verdict.SKIPPED, "redirected", outcome)
        if role is not None:
            self._take_up(Task(target, role, task.depth, task.hops + 1, referrer=task.url), first=True)
        if starting:
            for link in self._strays.take(host(target)):
                self._ledger.tally.left_out["offsite"] -= 1
                self.follow((link.url,), link.depth, link.referrer)

    def _refusal(self, target: str, role: Role | None, *, starting: bool) -> str | None:
        """Return why the target of a redirect is not taken up; None if it is."""
        if not self._scope.holds(target):
            return "offsite"
        if role is None:
            return "filtered"
        return None if starting else self._traps.take(target, self._ledger.known)

    def _start_from(self, url: str) -> None:
        """Treat a URL as one that the crawl was asked to start from: its host is in scope, unless that was given."""
        self._ledger.start(url)
        if self._rules.widen_scope:
            self._scope.hosts.add(host(url))

    def _restore(self, settled: Settled) -> None:
        """Take in a page that an earlier run settled.

        A redirect counts for what was made of it: one that failed as `redirect-limit` led nowhere.
        """
        url, redirect = settled.task.url, settled.outcome.redirect if settled.outcome else None
        self._traps.count(url, self._ledger.known)
        if redirect is not None and settled.verdict is Verdict.SKIPPED:
            if settled.reason == "redirected":
                self._ledger.redirect(url, redirect)
            if self._ledger.is_start(url):
                self._start_from(redirect)
        self._ledger.restore_settled(settled)

    def _too_deep(self, depth: int) -> bool:
        return 0 < self._rules.max_depth < depth

    # ---- level by level ------------------------------------------------------------------------------------------

    def descend(self) -> bool:
        """Go one level deeper; False if there is none. Once the one above is settled, a depth is the least there is."""
        if not self._deeper:
            return False
        self._level = min(self._deeper)
        self._enter_all(self._deeper.pop(self._level))
        return True

    def _take_up(self, task: Task, *, first: bool = False) -> None:
        """Make a URL part of the crawl, unless it is already."""
        if task.url not in self._ledger.known:
            self._enter(task, self._ledger.take_up(task), first=first)

    def _enter(self, task: Task, number: int, *, first: bool = False) -> None:
        """Let a URL wait for its level."""
        if self._rules.max_depth and task.depth > self._level:
            self._deeper.setdefault(task.depth, Backlog(self._shelf)).append(task, number)
        else:
            self._admit(task, number, first=first)

    def _enter_all(self, backlog: Backlog) -> None:
        for number, task in backlog.drain_numbered():
            self._enter(task, number)

    # ---- robots.txt ----------------------------------------------------------------------------------------------

    def _admit(self, task: Task, number: int, *, first: bool = False) -> None:
        """Let a URL wait for its turn, if robots.txt lets us fetch it."""
        access = self._robots.access(task.url) if self._rules.obey_robots else Access.ALLOWED
        if access is Access.ALLOWED or self._hopeless(task):
            self.enqueue(task, None if first else number)
        elif access is Access.FORBIDDEN:
            self._ledger.settle(task, Verdict.SKIPPED, "robots", None, 0)
        elif access is Access.BARRED:
            self._ledger.settle(task, Verdict.FAILED, ADDRESS_FORBIDDEN, None, 0)
        elif (request := self._robots.park(task, number)) is not None:
            self.enqueue(request)

    def robots_answered(self, outcome: Outcome) -> None:
        """Take in what came for a site's robots.txt: its text, or a redirect."""
        task = outcome.task
        site = task.referrer or ""
        if outcome.redirect is None:
            self._robots_known(site, *self._robots.learn(site, outcome.robots or ""))
        elif task.hops < MAX_HOPS:
            self.enqueue(Task(outcome.redirect, Role.ROBOTS, hops=task.hops + 1, referrer=site))
        else:
            self._robots_missing(site, Failure("redirect-limit", f"more than {MAX_HOPS} redirects", transient=False))

    def robots_failed(self, task: Task, failure: Failure) -> None:
        """Take in that a site's robots.txt cannot be had."""
        self._robots_missing(task.referrer or "", failure, hops=task.hops)

    def _robots_missing(self, site: str, failure: Failure, *, hops: int = 0) -> None:
        if not is_missing(failure):
            self._ledger.tally.robots_failed(site, failure)
        self._robots_known(site, *self._robots.give_up(site, failure, hops=hops))

    def _robots_known(self, site: str, rules: Rules, parked: Backlog) -> None:
        if rules.crawl_delay:
            self._queues.gate(host(f"{site}/")).slow_to(rules.crawl_delay)
        for number, task in parked.drain_numbered():
            self._admit(task, number)

    # ---- its turn may come ---------------------------------------------------------------------------------------

    def enqueue(self, task: Task, number: int | None = None) -> None:
        """Let a task wait for its turn, unless its host is given up; before all others if it has no number."""
        if self._hopeless(task):
            self.drop(task, None, task.attempt - 1)
        else:
            self._queues.add(task, number)

    def drop(self, task: Task, outcome: Outcome | None, attempts: int) -> None:
        """Be done with a task of a host that is given up, after so many attempts; the last of them had this outcome."""
        if task.role is Role.ROBOTS:
            self._robots_missing(task.referrer or "", Failure(HOST_GIVEN_UP, "its host was given up", transient=False))
        else:
            self._ledger.settle(task, Verdict.FAILED, HOST_GIVEN_UP, outcome, attempts)

    def _hopeless(self, task: Task) -> bool:
        return self._queues.gate(host(task.url)).given_up
