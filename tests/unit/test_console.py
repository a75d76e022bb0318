"""What a site writes is shown, and does nothing."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from crawler.console import printable, rows


@given(st.text(st.characters()))
def test_nothing_that_is_printed_acts_on_the_terminal(text: str) -> None:
    assert all(unicodedata.category(mark)[0] != "C" for mark in printable(text))


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert printable("a\x1b[31m\x9b\u202e\tb é") == r"a\x1b[31m\x9b\u202e\tb é"


REPORT = {
    "backend": "queue",
    "client": "requests",
    "parser": "selectolax",
    "outcomes": {"ok": 1, "skipped": 0, "failed": 0},
    "reasons": {},
    "pending": 0,
    "status": "finished",
    "items": 1,
    "elapsed": 1.0,
    "startup": 0.1,
    "pages_per_second": 1.0,
    "bytes": 100,
    "retries": 0,
    "latency_ms": {"p50": None, "p99": None},
    "cpu_seconds": 0.1,
    "peak_memory": 10**6,
}


def test_the_summary_says_what_was_left_and_given_up_and_names_a_few_hosts() -> None:
    given_up = {f"{name}.test": "timeout: no answer" for name in "abcde"}
    told = dict(rows(REPORT | {"surplus": {"query-variants": 12, "page-links": 3}, "hosts_given_up": given_up}))
    assert told["links left"] == "12 query-variants, 3 page-links (each is a limit of [traps])"
    assert told["given up"].startswith("a.test (timeout: no answer); b.test")
    assert told["given up"].endswith("; and 2 more hosts")
    assert "d.test" not in told["given up"]


def test_the_summary_names_the_fields_that_were_found_nowhere() -> None:
    told = dict(rows(REPORT | {"items": 9, "fields_missing": {"zip": 9, "price": 8, "size": 9}}))
    assert told["never found"].startswith("zip and size: no item has a value")
    assert "never found" not in dict(rows(REPORT | {"items": 9, "fields_missing": {"price": 8}}))


def test_the_summary_of_a_crawl_without_items_says_what_became_of_its_links() -> None:
    left = {"filtered": 44, "offsite": 12}
    told = dict(rows(REPORT | {"items": 0, "left_out": left}))
    assert told["links left out"].startswith("44 that the patterns of [site] leave out; 12 to hosts out of scope")
    assert "links left out" not in dict(rows(REPORT | {"left_out": left}))


def test_a_summary_of_a_crawl_with_nothing_left_is_short() -> None:
    for report in (REPORT, REPORT | {"surplus": {}, "hosts_given_up": {}}):
        assert not {"links left", "given up"} & dict(rows(report)).keys()
