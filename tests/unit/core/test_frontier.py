"""The frontier's decisions, each by itself. No clock: time is a number."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest

from crawler.core import backlog
from crawler.core.backlog import Recollect
from crawler.core.frontier import Done, Frontier, Wait
from crawler.core.politeness import HostRules
from crawler.core.queues import HostQueues
from crawler.core.retry import RetryPolicy
from crawler.core.rules import CrawlRules
from crawler.core.traps import TrapLimits
from crawler.model import ADDRESS_FORBIDDEN, Outcome, Role, Settled, Task, Verdict
from crawler.urls import HostSet, Scope
from crawler.work.retry_after import retry_after
from tests.answers import failure, page, redirect, robots, skip

A = "http://a.test"


def make(
    *starts: str,
    holds: int = 5,
    lists: tuple[str, ...] = (),
    details: tuple[str, ...] = (),
    hosts: tuple[str, ...] = (),
    go_on: tuple[Iterable[Any], ...] = (),
    recollect: Recollect | None = None,
    **rules: Any,
) -> Frontier:
    treatment = {field.name: rules.pop(field.name) for field in fields(HostRules) if field.name in rules}
    rules = {"obey_robots": False, "retry": RetryPolicy(3, 1.0, 60.0), "hosts": HostRules(**treatment)} | rules
    frontier = Frontier(
        CrawlRules(**rules),
        Scope(HostSet(hosts), list_patterns=lists, detail_patterns=details),
        holds={Role.LIST: holds, Role.DETAIL: holds},
        leases={Role.LIST: 30.0, Role.DETAIL: 30.0},
        random=Random(1),
        recollect=recollect,
    )
    frontier.start(starts or (f"{A}/",), *go_on)
    return frontier


def take(frontier: Frontier, now: float = 0.0) -> list[Task]:
    """Return all tasks that may start now."""
    tasks = []
    while isinstance(step := frontier.next(now), Task):
        tasks.append(step)
    return tasks


def one(frontier: Frontier, now: float = 0.0) -> Task:
    (task,) = take(frontier, now)
    return task


def verdicts(frontier: Frontier) -> dict[str, tuple[str, str | None]]:
    """Return how each URL settled since the last call ended."""
    return {s.task.url: (s.verdict.value, s.reason) for s in frontier.take_changes().settled}


def test_a_crawl_of_one_page_ends_when_it_is_settled() -> None:
    frontier = make()
    task = one(frontier)
    assert isinstance(frontier.next(1.0), Wait)
    frontier.complete(page(task), 1.0)
    assert isinstance(frontier.next(1.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("ok", None)}


def test_a_link_is_taken_up_once_with_depth_and_referrer() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/x", f"{A}/x", f"{A}/"), 0.0)
    assert one(frontier) == Task(f"{A}/x", Role.DETAIL, depth=1, referrer=f"{A}/")


def test_links_out_of_scope_are_left() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), "http://b.test/", "http://a.test:81/", "https://a.test/in"), 0.0)
    assert one(frontier).url == "https://a.test/in"
    assert frontier.tally.left_out == {"offsite": 2}


def test_it_is_counted_how_many_items_lack_a_field() -> None:
    frontier = make()
    task = one(frontier)
    record = {"title": "", "price": None, "tags": [], "size": 0, "sold": ["x"]}
    frontier.complete(replace(page(task), record=record), 0.0)
    assert frontier.tally.fields_missing == {"price": 1, "tags": 1}
    again = make()
    again.tally.restore(frontier.tally.counters())
    assert again.tally.fields_missing == {"price": 1, "tags": 1}


def test_with_patterns_only_what_matches_is_taken_up() -> None:
    frontier = make(f"{A}/start", lists=("/list*",), details=("/item/*",))
    start = one(frontier)
    assert start.role is Role.LIST
    frontier.complete(page(start, f"{A}/list?p=2", f"{A}/item/1", f"{A}/about"), 0.0)
    assert {(task.url, task.role) for task in take(frontier)} == {
        (f"{A}/list?p=2", Role.LIST),
        (f"{A}/item/1", Role.DETAIL),
    }
    assert frontier.tally.left_out == {"filtered": 1}


def test_no_more_than_the_backend_holds_is_handed_over() -> None:
    frontier = make(holds=2)
    frontier.complete(page(one(frontier), *(f"{A}/{n}" for n in range(9))), 0.0)
    first = take(frontier)
    assert len(first) == 2
    frontier.complete(page(first[0]), 0.0)
    assert len(take(frontier)) == 1


def test_a_host_has_per_host_slots() -> None:
    frontier = make(per_host=3)
    frontier.complete(page(one(frontier), *(f"{A}/{n}" for n in range(9))), 0.0)
    assert len(take(frontier)) == 3


def test_a_delay_means_one_request_and_a_pause_after_its_end() -> None:
    frontier = make(delay=2.0)
    frontier.complete(page(one(frontier), f"{A}/1", f"{A}/2"), 10.0)
    assert frontier.next(11.9) == Wait(12.0)
    task = one(frontier, 12.0)
    frontier.complete(page(task), 20.0)
    assert take(frontier, 21.9) == []
    assert one(frontier, 22.0).url == f"{A}/2"


def test_a_slow_host_starves_no_other() -> None:
    frontier = make(f"{A}/", "http://b.test/", delay=5.0)
    tasks = {task.url: task for task in take(frontier)}
    frontier.complete(page(tasks["http://b.test/"], *(f"http://b.test/{n}" for n in range(3))), 0.0)
    frontier.complete(page(tasks[f"{A}/"], *(f"{A}/{n}" for n in range(100))), 0.0)
    assert {task.url for task in take(frontier, 5.0)} == {f"{A}/0", "http://b.test/0"}


def test_list_pages_are_withheld_while_enough_details_wait() -> None:
    frontier = make(f"{A}/list/0", lists=("/list/*",), details=("/item/*",), consumers=2, capacity=2, holds=4)
    frontier.complete(page(one(frontier), *(f"{A}/item/{n}" for n in range(9)), f"{A}/list/1"), 0.0)
    held = take(frontier)
    assert [task.role for task in held] == [Role.DETAIL] * 4
    for task in held:
        frontier.complete(page(task), 0.0)
    held = take(frontier)
    assert [task.role for task in held] == [Role.DETAIL] * 4, "2 in work, 2 in the hand-off, 1 here: enough"
    frontier.complete(page(held[0]), 0.0)
    assert [task.role for task in take(frontier)] == [Role.DETAIL], "2 in work, 2 in the hand-off: still enough"
    frontier.complete(page(held[1]), 0.0)
    assert [task.role for task in take(frontier)] == [Role.LIST], "only 1 waits: time for more"


@pytest.mark.parametrize("gently", [{"per_host": 1}, {"delay": 0.001}], ids=["one at once", "a delay"])
def test_on_a_single_slot_list_pages_wait_however_many_there_are(gently: dict[str, float]) -> None:
    frontier = make(f"{A}/list/0", lists=("/list/*",), details=("/item/*",), consumers=2, capacity=2, **gently)
    links = [*(f"{A}/list/{n}" for n in range(1, 99)), *(f"{A}/item/{n}" for n in range(4))]
    frontier.complete(page(one(frontier), *links), 0.0)
    roles = []
    for now in range(1, 6):
        task = one(frontier, float(now))
        roles.append(task.role)
        frontier.complete(page(task), float(now))
    assert roles == [Role.DETAIL] * 3 + [Role.LIST] * 2, "while two wait: then one does"


def test_list_pages_get_half_of_the_slots_where_there_are_many_of_them() -> None:
    frontier = make(f"{A}/list/0", lists=("/list/*",), details=("/item/*",), consumers=2, capacity=2, per_host=4)
    links = [*(f"{A}/list/{n}" for n in range(1, 99)), *(f"{A}/item/{n}" for n in range(99))]
    frontier.complete(page(one(frontier), *links), 0.0)
    assert Counter(task.role for task in take(frontier)) == {Role.LIST: 2, Role.DETAIL: 2}


def test_of_consumers_only_those_count_that_a_host_lets_work() -> None:
    frontier = make(f"{A}/list/0", lists=("/list/*",), details=("/item/*",), consumers=8, capacity=2, per_host=4)
    links = [*(f"{A}/list/{n}" for n in range(1, 7)), *(f"{A}/item/{n}" for n in range(20))]
    frontier.complete(page(one(frontier), *links), 0.0)
    assert [task.role for task in take(frontier)] == [Role.DETAIL] * 4, "20 for 2 of them are work enough"


def test_a_host_that_is_given_up_has_no_slots() -> None:
    queues = HostQueues(HostRules(per_host=3))
    for number, url in enumerate((f"{A}/1", f"{A}/2", "http://b.test/"), 1):
        queues.add(Task(url, Role.DETAIL), number)
    assert (queues.slots(100), queues.slots(4)) == (6, 4)
    assert len([*queues.drain("a.test")]) == 2
    assert queues.slots(100) == 3


def test_details_that_may_not_start_do_not_hold_up_list_pages() -> None:
    frontier = make(
        f"{A}/list/0", "http://b.test/list/0", lists=("/list/*",), details=("/item/*",), capacity=1, per_host=1
    )
    first = {task.url: task for task in take(frontier)}
    frontier.complete(page(first[f"{A}/list/0"], *(f"{A}/item/{n}" for n in range(9))), 0.0)
    assert one(frontier).url == f"{A}/item/0"
    frontier.complete(page(first["http://b.test/list/0"], "http://b.test/list/1"), 0.0)
    assert one(frontier).url == "http://b.test/list/1"


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_page_limit_is_never_overshot(limit: int) -> None:
    frontier = make(max_pages=limit)
    flying = take(frontier)
    fetched = 0
    while flying:
        fetched += 1
        frontier.complete(page(flying.pop(), *(f"{A}/{fetched}-{n}" for n in range(4))), 0.0)
        flying += take(frontier)
        assert fetched + len(flying) <= limit
    assert fetched == limit
    assert isinstance(frontier.next(0.0), Done)
    assert frontier.pending > 0


def test_skipped_pages_do_not_count_against_the_limit() -> None:
    frontier = make(max_pages=2)
    frontier.complete(page(one(frontier), f"{A}/1", f"{A}/2"), 0.0)
    frontier.complete(skip(one(frontier)), 0.0)
    assert one(frontier).url == f"{A}/2"


def test_a_depth_is_the_least_that_any_path_gives() -> None:
    frontier = make(max_depth=2)
    frontier.complete(page(one(frontier), f"{A}/quick", f"{A}/slow"), 0.0)
    quick, slow = take(frontier)
    frontier.complete(page(quick, f"{A}/deep"), 0.0)
    assert take(frontier) == [], "a level is begun when the one above is settled"
    frontier.complete(page(slow, f"{A}/deep", f"{A}/deep2"), 0.0)
    deep, deep2 = take(frontier)
    assert deep.depth == deep2.depth == 2
    frontier.complete(page(deep, f"{A}/too-deep"), 0.0)
    frontier.complete(page(deep2), 0.0)
    assert isinstance(frontier.next(0.0), Done)


# ---- retries -------------------------------------------------------------------------------------------------------


def test_a_transient_failure_is_tried_again_later_and_later() -> None:
    frontier = make()
    task = one(frontier)
    frontier.complete(failure(task, "timeout", transient=True), 100.0)
    step = frontier.next(100.0)
    assert isinstance(step, Wait)
    assert 101.0 <= step.until <= 101.5
    again = one(frontier, 102.0)
    assert again.attempt == 2
    frontier.complete(failure(again, "timeout", transient=True), 200.0)
    step = frontier.next(200.0)
    assert isinstance(step, Wait)
    assert 202.0 <= step.until <= 203.0
    frontier.complete(failure(one(frontier, 203.0), "timeout", transient=True), 300.0)
    assert isinstance(frontier.next(300.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("failed", "timeout")}
    assert frontier.tally.retries == 2


def test_a_final_failure_is_not_tried_again() -> None:
    frontier = make()
    frontier.complete(failure(one(frontier), "status-404"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("failed", "status-404")}


def test_retry_after_makes_the_whole_host_wait() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/1", f"{A}/2"), 0.0)
    first, second = take(frontier)
    frontier.complete(failure(first, "status-429", transient=True, retry_after=7.0), 10.0)
    frontier.complete(page(second, f"{A}/3"), 10.0)
    assert frontier.next(16.9) == Wait(17.0)
    assert {task.url for task in take(frontier, 17.0)} == {f"{A}/1", f"{A}/3"}


def test_a_retry_after_of_a_year_is_heeded_only_as_far_as_the_limit() -> None:
    frontier = make()
    frontier.complete(failure(one(frontier), "status-503", transient=True, retry_after=31_536_000.0), 0.0)
    assert frontier.next(0.0) == Wait(60.0)


# ---- leases --------------------------------------------------------------------------------------------------------


def test_a_task_that_does_not_come_back_is_a_timeout_and_its_late_answer_is_ignored() -> None:
    frontier = make()
    task = one(frontier)
    assert frontier.next(29.0) == Wait(30.0)
    assert not frontier.expire(29.0)
    assert frontier.expire(30.0) == [task]
    again = one(frontier, 40.0)
    assert again.attempt == 2
    frontier.complete(page(task, f"{A}/late"), 41.0)
    assert verdicts(frontier) == {}
    frontier.complete(page(again), 42.0)
    assert verdicts(frontier) == {f"{A}/": ("ok", None)}
    assert isinstance(frontier.next(42.0), Done)


def test_what_no_worker_had_begun_when_others_were_overdue_is_pending_again_and_not_late() -> None:
    frontier = grown(2)
    hanging, waiting = take(frontier)
    assert frontier.expire(30.0, lambda: [waiting]) == [hanging]
    assert take(frontier, 30.0) == [waiting]


def test_the_host_slot_of_an_overdue_task_is_held_until_it_comes_back() -> None:
    frontier = make(per_host=1)
    task = one(frontier)
    assert frontier.expire(45.0) == [task]
    assert take(frontier, 45.0) == [], "the slot is still taken"
    frontier.complete(page(task), 47.0)
    assert one(frontier, 47.0).attempt == 2


def test_the_host_slot_of_an_overdue_task_is_freed_after_a_second_lease() -> None:
    frontier = make(per_host=1)
    (task,) = take(frontier)
    assert frontier.expire(35.0) == [task]
    assert take(frontier, 35.0) == []
    assert frontier.expire(65.0) == []
    assert one(frontier, 65.0).attempt == 2


# ---- links from elsewhere ------------------------------------------------------------------------------------------


def test_a_start_url_is_what_the_patterns_say_though_links_to_it_are_denied() -> None:
    scope = Scope(HostSet(), list_patterns=("/list/*",), detail_patterns=("/item/*",), deny=("/item/*", "/other"))
    assert scope.role(f"{A}/item/1") is None
    roles = [scope.start_role(f"{A}{path}") for path in ("/item/1", "/list/1", "/other", "/")]
    assert roles == [Role.DETAIL, Role.LIST, Role.LIST, Role.LIST]
    assert Scope(HostSet(), allow=("/item/*",)).start_role(f"{A}/") is Role.DETAIL


def test_links_from_elsewhere_are_taken_up_as_those_of_a_page_are() -> None:
    frontier = make(max_depth=3, lists=("/",), details=("/item/*",))
    links = [f"{A}/item/1", f"{A}/item/1", f"{A}/", f"{A}/filtered", "http://b.test/item/1"]
    frontier.follow(links, 3, "http://c.test/")
    frontier.follow(links, 1, "http://d.test/")
    frontier.follow([f"{A}/item/2"], 4, "http://c.test/")
    start, *found = frontier.take_changes().taken_up
    assert start.url == f"{A}/"
    assert found == [Task(f"{A}/item/1", Role.DETAIL, 3, referrer="http://c.test/")]


def test_a_crawl_that_was_at_its_end_goes_on_when_a_link_comes_from_elsewhere() -> None:
    frontier = make()
    frontier.complete(page(one(frontier)), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    frontier.follow([f"{A}/late"], 2, "http://c.test/")
    assert one(frontier).url == f"{A}/late"


# ---- redirects -----------------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_by_the_frontier_one_hop_at_a_time() -> None:
    frontier = make()
    frontier.complete(redirect(one(frontier), f"{A}/new"), 0.0)
    task = one(frontier)
    assert (task.url, task.depth, task.hops, task.referrer) == (f"{A}/new", 0, 1, f"{A}/")
    frontier.complete(page(task), 0.0)
    assert verdicts(frontier) == {f"{A}/": ("skipped", "redirected"), f"{A}/new": ("ok", None)}


def test_a_redirect_to_a_page_that_is_known_brings_nothing_new() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/x"), 0.0)
    frontier.complete(redirect(one(frontier), f"{A}/"), 0.0)
    assert isinstance(frontier.next(0.0), Done)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_redirect_loop_fails_where_it_closes(length: int) -> None:
    frontier = make()
    urls = [f"{A}/loop{n}" for n in range(length)]
    frontier.complete(page(one(frontier), urls[0]), 0.0)
    for n in range(length):
        frontier.complete(redirect(one(frontier), urls[(n + 1) % length]), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier)[urls[-1]] == ("failed", "redirect-limit")


def test_a_redirect_to_a_page_that_is_known_is_one_whatever_the_patterns_say_of_that() -> None:
    frontier = make(details=("/item/*",))
    frontier.complete(page(one(frontier), f"{A}/item/1"), 0.0)
    frontier.complete(redirect(one(frontier), f"{A}/"), 0.0)
    assert verdicts(frontier)[f"{A}/item/1"] == ("skipped", "redirected")


def taken_up_again(before: Frontier, *starts: str, **rules: Any) -> Frontier:
    """Return a frontier that goes on where another has come to."""
    changes = before.take_changes()
    settled = {page.task.url for page in changes.settled}
    pending = [task for task in changes.taken_up if task.url not in settled]
    return make(*starts, go_on=(changes.settled, pending), **rules)


@pytest.mark.parametrize("length", [1, 2])
def test_a_redirect_into_a_loop_is_no_loop_when_the_crawl_is_taken_up_again(length: int) -> None:
    before = make()
    loop = [f"{A}/loop{n}" for n in range(length)]
    before.complete(page(one(before), f"{A}/into", loop[0]), 0.0)
    _, task = take(before)
    for n in range(1, length):
        before.complete(redirect(task, loop[n]), 0.0)
        task = one(before)
    before.complete(redirect(task, loop[0]), 0.0)
    after = taken_up_again(before)
    after.complete(redirect(one(after), loop[0]), 0.0)
    assert verdicts(after) == {f"{A}/into": ("skipped", "redirected")}
    assert isinstance(after.next(0.0), Done)


def test_a_redirect_that_was_one_too_many_leads_nowhere_when_the_crawl_is_taken_up_again() -> None:
    before = make(max_redirects=0)
    before.complete(redirect(one(before), "http://b.test/"), 0.0)
    after = taken_up_again(before, f"{A}/", f"{A}/other", max_redirects=0)
    after.complete(page(one(after), "http://b.test/x"), 0.0)
    assert isinstance(after.next(0.0), Done), "its host is no more in scope than before"


def test_the_hop_after_the_last_allowed_one_fails() -> None:
    frontier = make(max_redirects=2)
    for n in range(3):
        frontier.complete(redirect(one(frontier), f"{A}/{n}"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier)[f"{A}/1"] == ("failed", "redirect-limit")


def test_a_redirect_out_of_scope_is_not_followed() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/out"), 0.0)
    frontier.complete(redirect(one(frontier), "http://b.test/"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier)[f"{A}/out"] == ("skipped", "offsite")


def test_where_a_start_url_redirects_its_targets_host_is_in_scope() -> None:
    frontier = make()
    frontier.complete(redirect(one(frontier), "https://www.a.test/"), 0.0)
    frontier.complete(page(one(frontier), "https://www.a.test/x", f"{A}/y"), 0.0)
    assert len(take(frontier)) == 2


def test_allowed_hosts_are_not_widened_by_a_start_urls_redirect() -> None:
    frontier = make(hosts=("a.test",), widen_scope=False)
    frontier.complete(redirect(one(frontier), "http://b.test/"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("skipped", "offsite")}


# ---- robots.txt ----------------------------------------------------------------------------------------------------


def answered(text: str, *links: str) -> Frontier:
    """Return a frontier whose host has this robots.txt and whose start page has these links."""
    frontier = make(obey_robots=True, user_agent="crawler/1.0")
    frontier.complete(robots(one(frontier), text), 0.0)
    frontier.complete(page(one(frontier), *links), 0.0)
    return frontier


def test_robots_txt_comes_first_and_its_hosts_pages_wait() -> None:
    frontier = make(obey_robots=True)
    task = one(frontier)
    assert task == Task(f"{A}/robots.txt", Role.ROBOTS, referrer=A)
    frontier.complete(robots(task), 0.0)
    assert one(frontier).url == f"{A}/"


def test_what_robots_txt_forbids_is_skipped_without_a_request() -> None:
    frontier = answered("User-agent: *\nDisallow: /private", f"{A}/private/1", f"{A}/public")
    assert one(frontier).url == f"{A}/public"
    settled = {s.task.url: s for s in frontier.take_changes().settled}[f"{A}/private/1"]
    assert (settled.verdict, settled.reason, settled.attempts, settled.outcome) == (Verdict.SKIPPED, "robots", 0, None)


def test_our_own_group_counts_and_not_the_one_for_all() -> None:
    frontier = answered("User-agent: *\nDisallow: /\n\nUser-agent: crawler\nDisallow: /x", f"{A}/x", f"{A}/y")
    assert one(frontier).url == f"{A}/y"


def test_crawl_delay_is_honoured() -> None:
    frontier = make(obey_robots=True)
    frontier.complete(robots(one(frontier), "User-agent: *\nCrawl-delay: 3"), 1.0)
    assert frontier.next(1.0) == Wait(4.0), "the request for robots.txt counts"
    frontier.complete(page(one(frontier, 4.0), f"{A}/x"), 5.0)
    assert frontier.next(5.0) == Wait(8.0)


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("status-401", True),
        ("status-403", True),
        ("status-404", True),
        ("status-410", True),
        ("status-429", False),
        ("status-500", False),
        ("status-503", False),
        ("timeout", False),
        ("connection", False),
        ("tls", False),
    ],
)
def test_what_holds_without_a_robots_txt(kind: str, allowed: bool) -> None:
    frontier = make(obey_robots=True, retry=RetryPolicy(attempts=1))
    frontier.complete(failure(one(frontier), kind, transient=True), 0.0)
    step = frontier.next(0.0)
    if allowed:
        assert isinstance(step, Task)
        assert step.url == f"{A}/"
    else:
        assert isinstance(step, Done)
        assert verdicts(frontier) == {f"{A}/": ("skipped", "robots")}
    assert (A in frontier.tally.robots_failures) == (not allowed), "that there is none is an answer"


@pytest.mark.parametrize(("hops", "text_counts"), [(5, True), (6, False)])
def test_robots_txt_may_be_five_redirects_away_and_out_of_scope(hops: int, text_counts: bool) -> None:
    frontier = make(obey_robots=True)
    task = one(frontier)
    for n in range(hops):
        frontier.complete(redirect(task, f"http://elsewhere.test/{n}"), 0.0)
        if n < 5:
            task = one(frontier)
            assert (task.url, task.role) == (f"http://elsewhere.test/{n}", Role.ROBOTS)
    if text_counts:
        frontier.complete(robots(task, "User-agent: *\nDisallow: /"), 0.0)
        assert isinstance(frontier.next(0.0), Done)
    else:
        assert one(frontier).url == f"{A}/", "too many redirects mean that there is none (RFC 9309 section 2.3.1.2)"


def test_the_pages_of_a_forbidden_address_fail_for_that_reason_and_are_not_asked_for() -> None:
    frontier = make(f"{A}/1", f"{A}/2", "http://b.test/", obey_robots=True)
    first, other = take(frontier)
    frontier.complete(failure(first, ADDRESS_FORBIDDEN), 0.0)
    frontier.complete(robots(other), 0.0)
    assert one(frontier).url == "http://b.test/"
    settled = frontier.take_changes().settled
    assert {it.task.url for it in settled} == {f"{A}/1", f"{A}/2"}
    for it in settled:
        assert (it.verdict, it.reason, it.attempts) == (Verdict.FAILED, ADDRESS_FORBIDDEN, 0)
    assert frontier.tally.robots_failures[A].startswith(ADDRESS_FORBIDDEN)


def test_a_robots_txt_that_has_moved_to_a_forbidden_address_cannot_be_had() -> None:
    frontier = make(obey_robots=True)
    frontier.complete(redirect(one(frontier), "http://b.test/robots.txt"), 0.0)
    frontier.complete(failure(one(frontier), ADDRESS_FORBIDDEN), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("skipped", "robots")}


def test_each_origin_has_its_own_robots_txt() -> None:
    frontier = make("http://a.test/", "https://a.test/", obey_robots=True)
    assert {task.url for task in take(frontier)} == {"http://a.test/robots.txt", "https://a.test/robots.txt"}


# ---- dead workers --------------------------------------------------------------------------------------------------


def died(task: Task) -> Outcome:
    return failure(task, "worker-died", transient=True)


def test_suspects_are_tried_again_one_at_a_time_and_only_the_killer_fails() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/x", f"{A}/killer", f"{A}/y"), 0.0)
    for task in take(frontier):
        frontier.complete(died(task), 0.0)
    seen = []
    while isinstance(step := frontier.next(0.0), Task):
        assert isinstance(frontier.next(0.0), Wait), "nothing else is in flight beside a suspect"
        seen.append(step.url)
        frontier.complete(died(step) if "killer" in step.url else page(step), 0.0)
    assert seen == [f"{A}/x", f"{A}/killer", f"{A}/y"]
    assert {url: v for url, v in verdicts(frontier).items() if v[0] != "ok"} == {
        f"{A}/killer": ("failed", "worker-died")
    }


def stopped(task: Task) -> Outcome:
    return failure(task, "worker-stopped", transient=True)


def test_what_was_stopped_for_anothers_sake_goes_on_beside_the_others() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/x", f"{A}/killer", f"{A}/y"), 0.0)
    for task in take(frontier):
        frontier.complete(died(task) if "killer" in task.url else stopped(task), 0.0)
    (suspect,) = take(frontier)
    assert suspect.url == f"{A}/killer"
    frontier.complete(died(suspect), 0.0)
    bystanders = take(frontier)
    assert {(task.url, task.attempt) for task in bystanders} == {(f"{A}/x", 2), (f"{A}/y", 2)}
    for task in bystanders:
        frontier.complete(page(task), 0.0)
    assert verdicts(frontier) == {
        f"{A}/": ("ok", None),
        f"{A}/killer": ("failed", "worker-died"),
        f"{A}/x": ("ok", None),
        f"{A}/y": ("ok", None),
    }


def test_what_is_there_whenever_a_worker_is_lost_is_tried_alone_and_fails_in_the_end() -> None:
    frontier = make()
    frontier.complete(page(one(frontier), f"{A}/x", f"{A}/y"), 0.0)
    for task in take(frontier):
        frontier.complete(stopped(task), 0.0)
    for task in take(frontier):
        frontier.complete(stopped(task) if "x" in task.url else page(task, f"{A}/z"), 0.0)
    for attempt in (3, 4, 5):
        (alone,) = take(frontier)
        assert (alone.url, alone.attempt) == (f"{A}/x", attempt)
        frontier.complete(stopped(alone), 0.0)
    assert verdicts(frontier) == {
        f"{A}/": ("ok", None),
        f"{A}/x": ("failed", "worker-stopped"),
        f"{A}/y": ("ok", None),
    }


def test_a_suspect_waits_until_a_task_that_is_overdue_gives_its_slot_back() -> None:
    frontier = make(per_host=2, retry=RetryPolicy(1, 1.0, 60.0))
    frontier.complete(page(one(frontier), f"{A}/down", f"{A}/killer", f"{A}/lost"), 0.0)
    down, killer = take(frontier)
    frontier.complete(failure(down, "status-503", transient=True), 0.0)
    lost = one(frontier)
    frontier.complete(died(killer), 0.0)
    assert frontier.expire(30.0) == [lost]
    assert frontier.next(30.5) == Wait(60.0), "the host has one slot left, and what is overdue holds it"
    frontier.expire(60.0)
    assert one(frontier, 60.0).url == killer.url


def test_a_page_that_was_tried_alone_and_lived_is_no_more_suspect_than_others() -> None:
    frontier = make(retry=RetryPolicy(attempts=9, backoff=1.0))
    frontier.complete(died(one(frontier)), 0.0)
    frontier.complete(failure(one(frontier), "status-503", transient=True), 0.0)
    frontier.complete(died(one(frontier, 10.0)), 10.0)
    assert one(frontier, 10.0).attempt == 4, "it did not fail: it is tried alone again"


def test_a_death_does_not_use_up_the_pages_own_tries() -> None:
    frontier = make(retry=RetryPolicy(attempts=2, backoff=1.0))
    frontier.complete(died(one(frontier)), 0.0)
    frontier.complete(failure(one(frontier), "timeout", transient=True), 0.0)
    assert one(frontier, 10.0).attempt == 3


# ---- stopping and going on -----------------------------------------------------------------------------------------


class Disk:
    """What was taken out of a frontier to be stored, and can be got back."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.asked = 0

    def recollect(self, numbers: Sequence[int]) -> list[Task]:
        self.asked += len(numbers)
        return [self.tasks[number - 1] for number in numbers]


