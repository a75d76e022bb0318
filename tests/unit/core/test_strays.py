"""What a crawl finds must not depend on which of several start URLs answers first, nor on when it was cut short."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from random import Random

import pytest

from crawler.core import strays
from crawler.core.frontier import Frontier
from crawler.core.strays import Strays
from crawler.core.traps import TrapLimits
from crawler.model import Changes, Outcome, Role, Task, Verdict
from tests.answers import failure, page, redirect
from tests.unit.core.test_frontier import make, one, take

A, B, C = "http://a.test", "http://b.test", "http://c.test"
STARTS = (f"{A}/", f"{A}/other")
URLS = (*STARTS, f"{A}/1", f"{A}/2", f"{B}/", f"{B}/1", f"{C}/")
Web = Mapping[str, str | Sequence[str]]
"""What each URL answers: where it redirects to, or its links."""


class Crawl:
    """A crawl of a small web, whose answers come in the order of `ranks`, and which can be taken up again."""

    def __init__(self, web: Web, ranks: Sequence[str]) -> None:
        self.web = web
        self.ranks = ranks
        self.changes = Changes()
        self.frontier = make(*STARTS)

    def run(self, answers: int = 100) -> dict[str, tuple[Verdict, str | None]]:
        """Let so many answers come; return what became of each URL so far."""
        flying: list[Task] = []
        for _ in range(answers):
            flying += take(self.frontier)
            if not flying:
                break
            flying.sort(key=lambda task: self.ranks.index(task.url), reverse=True)
            self.frontier.complete(self.answer(flying.pop()), 0.0)
        new = self.frontier.take_changes()
        self.changes.taken_up += new.taken_up
        self.changes.settled += new.settled
        self.changes.strays += new.strays
        return {page.task.url: (page.verdict, page.reason) for page in self.changes.settled}

    def take_up_again(self) -> None:
        """Go on with what was stored, as after `kill -9`."""
        stored = self.changes
        self.frontier = make(*STARTS, go_on=(stored.settled, stored.taken_up, stored.strays))

    def answer(self, task: Task) -> Outcome:
        answer = self.web[task.url]
        return redirect(task, answer) if isinstance(answer, str) else page(task, *answer)


def webs(seed: int, number: int) -> Iterable[tuple[Web, Callable[[], Sequence[str]]]]:
    """Return small webs, each with what draws an order of their pages."""
    draw = Random(seed)
    for _ in range(number):
        yield (
            {url: draw.choice(URLS) if draw.random() < 0.4 else draw.sample(URLS, draw.randint(0, 3)) for url in URLS},
            lambda: draw.sample(URLS, len(URLS)),
        )


def test_which_pages_are_fetched_does_not_depend_on_the_order_of_the_answers() -> None:
    reached = set()
    for web, order in webs(1, 500):
        found = [frozenset(Crawl(web, order()).run()) for _ in range(4)]
        assert len({*found}) == 1, web
        reached |= found[0]
    assert reached == {*URLS}


def test_a_crawl_that_is_cut_short_finds_what_it_would_have_found() -> None:
    for web, order in webs(2, 200):
        ranks = order()
        whole = Crawl(web, ranks).run()
        for answers in range(1, len(whole)):
            cut = Crawl(web, ranks)
            cut.run(answers)
            cut.take_up_again()
            assert cut.run() == whole, (web, ranks, answers)


ROUNDABOUT = {
    f"{A}/": f"{A}/1",
    f"{A}/other": [f"{A}/1", f"{A}/2"],
    f"{A}/1": f"{B}/",
    f"{A}/2": [f"{C}/", f"{B}/1"],
    f"{B}/": [f"{B}/1"],
    f"{B}/1": [],
}
"""A start URL leads to another host by way of a page that is met elsewhere, too."""


@pytest.mark.parametrize("order", [*permutations([f"{A}/", f"{A}/other", f"{A}/1", f"{A}/2"])])
@pytest.mark.parametrize("answers", range(6))
def test_a_start_url_may_lead_on_by_way_of_a_page_that_is_met_elsewhere(order: tuple[str, ...], answers: int) -> None:
    crawl = Crawl(ROUNDABOUT, [*order, f"{B}/", f"{B}/1"])
    crawl.run(answers)
    crawl.take_up_again()
    assert crawl.run().keys() == ROUNDABOUT.keys()


def test_a_redirect_to_another_host_is_followed_when_a_start_url_leads_there_later() -> None:
    frontier = make(*STARTS)
    moved, other = take(frontier)
    frontier.complete(page(other, f"{A}/old"), 0.0)
    frontier.complete(redirect(one(frontier), f"{B}/new"), 0.0)
    frontier.complete(redirect(moved, f"{B}/"), 0.0)
    assert take(frontier) == [
        Task(f"{B}/", Role.DETAIL, hops=1, referrer=f"{A}/"),
        Task(f"{B}/new", Role.DETAIL, depth=1, hops=1, referrer=f"{A}/old"),
    ]


def test_what_is_kept_for_a_start_url_that_failed_is_there_when_it_is_tried_once_more() -> None:
    frontier = make(*STARTS)
    start, other = take(frontier)
    frontier.complete(failure(start, transient=False), 0.0)
    frontier.complete(page(other, f"{B}/x"), 0.0)
    changes = frontier.take_changes()
    settled = [page for page in changes.settled if page.verdict is not Verdict.FAILED]
    again = make(*STARTS, go_on=(settled, changes.taken_up, changes.strays))
    again.complete(redirect(one(again), f"{B}/"), 0.0)
    assert [task.url for task in take(again)] == [f"{B}/", f"{B}/x"]


def kept(frontier: Frontier) -> list[str]:
    """Return what was kept and is to be stored."""
    return [task.url for task in frontier.take_changes().strays]


def test_nothing_is_kept_when_all_start_urls_have_answered() -> None:
    frontier = make(f"{A}/")
    frontier.complete(page(one(frontier), f"{A}/1", f"{B}/x"), 0.0)
    assert kept(frontier) == []
    frontier.complete(page(one(frontier), f"{B}/y"), 0.0)
    assert kept(frontier) == []


@pytest.mark.parametrize(
    "options",
    [
        {"hosts": ("a.test",), "widen_scope": False},
        {"details": ("/item/*",)},
        {"traps": TrapLimits(path_length=3)},
    ],
    ids=["hosts that were named", "what no pattern takes up", "paths longer than any that is taken up"],
)
def test_what_would_never_be_taken_up_is_not_kept(options: dict[str, object]) -> None:
    frontier = make(*STARTS, **options)  # type: ignore[arg-type]
    frontier.complete(page(take(frontier)[1], f"{B}/long"), 0.0)
    assert kept(frontier) == []


def test_there_is_a_most_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strays, "KEPT", 2)
    waiting = Strays()
    tasks = [Task(f"{host}/{number}", Role.DETAIL) for number in range(2) for host in (B, C)]
    assert [waiting.keep(task) for task in (tasks[0], *tasks)] == [True, False, True, False, False]
    assert waiting.take("b.test") == [tasks[0]]
    assert waiting.keep(tasks[2])
    assert not waiting.keep(tasks[3])
    for number in range(3):
        waiting.note_redirect(f"{A}/{number}", f"{A}/{number + 1}")
    assert [*waiting.lead_on(f"{A}/0")] == [f"{A}/1", f"{A}/2"]
    waiting.forget()
    assert waiting.take("b.test") == waiting.take("c.test") == []
