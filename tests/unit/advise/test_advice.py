"""What is recommended, and in what form."""

import tomllib
from dataclasses import replace

import pytest

from crawler.advise.advice import Seen, choose, fragment, from_comparison, one_at_a_time
from crawler.advise.sample import Page
from crawler.advise.tune import Cost
from crawler.compare.model import Comparison
from crawler.config import check
from crawler.model import Role
from tests.unit.compare.values import comparison, scaled

COSTS = {"selectolax": Cost(0.001, same=True), "bs4-lxml": Cost(0.02, same=False)}


def seen(url: str = "http://a.test/", delay: float = 0.0, fields: int = 0) -> Seen:
    pages = [Page(url, Role.DETAIL, "", 12_000, seconds) for seconds in (0.1, 0.2, 0.3)]
    return Seen(url, pages, COSTS, "selectolax", "selectolax", 8, delay, fields)  # type: ignore[arg-type]


def chosen(made: Comparison) -> tuple[str, int] | None:
    found = choose(made)
    return None if found is None else (found.case.backend, found.case.scene.consumers)


def test_the_fastest_is_recommended() -> None:
    assert chosen(scaled({4: {"queue": [50] * 3}, 8: {"queue": [100] * 3, "rlock": [80] * 3}})) == ("queue", 8)


def test_of_those_that_are_as_good_the_one_with_the_fewest_consumers() -> None:
    assert chosen(scaled({4: {"rlock": [96] * 3}, 8: {"queue": [100] * 3}})) == ("rlock", 4)


def test_what_is_recommended_is_within_five_percent_of_the_best() -> None:
    assert chosen(scaled({4: {"rlock": [94] * 3}, 8: {"queue": [100] * 3}})) == ("queue", 8)


def test_what_was_wrong_is_not_recommended_however_fast() -> None:
    assert chosen(comparison({"queue": ["wrong", 900, 900], "rlock": [1, 1, 1]})) == ("rlock", 8)
    assert chosen(comparison({"queue": ["wrong"]})) is None


def test_a_fragment_is_a_configuration_and_says_why() -> None:
    made = comparison({"queue": [100] * 3, "rlock": [50] * 3})
    result = choose(made)
    assert result is not None
    text = fragment(seen(fields=2), from_comparison(seen(fields=2), made, result))
    config = check(tomllib.loads(text), "test")
    assert (config.crawl.backend, config.crawl.consumers, config.client) == ("queue", 8, "requests")
    assert config.crawl.start_urls == ["http://a.test/"]
    told = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    for figure in (
        "3 pages, answered within 200 ms",
        "2 fields of yours takes 1 ms",
        "found something else",
        "100 pages/s",
    ):
        assert figure in told
    assert "The slowest, rlock (requests) with 8 consumers, made 50." in told


def test_it_is_said_where_the_sample_says_little_and_where_the_latency_was_shortened() -> None:
    made = comparison({"queue": [100] * 3})
    result = choose(made)
    assert result is not None
    told = " ".join(from_comparison(seen(), made, result).reasons)
    assert "So few pages may be like no other" in told
    assert "answered within 20 ms (median) and not 200 ms" in told
    plenty = replace(seen(), pages=[replace(page, seconds=0.02) for page in [*seen().pages] * 2])
    told = " ".join(from_comparison(plenty, made, result).reasons)
    assert "So few" not in told
    assert "to save time" not in told


def test_nine_in_ten_are_no_less_than_half() -> None:
    few = replace(seen(), pages=[replace(seen().pages[0], seconds=each, size=300) for each in (0.1, 0.9)])
    made = comparison({"queue": [100] * 3})
    result = choose(made)
    assert result is not None
    told = " ".join(from_comparison(few, made, result).reasons)
    assert "answered within 500 ms (median; 90% within 900 ms), of 300 bytes (median)" in told
    assert "Pages as small as the site's are not imitated" in told
    assert "not imitated" not in " ".join(from_comparison(seen(), made, result).reasons)


def test_where_a_delay_binds_no_backend_is_praised() -> None:
    text = fragment(seen(delay=1.8), one_at_a_time(seen(delay=1.8)))
    assert "1.8 s apart" in text
    assert "0.5 pages/s" in text
    assert check(tomllib.loads(text), "test").crawl.consumers == 1


@pytest.mark.parametrize("mark", ["\n", "\r", "\u2028", "\x1b[2J", '"', "\\", "'''"])
def test_nothing_in_what_is_quoted_ends_its_line_or_its_string(mark: str) -> None:
    hostile = f"http://a.test/{mark}[crawl]"
    quoted = replace(one_at_a_time(seen(delay=1.0)), reasons=(f"{hostile} says so",))
    text = fragment(seen("http://a.test/%22"), quoted)
    assert check(tomllib.loads(text), "test").crawl.start_urls == ["http://a.test/%22"]
    assert text.isprintable() or all(line.isprintable() for line in text.split("\n"))