@pytest.mark.parametrize("drained", [True, False], ids=["stored", "not stored yet"])
def test_what_waits_is_got_back_from_disk_or_from_what_is_about_to_be_stored(
    drained: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "WINDOW", 2)
    disk = Disk()
    frontier = make(f"{A}/1", f"{A}/2", holds=1, per_host=1, recollect=disk.recollect)
    seen = []
    while isinstance(step := frontier.next(0.0), Task):
        seen.append(step)
        if drained:
            disk.tasks += frontier.take_changes().taken_up
        number = int(step.url.rpartition("/")[2])
        more = range(10 * number, 10 * number + 10) if number < 10 else ()
        frontier.complete(page(step, *(f"{A}/{name}" for name in more)), 0.0)
    assert [step.url for step in seen] == [f"{A}/{n}" for n in (1, 2, *range(10, 30))]
    assert all(step.referrer == f"{A}/{step.url[-2]}" for step in seen[2:])
    assert disk.asked == (19 if drained else 0), "all but the start pages and one that found room beside them"


def test_a_crawl_that_is_gone_on_with_gets_its_pages_back_the_least_deep_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "WINDOW", 2)
    disk = Disk()
    disk.tasks = [Task(f"{A}/{number}", Role.DETAIL, depth=number % 3) for number in range(20)]
    done = [Settled(task, Verdict.OK, None, 1, page(task)) for task in disk.tasks[::4]]
    frontier = make(f"{A}/0", go_on=(done, disk.tasks), recollect=disk.recollect, holds=1, max_depth=5)
    seen = []
    while isinstance(step := frontier.next(0.0), Task):
        seen.append(step)
        frontier.complete(page(step), 0.0)
    left = [task for task in disk.tasks if task not in disk.tasks[::4]]
    assert seen == sorted(left, key=lambda task: task.depth)


