"""Links: the short way brings what the long way would."""

import tracemalloc

from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import canonical
from crawler.work.links import resolve_all

HREFS = (
    st.text(alphabet="/.?#&=:%~-_@ab2é\\ \t;") | st.text() | st.from_regex(r"(\.\./|/|\w+/){0,4}[\w.%-]*(\?[\w=&]*)?")
)
BASES = st.sampled_from(
    ["http://a.example/", "https://a.example:8443/b/c.html?q=/x/y", "http://[::1]:80/b/", "http://a.example/b//c;d"]
).map(lambda url: canonical(url) or "")


@given(st.lists(HREFS, max_size=8), BASES)
@example(
    [
        "mailto:a@b.example",
        "tel:1",
        "javascript:void(0)",
        "a/b.html",
        "/a/b?c=d",
        "a:b",
        "..",
        "a/../b",
        "//b/c",
        "?x",
        "#y",
        "",
        "a#b",
        "/a/.b",
        "%2e/a",
        "a?b?c",
    ],
    "http://a/b",
)
def test_links_are_what_canonical_makes_of_them(hrefs: list[str], base: str) -> None:
    expected = [url for href in hrefs if (url := canonical(href, base)) is not None]
    assert resolve_all(hrefs, base) == (tuple(dict.fromkeys(expected)), 0)


def test_order_is_kept_and_doubles_are_dropped() -> None:
    assert resolve_all(["b", "a#1", "/a", "a#2", "mailto:x", "./b"], "http://h/").urls == ("http://h/b", "http://h/a")


@given(st.lists(HREFS, max_size=12), BASES, st.integers(1, 5))
def test_beyond_the_limit_links_are_counted(hrefs: list[str], base: str, limit: int) -> None:
    every = resolve_all(hrefs, base).urls
    some = resolve_all(hrefs, base, limit)
    assert some.urls == every[:limit]
    assert (some.surplus > 0) == (len(every) > limit)
    assert some.surplus >= len(every) - limit


def test_a_link_that_is_taken_already_is_no_surplus() -> None:
    assert resolve_all(["a", "b", "c", "a", "./a", "a#x", "d"], "http://h/", 2) == (("http://h/a", "http://h/b"), 2)


def test_surplus_links_take_no_memory() -> None:
    tracemalloc.start()
    try:
        assert resolve_all((f"p{number}" for number in range(100_000)), "http://h/", 10).surplus == 99_990
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
