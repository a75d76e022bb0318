"""Whatever comes back, in whatever order, late or never: each URL is settled once, politely, and the crawl ends."""

from collections import Counter
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crawler.core.frontier import CrawlRules, Done, Frontier
from crawler.core.retry import RetryPolicy
from crawler.core.robots import MAX_HOPS
from crawler.model import Role, Task
from crawler.urls import HostSet, Scope, host, origin
from tests.answers import failure, page, redirect, robots, skip

HOSTS = ("a.test", "b.test", "c.test")
LEASE = 20.0
URLS = st.builds(
    lambda name, kind, number: f"http://{name}/{kind}/{number}",
    st.sampled_from((*HOSTS, "offsite.test")),
    st.sampled_from(("list", "item", "private", "other")),
    st.integers(0, 30),
)


class Crawl(RuleBasedStateMachine):
    """Plays the engine, the backend and the web against one frontier."""

    @initialize(
        per_host=st.integers(1, 3),
        delay=st.sampled_from([0.0, 0.0, 1.5]),
        holds=st.integers(1, 5),
        max_pages=st.sampled_from([0, 0, 1, 7]),
        max_depth=st.sampled_from([0, 0, 2]),
        attempts=st.integers(1, 3),
        capacity=st.integers(1, 5),
        seed=st.integers(0, 9),
    )
    def begin(
        self,
        per_host: int,
        delay: float,
        holds: int,
        max_pages: int,
        max_depth: int,
        attempts: int,
        capacity: int,
        seed: int,
    ) -> None:
        self.rules = CrawlRules(
            per_host=per_host,
            delay=delay,
            max_pages=max_pages,
            max_depth=max_depth,
            retry=RetryPolicy(attempts, 0.5, 30.0),
            consumers=2,
            capacity=capacity,
        )
        self.holds = {Role.LIST: holds, Role.DETAIL: holds}
        self.frontier = Frontier(
            self.rules,
            Scope(HostSet(HOSTS), list_patterns=["/list/*"], detail_patterns=["/item/*", "/private/*"]),
            holds=self.holds,
            leases={Role.LIST: LEASE, Role.DETAIL: LEASE},
            random=Random(seed),
        )
        self.frontier.start([f"http://{name}/list/0" for name in HOSTS])
        self.now = 0.0
        self.flying: list[Task] = []
        self.begun: dict[Task, float] = {}
        self.overdue: list[Task] = []
        self.taken_up: Counter[str] = Counter()
        self.settled: Counter[str] = Counter()
        self.ended: dict[str, float] = {}
        self.dispatched: set[Task] = set()
        self.without_rules: set[str | None] = set()
        self.done = False

    # ---- what may happen ---------------------------------------------------------------------------------------------

    @rule()
    def ask(self) -> None:
        step = self.frontier.next(self.now)
        if isinstance(step, Task):
            self.check_start(step)
            self.flying.append(step)
            self.begun[step] = self.now
            self.dispatched.add(step)
        elif isinstance(step, Done):
            self.done = True
        else:
            assert step.until > self.now or self.flying, "a wait is for something"
        self.look()

    @rule(seconds=st.floats(0.01, 30.0))
    def let_time_pass(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), links=st.lists(URLS, max_size=6))
    def come_back(self, data: st.DataObject, links: list[str]) -> None:
        task = self.pick(data)
        kinds = ["ok", "ok", "ok", "redirect", "skip", "transient", "final", "worker-died", "worker-stopped", "wait"]
        kind = data.draw(st.sampled_from(kinds))
        self.answer(task, kind, links)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def be_lost(self, data: st.DataObject) -> None:
        """The task never comes back, or only when it is overdue."""
        task = self.pick(data)
        self.overdue.append(task)

    @precondition(lambda self: self.overdue)
    @rule(data=st.data())
    def come_back_late(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.overdue))
        if self.now - self.begun[task] < LEASE:
            return
        self.overdue.remove(task)
        self.answer(task, "ok", ["http://a.test/item/99"])

    # ---- what must hold ----------------------------------------------------------------------------------------------

    def check_start(self, task: Task) -> None:
        assert task not in self.dispatched, "no attempt is made twice"
        if task.role is not Role.ROBOTS and origin(task.url) not in self.without_rules:
            assert "/private/" not in task.url, "robots.txt forbids it"
        name = host(task.url)
        if self.rules.delay and name in self.ended:
            assert self.now >= self.ended[name] + self.rules.delay

    @invariant()
    def no_host_is_over_its_limit(self) -> None:
        if not hasattr(self, "flying"):
            return
        slots = 1 if self.rules.delay else self.rules.per_host
        lost = [task for task in self.overdue if self.now - self.begun[task] < LEASE]
        for number in Counter(host(task.url) for task in [*self.flying, *lost]).values():
            assert number <= slots
        for crew in (Role.LIST, Role.DETAIL):
            assert sum(task.role.crew is crew for task in self.flying) <= self.holds[crew]

    @invariant()
    def the_page_limit_holds(self) -> None:
        if hasattr(self, "flying") and self.rules.max_pages:
            pages = [task for task in self.flying if task.role is not Role.ROBOTS]
            assert self.frontier.tally.fetched + len(pages) <= self.rules.max_pages

    def teardown(self) -> None:
        """From anywhere, a web that answers brings the crawl to its end."""
        if not hasattr(self, "flying"):
            return
        for _ in range(3000):
            step = self.frontier.next(self.now)
            if isinstance(step, Task):
                self.check_start(step)
                self.begun[step] = self.now
                self.dispatched.add(step)
                self.flying.append(step)
            elif isinstance(step, Done):
                break
            elif self.flying:
                self.answer(self.flying.pop(), "ok", [])
            else:
                assert step.until < float("inf"), "it waits for nothing"
                self.now = max(self.now, step.until)
        else:
            raise AssertionError("the crawl does not end")
        self.look()
        assert set(self.settled.values()) <= {1}, "every URL is settled once"
        assert set(self.taken_up.values()) <= {1}
        if not self.rules.max_pages:
            assert self.settled == self.taken_up

    # ---- the web -----------------------------------------------------------------------------------------------------

    def pick(self, data: st.DataObject) -> Task:
        task: Task = data.draw(st.sampled_from(self.flying))
        self.flying.remove(task)
        return task

    def answer(self, task: Task, kind: str, links: list[str]) -> None:
        if kind == "redirect":
            outcome = redirect(task, links[0] if links else "http://a.test/item/1")
            if task.role is Role.ROBOTS and task.hops == MAX_HOPS:
                self.without_rules.add(task.referrer)
        elif kind in ("transient", "wait"):
            outcome = failure(task, "status-503", transient=True, retry_after=5.0 if kind == "wait" else None)
        elif kind.startswith("worker-"):
            outcome = failure(task, kind, transient=True)
        elif kind == "final":
            outcome = failure(task, "status-404")
            if task.role is Role.ROBOTS:
                self.without_rules.add(task.referrer)
        elif task.role is Role.ROBOTS:
            outcome = robots(task, "User-agent: *\nDisallow: /private/")
        else:
            outcome = skip(task) if kind == "skip" else page(task, *links)
        self.frontier.complete(outcome, self.now)
        self.ended[host(task.url)] = self.now
        self.look()

    def look(self) -> None:
        changes = self.frontier.take_changes()
        self.taken_up.update(task.url for task in changes.taken_up)
        self.settled.update(page.task.url for page in changes.settled)
        for task in changes.overdue:
            if task in self.flying:
                self.flying.remove(task)
                self.overdue.append(task)


TestCrawl = Crawl.TestCase
TestCrawl.settings = settings(settings.default, stateful_step_count=60)
