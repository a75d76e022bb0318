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
from crawler.core.strays import Strays
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

    def start(
        self, urls: Sequence[str], settled: Iterable[Settled], taken_up: Iterable[Task], strays: Iterable[Task]
    ) -> None:
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
        for task in strays:
            self._take_back(task)

    def follow(self, links: Iterable[str], depth: int, referrer: str) -> None:
        """Take up what links (canonical) lead to, as far as it is in scope, not known, not too deep, and no trap."""
        if self._too_deep(depth):
            return
        known, keeps = self._ledger.known, self._keeps_strays()
        for url in links:
            if url in known:
                continue
            role, offsite = self._role(url), not self._scope.holds(url)
            if role is None or offsite:
                self._ledger.tally.left_out["offsite" if offsite else "filtered"] += 1
                if role is not None and keeps:
                    self._keep(Task(url, role, depth, referrer=referrer))
            else:
                self._let_in(Task(url, role, depth, referrer=referrer))

    def _let_in(self, task: Task) -> None:
        """Make a URL that is in scope and not known part of the crawl, unless it is a trap."""
        trap = self._traps.take(task.url, self._ledger.known)
        if trap is None:
            self._enter(task, self._ledger.take_up(task))
        else:
            self._ledger.tally.surplus[trap] += 1

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
        further = Task(target, role, task.depth, task.hops + 1, referrer=task.url) if role is not None else None
        if reason is None:
            self._ledger.redirect(task.url, target)
        settle(task, Verdict.SKIPPED, reason or "redirected", outcome)
        if further is not None and reason is None:
            self._take_up(further, first=True)
        elif further is not None and reason == "offsite" and self._keeps_strays():
            self._keep(further)
        if starting:
            self._lead_on(target, task)
        else:
            self._note_redirect(task.url, target)

    def _refusal(self, target: str, role: Role | None, *, starting: bool) -> str | None:
        """Return why the target of a redirect is not taken up; None if it is."""
        if not self._scope.holds(target):
            return "offsite"
        if role is None:
            return "filtered"
        return None if starting else self._traps.take(target, self._ledger.known)

    # ---- strays --------------------------------------------------------------------------------------------------

    def _keeps_strays(self) -> bool:
        """Say whether hosts that are not in scope may yet come into it: a start URL may lead there."""
        if self._ledger.is_starting:
            return self._rules.widen_scope
        self._strays.forget()
        return False

    def _keep(self, task: Task) -> None:
        if not self._traps.too_long(task.url) and self._strays.keep(task):
            self._ledger.stray(task)

    def _take_back(self, task: Task) -> None:
        """Let in what was kept, if its host is in scope by now; else keep it on."""
        if not self._scope.holds(task.url):
            self._strays.keep(task)
        elif task.url not in self._ledger.known:
            self._let_in(task)

    def _note_redirect(self, url: str, target: str) -> None:
        """Keep where a page leads that is no start URL, as long as one may yet lead to it."""
        if self._ledger.is_starting and not self._traps.too_long(target):
            self._strays.note_redirect(url, target)

    def _lead_on(self, url: str, start: Task) -> None:
        """Welcome what was kept of a page's host to which a start URL leads, and go on from where that page led."""
        self._welcome(host(url))
        for hops, target in enumerate(self._strays.lead_on(url), start.hops + 2):
            self._start_from(target)
            self._take_up(Task(target, self._scope.start_role(target), start.depth, hops, referrer=url), first=True)
            self._welcome(host(target))
            url = target

    def _welcome(self, name: str) -> None:
        for task in self._strays.take(name):
            self._take_back(task)

    # ---- starting ------------------------------------------------------------------------------------------------

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
                for target in (redirect, *self._strays.lead_on(redirect)):
                    self._start_from(target)
            else:
                self._note_redirect(url, redirect)
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
