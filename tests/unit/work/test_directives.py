"""What pages ask of robots: the grammar of `<meta>`, X-Robots-Tag and rel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.directives import Directives, header_rules, is_nofollow, meta_rules

NOTHING, NOINDEX, NOFOLLOW, BOTH = (
    Directives(),
    Directives(noindex=True),
    Directives(nofollow=True),
    Directives(noindex=True, nofollow=True),
)


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ([], NOTHING),
        (["noindex"], NOINDEX),
        (["NoIndex , NOFOLLOW"], BOTH),
        (["none"], BOTH),
        (["all, index, follow, noarchive, nosnippet"], NOTHING),
        (["noindex-this, no index"], NOTHING),
        (["nofollow", "noindex"], BOTH),
        (["ours: noindex"], NOINDEX),
        (["OURS : noindex, nofollow"], BOTH),
        (["*: noindex"], NOINDEX),
        (["theirs: noindex, nofollow"], NOTHING),
        (["theirs: noindex", "nofollow"], NOFOLLOW),
        (["theirs: noindex, ours: nofollow"], NOFOLLOW),
        (["ours: nofollow, theirs: noindex"], NOFOLLOW),
        (["nofollow, theirs: noindex, noarchive"], NOFOLLOW),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"], NOINDEX),
        (["unavailable_after: Friday, 25-Jun-10 15:00:00 PST, noindex"], NOINDEX),
        (["unavailable_after: 2010-06-25T15:00:00Z", "nofollow"], NOFOLLOW),
        (["max-snippet:20, max-image-preview: large, nofollow"], NOFOLLOW),
        (["max-snippet: none"], NOTHING),
        (["theirs: max-snippet: 20, noindex"], NOTHING),
        ([":noindex", ",,", "", " : "], NOTHING),
    ],
)
def test_a_header_asks_all_robots_or_the_one_that_it_names(values: list[str], asked: Directives) -> None:
    assert Directives.of(header_rules(values, "ours")) == asked


@pytest.mark.parametrize(
    ("metas", "asked"),
    [
        ([("robots", "noindex")], NOINDEX),
        ([(" ROBOTS ", " NoFollow,NOINDEX ")], BOTH),
        ([("robots", "none")], BOTH),
        ([("Ours", "nofollow"), ("robots", "noindex")], BOTH),
        ([("robots", "noindex"), ("ours", "index")], NOINDEX),
        ([("theirs", "none"), ("", "none"), (None, "none"), ("robots", None)], NOTHING),
        ([("description", "noindex, nofollow")], NOTHING),
    ],
)
def test_a_page_asks_all_robots_or_us(metas: list[tuple[str | None, str | None]], asked: Directives) -> None:
    assert Directives.of(meta_rules(metas, "ours")) == asked


def test_a_robot_without_a_name_is_not_addressed_by_an_empty_one() -> None:
    assert meta_rules([("", "noindex")], "") == []


@pytest.mark.parametrize(
    ("rel", "expected"),
    [
        (None, False),
        ("", False),
        ("nofollow", True),
        ("external\tNoFollow\nugc", True),
        ("nofollow-me", False),
        ("no follow", False),
    ],
)
def test_rel_is_a_list_of_words(rel: str | None, expected: bool) -> None:
    assert is_nofollow(rel) is expected


@given(st.lists(st.text(alphabet="noindexfllw:,* -_;\u0130") | st.text()))
def test_any_header_is_read(values: list[str]) -> None:
    Directives.of(header_rules(values, "ours"))
