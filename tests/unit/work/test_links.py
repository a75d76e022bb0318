"""Links: the short way brings what the long way would."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import canonical
from crawler.work.links import resolve_all, with_query_in

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


@pytest.mark.parametrize(
    ("codec", "href", "written"),
    [
        ("cp1252", "/é?q=é&r=%C3%A9 à#é", "/é?q=%E9&r=%C3%A9 %E0#é"),
        ("cp1252", "/é", "/é"),
        ("cp1252", "/é#?é", "/é#?é"),
        ("cp1252", "?é?é", "?%E9?%E9"),
        ("cp1252", "?☃é🍵", "?%26%239731%3B%E9%26%23127861%3B"),
        ("cp1252", "?\ufffd", "?%26%2365533%3B"),
        ("cp1252", "?q=\ud800", "?q=%26%2365533%3B"),
        ("gb18030", "?q=\ud800", "?q=%841%A47"),
        ("koi8_r", "?Привет", "?%F0%D2%C9%D7%C5%D4"),
        # The bytes of a character that are ASCII stay, but for those that would end the query, or may not be in one.
        ("cp932", "?q=表", "?q=%95\\"),
        ("euc_jp", "?q=あ☃", "?q=%A4%A2%26%239731%3B"),
        ("iso2022_jp", "?q=あa", "?q=%1B$B$%22%1B(Ba"),
        ("iso2022_jp", "?q=ァ☃", "?q=%1B$B%!%1B(B%26%239731%3B"),
        ("iso2022_jp", "?q=０", "?q=%1B$B%230%1B(B"),
        ("gb18030", "?q=中🍵", "?q=%D6%D0%949%BB5"),
        ("gbk", "?q=中🍵", "?q=%D6%D0%26%23127861%3B"),
        ("big5hkscs", "?q=功", "?q=%A5\\"),
    ],
)
def test_the_query_alone_is_in_the_pages_encoding(codec: str, href: str, written: str) -> None:
    assert with_query_in(codec, href) == written


@given(HREFS, st.sampled_from(["cp1252", "cp932", "iso2022_jp", "gbk", "gb18030", "big5hkscs", "cp949", "euc_jp"]))
def test_any_query_can_be_written_and_other_parts_stay(href: str, codec: str) -> None:
    written = with_query_in(codec, href)
    path, _, query = written.partition("#")[0].partition("?")
    assert query.isascii()
    assert path == href.partition("#")[0].partition("?")[0]
    assert written.partition("#")[2] == href.partition("#")[2]
    if href.isascii():
        assert written is href