def test_what_is_recalled_is_handed_over_again_in_the_order_of_before() -> None:
    frontier = grown(5)
    first, *others = take(frontier)
    assert [task.url for task in others] == [f"{A}/{n}" for n in range(1, 5)]
    assert frontier.expire(30.0, lambda: others) == [first]
    assert take(frontier, 30.0) == others
    frontier.recall(others[1:], 31.0)
    assert take(frontier, 31.0) == others[1:]


def test_after_cancel_nothing_starts_and_the_end_comes_with_the_last_answer() -> None:
    frontier = make(holds=2)
    frontier.complete(page(one(frontier), *(f"{A}/{n}" for n in range(5))), 0.0)
    first, second = take(frontier)
    frontier.cancel()
    frontier.recall([second], 0.0)
    assert isinstance(frontier.next(0.0), Wait)
    frontier.complete(page(first), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert frontier.pending == 4
    assert not frontier.is_over


def test_a_crawl_whose_last_answer_comes_after_cancel_is_over_all_the_same() -> None:
    frontier = make()
    task = one(frontier)
    frontier.cancel()
    assert not frontier.is_over
    frontier.complete(page(task), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert frontier.is_over


def test_a_crawl_goes_on_where_it_ended() -> None:
    before = make()
    before.complete(page(one(before), f"{A}/1", f"{A}/2", f"{A}/3"), 0.0)
    before.complete(page(take(before)[0], f"{A}/4"), 0.0)
    after = taken_up_again(before)
    assert {task.url for task in take(after)} == {f"{A}/2", f"{A}/3", f"{A}/4"}
    assert after.tally.fetched == 2


# ---- hosts that fail -----------------------------------------------------------------------------------------------


def grown(pages: int, **rules: Any) -> Frontier:
    """Return a frontier whose start page has linked to `pages` others of its host; each is tried once, unless given."""
    defaults = {"holds": 64, "per_host": 64, "retry": RetryPolicy(attempts=1, backoff=1.0), "consumers": 64}
    frontier = make(**(defaults | rules))
    frontier.complete(page(one(frontier), *(f"{A}/{n}" for n in range(pages))), 0.0)
    return frontier


def down(task: Task) -> Outcome:
    return failure(task, "connection", transient=True)


def play(frontier: Frontier, answer: Callable[[Task], Outcome], now: float, until: float = float("inf")) -> float:
    """Let each request end half a second after its start, for a time or to the end; return when that is."""
    while now < until:
        flying = take(frontier, now)
        step = frontier.next(now)
        if isinstance(step, Done):
            break
        assert isinstance(step, Wait)
        now = now + 0.5 if flying else step.until
        for task in flying:
            frontier.complete(answer(task), now)
    return now


@pytest.mark.parametrize("at_once", [1, 10, 64])
def test_a_host_that_fails_for_good_is_given_up_and_each_of_its_pages_says_so(at_once: int) -> None:
    frontier = grown(300, per_host=at_once)
    requests = Counter[str]()

    def answer(task: Task) -> Outcome:
        requests[task.url] += 1
        return down(task)

    play(frontier, answer, 0.0)
    assert 50 <= requests.total() <= 50 + 2 * at_once, "after two rounds it is one at a time"
    settled = {s.task.url: s for s in frontier.take_changes().settled if s.verdict is Verdict.FAILED}
    assert len(settled) == 300
    for url, it in settled.items():
        assert (it.reason, it.attempts) == (("connection", 1) if requests[url] else ("host-given-up", 0))
    assert frontier.tally.hosts_given_up == {"a.test": "connection: connection"}


def test_a_server_that_restarts_while_64_requests_are_in_flight_is_not_given_up() -> None:
    frontier = grown(300, retry=RetryPolicy(attempts=3, backoff=1.0))
    now = play(frontier, down, 0.0, until=6.0)
    play(frontier, page, now)
    outcomes = Counter(s.verdict for s in frontier.take_changes().settled)
    assert outcomes[Verdict.OK] > 230, "all but those that had their three tries meanwhile"
    assert frontier.tally.hosts_given_up == {}


def test_pages_that_are_to_be_tried_again_count_against_max_pages() -> None:
    frontier = grown(30, max_pages=5, retry=RetryPolicy(attempts=3, backoff=3.0))
    requests: set[str] = set()

    def answer(task: Task) -> Outcome:
        requests.add(task.url)
        return down(task)

    play(frontier, answer, 0.0)
    assert len(requests) == 4, "the start page is the first of the five"
    assert frontier.tally.fetched == 5


def test_how_long_pages_took_is_of_this_run_alone() -> None:
    before = grown(2)
    for task in take(before):
        before.complete(page(task), 1.0)
    changes = before.take_changes()
    after = make(go_on=(changes.settled, changes.taken_up))
    assert (after.tally.verdicts[Verdict.OK], after.tally.latency.most) == (3, None)


def test_answers_of_any_kind_keep_a_host() -> None:
    frontier = grown(300)
    numbers = iter(range(10**6))
    play(frontier, lambda task: failure(task, "status-404") if next(numbers) % 40 == 0 else down(task), 0.0)
    assert frontier.tally.reasons.keys() == {"status-404", "connection"}


def test_all_that_waits_for_a_host_is_settled_at_once_when_it_is_given_up() -> None:
    frontier = grown(3, give_up_after=2, per_host=1, max_backoff=0.0, retry=RetryPolicy(attempts=3, backoff=30.0))
    first = one(frontier)
    frontier.complete(down(first), 0.0)
    second = one(frontier)
    frontier.complete(down(second), 0.0)
    assert isinstance(frontier.next(0.0), Done), "nobody waits half a minute for the pages that were to be tried again"
    failed = {s.task.url: s for s in frontier.take_changes().settled if s.verdict is Verdict.FAILED}
    assert {url: (s.reason, s.attempts) for url, s in failed.items()} == {
        first.url: ("host-given-up", 1),
        second.url: ("host-given-up", 1),
        f"{A}/2": ("host-given-up", 0),
    }
    assert failed[second.url].outcome is not None, "its last try is known"
    assert frontier.tally.fetched == 3, "pages that nobody asked for do not count against max_pages"


def test_what_is_found_on_a_host_after_it_was_given_up_is_settled_without_a_request() -> None:
    frontier = grown(2, give_up_after=1)
    one_of, other = take(frontier)
    frontier.complete(down(one_of), 0.0)
    frontier.complete(page(other, f"{A}/new", "http://b.test/"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier)[f"{A}/new"] == ("failed", "host-given-up")


def test_another_host_goes_on() -> None:
    frontier = make(f"{A}/", "http://b.test/", give_up_after=1, retry=RetryPolicy(attempts=1))
    mine, other = sorted(take(frontier), key=lambda task: task.url)
    frontier.complete(down(mine), 0.0)
    frontier.complete(page(other, "http://b.test/x", f"{A}/x"), 0.0)
    assert one(frontier).url == "http://b.test/x"


def test_a_robots_txt_on_a_host_that_is_given_up_cannot_be_had() -> None:
    frontier = make(f"{A}/", "http://b.test/", obey_robots=True, give_up_after=1, retry=RetryPolicy(attempts=1))
    mine, other = sorted(take(frontier), key=lambda task: task.url)
    frontier.complete(down(mine), 0.0)
    frontier.complete(redirect(other, f"{A}/robots.txt"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("failed", "host-given-up"), "http://b.test/": ("skipped", "robots")}


def test_a_page_that_kills_its_worker_says_nothing_of_its_host() -> None:
    frontier = grown(3, give_up_after=1)
    for task in take(frontier):
        frontier.complete(died(task), 0.0)
    assert isinstance(frontier.next(0.0), Task)
    assert frontier.tally.hosts_given_up == {}


def test_a_task_that_does_not_come_back_counts_as_a_failure_of_its_host() -> None:
    frontier = grown(1, give_up_after=1)
    take(frontier)
    frontier.expire(30.0)
    assert frontier.tally.hosts_given_up.keys() == {"a.test"}


def test_a_host_that_was_slow_and_answers_again_is_asked_at_once() -> None:
    frontier = grown(9, per_host=3, max_backoff=5.0)
    old, *others = take(frontier)
    for task in others:
        frontier.complete(down(task), 1.0)
    for task in take(frontier, 1.0):
        frontier.complete(down(task), 1.0)
    assert take(frontier, 1.1) == []
    frontier.complete(page(old), 1.1)
    assert len(take(frontier, 1.1)) == 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:00:09 GMT", 9.0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", 0.0),
        ("31536000", 60.0),
        ("Fri, 01 Jan 1971 00:00:00 GMT", 60.0),
        ("9" * 400, 60.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_host_is_left_alone_as_long_as_it_asks_within_the_limit(status: int, header: str, seconds: float) -> None:
    frontier = grown(2, retry=RetryPolicy(3, 1.0, max_wait=60.0))
    first, second = take(frontier)
    asked = failure(first, f"status-{status}", transient=True, retry_after=retry_after(header, 0.0))
    frontier.complete(asked, 100.0)
    frontier.complete(page(second, f"{A}/new"), 100.0)
    if seconds:
        assert frontier.next(100.0) == Wait(100.0 + seconds)
    assert {task.url for task in take(frontier, 100.0 + seconds)} == {first.url, f"{A}/new"}


@pytest.mark.parametrize("header", ["soon", "", "-1", "1.5", "Thu, 99 Jan 1970 00:00:09 GMT", "\x00", "0x10"])
def test_nonsense_asks_for_nothing(header: str) -> None:
    frontier = grown(2)
    first, second = take(frontier)
    frontier.complete(failure(first, "status-503", transient=True, retry_after=retry_after(header, 0.0)), 100.0)
    frontier.complete(page(second, f"{A}/new"), 100.0)
    assert one(frontier, 100.0).url == f"{A}/new"


# ---- sites without end ---------------------------------------------------------------------------------------------


def test_links_into_a_trap_are_counted_and_not_taken_up() -> None:
    frontier = make(traps=TrapLimits(numbered_pages=2), holds=99, per_host=99, consumers=99)
    frontier.complete(page(one(frontier), *(f"{A}/{n}" for n in range(10)), f"{A}/about"), 0.0)
    assert len(take(frontier)) == 3
    assert frontier.tally.surplus == {"numbered-pages": 8}
    assert frontier.pending == 3


def test_links_beyond_those_of_a_page_are_counted() -> None:
    frontier = make()
    frontier.complete(replace(page(one(frontier), f"{A}/x"), surplus_links=7), 0.0)
    assert frontier.tally.surplus == {"page-links": 7}


def test_a_redirect_into_a_trap_is_left_for_its_reason() -> None:
    frontier = make(traps=TrapLimits(path_length=10))
    frontier.complete(page(one(frontier), f"{A}/x"), 0.0)
    frontier.complete(redirect(one(frontier), f"{A}/{'y' * 20}"), 0.0)
    assert isinstance(frontier.next(0.0), Done)
    assert verdicts(frontier) == {f"{A}/": ("ok", None), f"{A}/x": ("skipped", "path-length")}


def test_start_urls_and_where_they_redirect_are_never_taken_for_traps() -> None:
    frontier = make(f"{A}/{'x' * 20}", traps=TrapLimits(path_length=10))
    frontier.complete(redirect(one(frontier), f"{A}/{'y' * 20}"), 0.0)
    assert one(frontier).url == f"{A}/{'y' * 20}"


def test_the_limits_hold_for_a_crawl_that_goes_on() -> None:
    before = make(traps=TrapLimits(numbered_pages=3))
    before.complete(page(one(before), f"{A}/1", f"{A}/2", f"{A}/3"), 0.0)
    changes = before.take_changes()
    after = make(traps=TrapLimits(numbered_pages=3), go_on=(changes.settled, changes.taken_up))
    first = take(after)[0]
    after.complete(page(first, f"{A}/4"), 0.0)
    assert after.tally.surplus == {"numbered-pages": 1}


def test_the_links_of_a_page_that_is_not_to_be_kept_are_followed() -> None:
    frontier = make()
    frontier.complete(replace(page(one(frontier), f"{A}/x"), record=None, skip="noindex"), 0.0)
    assert one(frontier).url == f"{A}/x"
    assert verdicts(frontier) == {f"{A}/": ("skipped", "noindex")}
    assert (frontier.tally.starts_ok, frontier.tally.starts_failed, frontier.tally.items) == (1, [], 0)
