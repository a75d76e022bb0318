"""Links: the short way brings what the long way would."""

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
    ["a/b.html", "/a/b?c=d", "a:b", "..", "a/../b", "//b/c", "?x", "#y", "", "a#b", "/a/.b", "%2e/a", "a?b?c"],
    "http://a/b",
)
def test_links_are_what_canonical_makes_of_them(hrefs: list[str], base: str) -> None:
    expected = [url for href in hrefs if (url := canonical(href, base)) is not None]
    assert resolve_all(hrefs, base) == (tuple(dict.fromkeys(expected)), 0)


def test_order_is_kept_and_doubles_are_dropped() -> None:
    assert resolve_all(["b", "a#1", "/a", "a#2", "mailto:x", "./b"], "http://h/").urls == ("http://h/b", "http://h/a")
