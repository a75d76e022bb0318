"""From what a few pages took to a site that takes as long."""

import math

import pytest

from crawler.advise.sample import Page
from crawler.advise.tune import MOST_BULK, PAGES, PATIENCE, Cost, best_parser, bulk, costs, latency, shortened, workload
from crawler.compare.cases import mean_latency
from crawler.config import Config, check
from crawler.model import Role
from fixtures.latency import parse_latency


def page(html: str, role: Role = Role.DETAIL) -> Page:
    return Page("http://a.test/", role, html, len(html), 0.1)


def test_times_that_are_alike_are_one_time() -> None:
    assert latency([0.1, 0.101, 0.099, 0.1]) == 0.1
    assert latency([0.2]) == 0.2


def test_times_that_differ_are_a_distribution_about_their_median() -> None:
    found = parse_latency(latency([0.05, 0.1, 0.1, 0.2]))
    assert found.quantile(0.5) == pytest.approx(0.1)
    assert found.quantile(0.9) > 0.15


@pytest.mark.parametrize("seconds", [[0.0, 0.0, 0.0], [0.0, 1e-9, 5.0], [1e-6, 60.0, 3.0, 0.5]])
def test_whatever_was_measured_is_a_latency_that_the_fixture_site_takes(seconds: list[float]) -> None:
    assert math.isfinite(mean_latency(latency(seconds)))


def test_a_parser_is_recommended_only_if_it_is_clearly_quicker_and_finds_the_same() -> None:
    config = check({"extract": {"parser": "bs4-lxml"}}, "test")
    slow = Cost(0.010, same=True)
    assert best_parser(config, {"bs4-lxml": slow, "selectolax": Cost(0.001, same=True)}) == "selectolax"
    assert best_parser(config, {"bs4-lxml": slow, "selectolax": Cost(0.001, same=False)}) == "bs4-lxml"
    assert best_parser(config, {"bs4-lxml": slow, "bs4-html": Cost(0.009, same=True)}) == "bs4-lxml"


def test_each_parser_is_tried_with_the_users_own_fields() -> None:
    tree = {"extract": {"fields": {"title": "h1"}}}
    sane = costs(check(tree, "test"), [page("<h1>a</h1>")] * 2)
    assert {name: cost.same for name, cost in sane.items()} == dict.fromkeys(
        ("selectolax", "bs4-lxml", "bs4-html"), True
    )
    tree = {"extract": {"fields": {"cell": "tbody td"}}}
    broken = costs(check(tree, "test"), [page("<table><tr><td>a</td></tr></table>")])  # which only some parsers mend
    assert broken["selectolax"].same
    assert not broken["bs4-html"].same


def test_a_parser_that_does_not_know_a_selector_is_left_out() -> None:
    config = check({"extract": {"parser": "bs4-lxml", "fields": {"title": 'h1:-soup-contains("a")'}}}, "test")
    assert "selectolax" not in costs(config, [page("<h1>a</h1>")])


def test_a_page_that_cannot_be_read_costs_what_finding_that_out_does() -> None:
    assert costs(Config(), [page("<b>" * 100_000)])["selectolax"].same


def test_pages_that_take_seconds_are_not_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.advise.tune.READING", 1e-9)
    config = check({"extract": {"fields": {"cell": "tbody td"}}}, "test")
    found = costs(config, [page("<p>a</p>"), page("<table><tr><td>a</td></tr></table>")])
    assert found["bs4-html"].same  # since nobody has come to the second page


def test_a_page_is_made_as_dear_as_it_can_be_and_no_cheaper_than_it_is() -> None:
    assert bulk("selectolax", 0.0) == 1
    assert bulk("selectolax", 1e6) == MOST_BULK


@pytest.mark.parametrize("seconds", [0.0, 0.02, 1.0, 60.0])
@pytest.mark.parametrize("cost", [0.0, 0.001, 5.0])
def test_a_crawl_of_the_tuned_site_ends_in_time_and_has_work_for_all(seconds: float, cost: float) -> None:
    made = workload([seconds] * 3, "selectolax", cost, consumers=8, cores=2)
    assert 24 <= made.pages <= PAGES[1]
    assert made.pages == 24 or made.pages * seconds / 8 < 10


def test_long_answers_are_imitated_by_shorter_ones_of_the_same_shape() -> None:
    assert shortened([0.1, 0.2, 0.3], 0.001, 8, 2) == [0.1, 0.2, 0.3]
    assert shortened([1.0, 2.0, 4.0], 0.001, 8, 2) == pytest.approx([PATIENCE / 2, PATIENCE, 2 * PATIENCE])


def test_but_never_so_short_that_reading_might_bind_instead_of_waiting() -> None:
    cost, consumers, cores = 0.2, 8, 2
    middle = sorted(shortened([9.0, 10.0, 11.0], cost, consumers, cores))[1]
    assert middle / consumers == pytest.approx(5 * cost / cores)
