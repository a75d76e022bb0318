"""Whatever comes back, in whatever order, late or never: each URL is settled once, politely, and the crawl ends."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crawler.core import backlog
from crawler.core.frontier import Done, Frontier, Wait
from crawler.core.politeness import FIRST_PAUSE, HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.robots import MAX_HOPS
from crawler.core.rules import CrawlRules
from crawler.core.traps import TrapLimits
from crawler.model import Role, Task
from crawler.urls import HostSet, Scope, host, origin, path_and_query
from tests.answers import failure, page, redirect, robots, skip

HOSTS = ("a.test", "b.test", "c.test")
LEASE = 20.0
URLS = st.builds(
    lambda name, kind, number: f"http://{name}/{kind}/{number}",
    st.sampled_from((*HOSTS, "offsite.test")),
    st.sampled_from(("list", "item", "private", "other")),
    st.integers(0, 30),
)


class Health:
    """What is known of a host's trouble, worked out once more from the order of events."""

    def __init__(self, rules: HostRules) -> None:
        self.rules = rules
        self.rounds = self.of_round = self.failures = 0
        self.round_began = 0
        self.rests_until = 0.0
        self.retry_after_until = 0.0

    @property
    def given_up(self) -> bool:
        return bool(self.rules.give_up_after) and self.failures >= self.rules.give_up_after

    def failed(self, started: int, latest: int, now: float) -> None:
        """Take a failure of the request that was the `started`th to start, when `latest` had."""
        if self.rounds == 0 or started > self.round_began:
            self.rounds, self.of_round, self.round_began = self.rounds + 1, 0, latest
        self.of_round += 1
        self.failures += self.of_round <= max(1, self.rules.give_up_after // 5)
        if self.rounds > 1:
            pause = min(self.rules.max_backoff, FIRST_PAUSE * 2 ** (self.rounds - 2))
            self.rests_until = max(self.rests_until, now + pause)

    def answered(self) -> None:
        if not self.given_up:
            self.rounds = self.of_round = self.failures = 0
            self.rests_until = 0.0


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
        max_backoff=st.sampled_from([0.0, 2.0, 5.0]),
        give_up_after=st.sampled_from([0, 2, 10]),
        numbered_pages=st.sampled_from([0, 0, 4]),
        seed=st.integers(0, 9),
        grown=st.sampled_from([10, 0, 20]),
        stored=st.booleans(),
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
        max_backoff: float,
        give_up_after: int,
        numbered_pages: int,
        seed: int,
        grown: int,
        stored: bool,
    ) -> None:
        self.treatment = HostRules(per_host, delay, max_backoff, give_up_after)
        self.rules = CrawlRules(
            hosts=self.treatment,
            traps=TrapLimits(numbered_pages=numbered_pages),
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
            recollect=self.recollect if stored else None,
        )
        self.stored: list[Task] = []
        self.frontier.start([f"http://{name}/list/0" for name in HOSTS])
        self.now = 0.0
        self.flying: list[Task] = []
        self.begun: dict[Task, float] = {}
        self.overdue: list[Task] = []
        self.taken_up: Counter[str] = Counter()
        self.settled: Counter[str] = Counter()
        self.ended: dict[str, float] = {}
        self.started: dict[Task, int] = {}
        self.sent = 0
        self.expired: set[Task] = set()
        self.health: dict[str, Health] = defaultdict(lambda: Health(self.treatment))
        self.without_rules: set[str | None] = set()
        self.done = False
        self.urls = 0
        self.serve_all(grown, 2.0, 3)

    # ---- what may happen ---------------------------------------------------------------------------------------------

    @rule()
    def ask(self) -> None:
        step = self.frontier.next(self.now)
        if isinstance(step, Wait) and step.until <= self.now and not self.flying:
            self.write_off()
            step = self.frontier.next(self.now)
        self.look()
        if isinstance(step, Task):
            self.start(step)
        elif isinstance(step, Done):
            self.done = True
        else:
            assert step.until > self.now or self.flying, "a wait is for something"

    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        self.write_off(lambda: data.draw(st.lists(st.sampled_from(self.flying), unique=True)) if self.flying else [])

    def write_off(self, choose: Callable[[], list[Task]] = list) -> None:
        """Give up what is overdue, but for the tasks, if any, that no worker had begun."""

        def recall() -> list[Task]:
            unbegun = choose()
            for task in unbegun:
                self.flying.remove(task)
                del self.started[task]
            return unbegun

        for task in self.frontier.expire(self.now, recall):
            self.expired.add(task)
            self.health[host(task.url)].failed(self.started[task], self.sent, self.now)
            if task in self.flying:
                self.flying.remove(task)
                self.overdue.append(task)
        self.look()

    @rule(rounds=st.integers(1, 3), seconds=st.floats(0.01, 6.0), new=st.integers(1, 6))
    def serve_all(self, rounds: int, seconds: float, new: int) -> None:
        """For a while every page is answered, and brings links that were never seen."""
        self.play(rounds, seconds, lambda task: self.answer(task, "ok", [self.new_url() for _ in range(new)]))

    @rule(name=st.sampled_from(HOSTS), rounds=st.integers(1, 12), seconds=st.floats(0.01, 6.0))
    def be_down(self, name: str, rounds: int, seconds: float) -> None:
        """For a while a host fails whatever it is asked, and the others say nothing."""
        self.play(rounds, seconds, lambda task: self.answer(task, "transient", []), name)

    def new_url(self) -> str:
        self.urls += 1
        return f"http://{HOSTS[self.urls % 3]}/{('item', 'list', 'item', 'private')[self.urls % 4]}/{100 + self.urls}"

    def play(self, rounds: int, seconds: float, answer: Callable[[Task], None], name: str | None = None) -> None:
        for _ in range(rounds):
            for _ in range(sum(self.holds.values()) + 1):
                self.ask()
            for task in [task for task in self.flying if name in (None, host(task.url))]:
                self.flying.remove(task)
                answer(task)
            self.now += seconds

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

    def start(self, task: Task) -> None:
        assert task not in self.started, "no attempt is made twice"
        if task.role is not Role.ROBOTS and origin(task.url) not in self.without_rules:
            assert "/private/" not in task.url, "robots.txt forbids it"
        name = host(task.url)
        if self.treatment.delay and name in self.ended:
            assert self.now >= self.ended[name] + self.treatment.delay
        health = self.health[name]
        assert not health.given_up, "nothing more is asked of a host that was given up"
        assert self.now >= health.rests_until, "a host that keeps failing is left alone for a while"
        assert self.now >= health.retry_after_until, "a host is left alone as long as it asks"
        if health.rounds > 1 and self.treatment.max_backoff:
            assert name not in [host(other.url) for other in self.flying], "it is asked for one page at a time"
        self.flying.append(task)
        self.begun[task] = self.now
        self.sent += 1
        self.started[task] = self.sent

    @invariant()
    def the_hosts_that_are_given_up_are_those_that_failed_too_often(self) -> None:
        if hasattr(self, "flying"):
            hopeless = {name for name, health in self.health.items() if health.given_up}
            assert set(self.frontier.tally.hosts_given_up) == hopeless

    @invariant()
    def no_family_of_pages_is_over_its_limit(self) -> None:
        most = self.rules.traps.numbered_pages if hasattr(self, "flying") else 0
        families = Counter((host(url), path_and_query(url).split("/")[1]) for url in getattr(self, "taken_up", ()))
        for (_, kind), number in families.items():
            assert not most or number <= most + (kind == "list"), "the start page is taken up whatever the limit"

    @invariant()
    def no_host_is_over_its_limit(self) -> None:
        if not hasattr(self, "flying"):
            return
        slots = 1 if self.treatment.delay else self.treatment.per_host
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
            self.look()
            if isinstance(step, Task):
                self.start(step)
            elif isinstance(step, Done):
                break
            elif self.flying:
                self.answer(self.flying.pop(), "ok", [])
            else:
                assert step.until < float("inf"), "it waits for nothing"
                self.now = max(self.now, step.until)
                self.write_off()
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
        health = self.health[host(task.url)]
        if task not in self.expired:
            if kind in ("transient", "wait"):
                health.failed(self.started[task], self.sent, self.now)
            elif not kind.startswith("worker-"):
                health.answered()
            if kind == "wait":
                health.retry_after_until = self.now + 5.0
        self.frontier.complete(outcome, self.now)
        self.ended[host(task.url)] = self.now
        self.look()

    def recollect(self, numbers: Sequence[int]) -> list[Task]:
        return [self.stored[number - 1] for number in numbers]

    def look(self) -> None:
        changes = self.frontier.take_changes()
        self.stored += changes.taken_up
        self.taken_up.update(task.url for task in changes.taken_up)
        self.settled.update(page.task.url for page in changes.settled)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let most of what waits be out of memory, where there is whence to get it back."""
    monkeypatch.setattr(backlog, "WINDOW", 3)
    monkeypatch.setattr(backlog, "SCANT_WINDOW", 1)
    monkeypatch.setattr(backlog, "ROOM", 5)


TestCrawl = Crawl.TestCase
TestCrawl.settings = settings(settings.default, stateful_step_count=60)
