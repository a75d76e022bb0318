"""Links and fields: the same whatever the parser."""

import json
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import Record, Role
from crawler.urls import canonical
from crawler.work.charset import as_utf8, decode
from crawler.work.extract import Extractor
from crawler.work.http import FetchError
from crawler.work.parsers import PARSERS, validate_selector
from crawler.work.settings import FieldSpec, FieldType, WorkSettings

URL = "http://h.example/a/b.html"


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def links(parser: str, html: str, selector: str = "a[href], area[href]") -> tuple[str, ...]:
    """Return the links of a list page."""
    return Extractor(WorkSettings(parser=parser, link_selector=selector)).read(html, URL, Role.LIST)[0]


def record(parser: str, html: str, *fields: FieldSpec) -> Record:
    """Return the record of a detail page."""
    found = Extractor(WorkSettings(parser=parser, fields=fields)).read(html, URL, Role.DETAIL)[1]
    assert found is not None
    return found


def value(parser: str, html: str, css: str = "p", **options: object) -> object:
    """Return the value of one field."""
    return record(parser, html, FieldSpec("x", css, **options))["x"]  # type: ignore[arg-type]


# Links


def test_links_come_in_document_order_each_once(parser: str) -> None:
    html = '<a href="b">1</a><area href="/c"><a href="b#x">2</a><a href="../d?e=1&amp;f=2">3</a><a href=" b ">4</a><a>5'
    assert links(parser, html) == ("http://h.example/a/b", "http://h.example/c", "http://h.example/d?e=1&f=2")


def test_the_selector_says_which_elements_are_links(parser: str) -> None:
    assert links(parser, "<a href=1>x</a><div><a href=2>y</a></div><link href=3>", "div a, link") == (
        "http://h.example/a/2",
        "http://h.example/a/3",
    )


BAD = (
    "mailto:x@y",
    "javascript:void(0)",
    "http://",
    "http://[::1",
    "http://x:99999/",
    "tel:1",
    "data:,x",
    "http://a b/",
)


def test_bad_hrefs_are_ignored(parser: str) -> None:
    html = "".join(f'<a href="{href}">x</a>' for href in BAD) + '<a href="ok">y</a>'
    assert links(parser, html) == ("http://h.example/a/ok",)


def test_a_links_userinfo_is_dropped(parser: str) -> None:
    assert links(parser, '<a href="http://joe:secret@h.example/x">y</a>') == ("http://h.example/x",)


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ('<base href="/z/">', "http://h.example/z/x"),
        ('<base href="http://o.example/y?q">', "http://o.example/x"),
        ('<base target="_top"><base href="../p/"><base href="/q/">', "http://h.example/p/x"),
        ('<base href="http://[">', "http://h.example/a/x"),
        ('<base href="javascript:1">', "http://h.example/a/x"),
        ('<base href="">', "http://h.example/a/x"),
        ('</head><svg><g><base href="/s/"></g></svg><base href="/q/">', "http://h.example/q/x"),
        ('</head><svg><base href="/s/"/></svg><math><mi><base href="/m/"/></mi></math>', "http://h.example/a/x"),
        ('<base href="/q/"></head><svg><base href="/s/"/></svg>', "http://h.example/q/x"),
    ],
)
def test_links_are_resolved_against_base(parser: str, base: str, link: str) -> None:
    assert links(parser, f"<head>{base}</head><a href=x>y</a>") == (link,)


def test_links_in_a_template_are_none(parser: str) -> None:
    assert links(parser, "<template><a href=1>x</a><template><a href=2>y</a></template></template><a href=3>z</a>") == (
        "http://h.example/a/3",
    )


ENCODED = """
<head>{base}</head>
<a href="/s?q=é">1</a><a href="p/é?é=☃#é">2</a><a href="/p/é#?é">3</a><a href="/s?a=b">4</a><a href="">5</a>
"""


@pytest.mark.parametrize(
    ("charset", "e", "snowman"),
    [
        ("windows-1252", "%E9", "%26%239731%3B"),
        ("iso-8859-1", "%E9", "%26%239731%3B"),
        ("gb18030", "%A8%A6", "%817%A30"),
        ("utf-8", "%C3%A9", "%E2%98%83"),
        ("utf-16", "%C3%A9", "%E2%98%83"),
        ("utf-16be", "%C3%A9", "%E2%98%83"),
    ],
)
@pytest.mark.parametrize("base", ["", "http://h.example/z/?é"])
def test_queries_are_in_the_pages_encoding(parser: str, charset: str, e: str, snowman: str, base: str) -> None:
    html = ENCODED.format(base=base and f'<base href="{base}">')
    page, codec = as_utf8(html.encode(charset, "xmlcharrefreplace"), f"text/html; charset={charset}")
    field = FieldSpec("x", "a", type=FieldType.URL, many=True)
    extractor = Extractor(WorkSettings(parser=parser, fields=(field,)))
    reading = extractor.read_utf8(page, URL, Role.DETAIL, (), codec)
    folder = "/z/" if base else "/a/"
    assert reading.links == (
        f"http://h.example/s?q={e}",
        f"http://h.example{folder}p/%C3%A9?{e}={snowman}",
        "http://h.example/p/%C3%A9",
        "http://h.example/s?a=b",
        f"http://h.example/z/?{e}" if base else URL,
    )
    assert reading.record == {"x": list(reading.links)}


@pytest.mark.parametrize(("charset", "query"), [("shift_jis", "%95\\"), ("euc-jp", "%C9%BD"), ("utf-8", "%E8%A1%A8")])
def test_so_are_those_of_characters_of_several_bytes(parser: str, charset: str, query: str) -> None:
    page, codec = as_utf8('<a href="/表?表">x</a>'.encode(charset), f"text/html; charset={charset}")
    reading = Extractor(WorkSettings(parser=parser)).read_utf8(page, URL, Role.LIST, (), codec)
    assert reading.links == (f"http://h.example/%E8%A1%A8?{query}",)


# Fields


def test_text_is_on_one_line_and_without_scripts(parser: str) -> None:
    html = "<p> a\n <b>b</b>c\u00a0 d<script>no()</script><style>no</style><!-- no --><br>e&amp;é</p>"
    assert value(parser, html) == "a bc de&é"


@given(st.text(st.sampled_from(" \t\n\x0b\x0c\x1f\x85\xa0\u2003\u2028\u3000\u200bab\u00e9\U0001f600"), max_size=12))
def test_white_space_of_any_kind_is_a_single_space(text: str) -> None:
    page = f'<p title="{text}">'
    assert value("selectolax", page, attr="title") == " ".join(text.split())


def test_a_scripts_own_text_can_be_had(parser: str) -> None:
    assert value(parser, '<script type="application/ld+json">{"a": 1}</script>', "script") == '{"a": 1}'


def test_ruby_is_text(parser: str) -> None:
    assert value(parser, "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>") == "漢(kan)"


def test_what_is_not_there_is_null_and_what_is_empty_is_empty(parser: str) -> None:
    assert record(parser, "<p></p>", FieldSpec("p", "p"), FieldSpec("q", "q"), FieldSpec("r", "q", many=True)) == {
        "p": "",
        "q": None,
        "r": [],
    }


def test_the_first_match_counts_and_many_takes_all(parser: str) -> None:
    html = "<p>a</p><p class=x>b</p><div class=x>c</div>"
    assert value(parser, html, "p, .x") == "a"
    assert value(parser, html, "p, .x", many=True) == ["a", "b", "c"]


def test_attributes(parser: str) -> None:
    html = '<p class="a  b" data-x=" 1 " hidden>t</p>'
    assert value(parser, html, attr="class") == "a b"
    assert value(parser, html, attr="data-x") == "1"
    assert value(parser, html, attr="hidden") == ""
    assert value(parser, html, attr="id") is None


def test_numbers_that_do_not_convert_are_null_or_left_out(parser: str) -> None:
    html = "<p>£1,234.50</p><p>sold out</p><p>7</p>"
    assert value(parser, html, type=FieldType.FLOAT) == 1234.5
    assert value(parser, html, type=FieldType.INT) is None
    assert value(parser, html, type=FieldType.FLOAT, many=True) == [1234.5, 7.0]


def test_urls_are_absolute_and_taken_from_href_or_src(parser: str) -> None:
    html = '<base href="/z/"><img src="i.png"><a href="../x#y">t</a><img src="http://["><p data-u="u">'
    assert value(parser, html, "img, a", type=FieldType.URL, many=True) == [
        "http://h.example/z/i.png",
        "http://h.example/x",
    ]
    assert value(parser, html, "p", attr="data-u", type=FieldType.URL) == "http://h.example/z/u"
    assert value(parser, html, "p", type=FieldType.URL) is None


# Selectors


@pytest.mark.parametrize(
    "css", ["a", "a[href], area", "h1.title > span:first-child", "#x ~ p:not(.y)", "div:nth-child(2n+1)"]
)
def test_good_selectors_are_good(parser: str, css: str) -> None:
    assert validate_selector(css, parser) is None


@pytest.mark.parametrize("css", ["", " ", "a[", ">>>", "a,,b", "p::text", "a:no-such", "a{", "//a"])
def test_bad_selectors_are_named(parser: str, css: str) -> None:
    message = validate_selector(css, parser)
    assert message is not None
    assert repr(css) in message
    assert "\n" not in message


# A hostile web


def read(parser: str, html: str) -> tuple[tuple[str, ...], Record | None]:
    fields: Iterable[FieldSpec] = (FieldSpec("body", "body"), FieldSpec("p", "p", many=True))
    reading = Extractor(WorkSettings(parser=parser, fields=tuple(fields))).read(html, URL, Role.DETAIL)
    return reading.links, reading.record


@pytest.mark.parametrize(("tag", "closed"), [("div", True), ("b", False), ("ul><li", False), ("table><tr><td", False)])
def test_20_000_nested_elements_hide_no_link(parser: str, tag: str, closed: bool) -> None:
    depth = 20_000 // (tag.count("<") + 1)
    end = f"</{tag.split('>')[0]}>" * depth if closed else ""
    assert "http://h.example/a/deep" in read(parser, f"<{tag}>" * depth + "<a href=deep>x</a>" + end)[0]


def test_50_000_links_are_found(parser: str) -> None:
    assert len(links(parser, "".join(f"<a href=l{number}>x</a>" for number in range(50_000)))) == 50_000


def test_a_page_that_would_take_too_long_is_refused_by_all_alike(parser: str) -> None:
    with pytest.raises(FetchError) as error:
        links(parser, "".join(f"<p><b id={number}>" for number in range(2_500)))
    assert error.value.kind == "too-complex"


def test_a_field_that_holds_the_same_text_over_and_over_is_refused(parser: str) -> None:
    html = "<div>" * 2_000 + "x" * 10_000
    assert value(parser, html, "div") == "x" * 10_000
    with pytest.raises(FetchError) as error:
        value(parser, html, "div", many=True)
    assert error.value.kind == "too-complex"


@pytest.mark.parametrize("unfinished", ["<a x='", "<?x ", "<!--x>", "<svg><![CDATA[", "</a ", "<!x", "<!--"])
def test_what_is_not_finished_is_not_looked_at_again_and_again(parser: str, unfinished: str) -> None:
    before = time.process_time()
    assert links(parser, "<a href=x>y</a>" + unfinished * 20_000) == ("http://h.example/a/x",)
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    "html", ["", "\0", "<", "<a href", "<a href=\0x>\0y", "<!--", "<p>a<p>b</div></b>", "\ufeff", "x" * 10**6]
)
def test_broken_pages_are_read(parser: str, html: str) -> None:
    read(parser, html)


@pytest.mark.parametrize(
    "html", ['<?xml version="1.0" encoding="utf-8"?><html xmlns="x"><p>a</p></html>', "index.html"]
)
def test_nobody_is_warned_of_a_page(parser: str, html: str) -> None:
    read(parser, html)


def test_nul_is_dropped_by_all_alike(parser: str) -> None:
    html = "<p>a\0b</p><a href='\0x'>y</a>"
    assert (value(parser, html), links(parser, html)) == ("ab", ("http://h.example/a/x",))


TAGS = ["<p>", "</p>", "<a\thref=x>", "</a>", "<table>", "<td>", "</table>", "<script>", "</script>", "<!--", "-->"]
TAGS += [
    "<svg>",
    "<b>",
    "<template>",
    "</template>",
    "<select>",
    "<base href=/q/>",
    "<![CDATA[",
    "]]>",
    "<?xml ?>",
    "<!doctype html>",
    "&#0;",
    "&",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=20).map("".join))
def test_any_markup_is_read_by_every_parser(html: str) -> None:
    for name in PARSERS:
        found, fields = read(name, html)
        assert all(link.startswith("http") for link in found)
        assert fields is not None


SELECTORS = st.sampled_from(["p", "title", "a[href]", "td, li", "script", "body *", "div > b", ":not(p)", "*"])
SPECS = st.lists(
    st.builds(
        FieldSpec,
        st.just("x"),
        SELECTORS,
        st.none() | st.sampled_from(["href", "class", "id"]),
        st.sampled_from(FieldType),
        st.booleans(),
    ),
    max_size=3,
)
BYTES = st.binary(max_size=200) | st.lists(st.sampled_from(TAGS) | st.text(max_size=5), max_size=12).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)


@given(
    BYTES, SPECS, st.sampled_from([None, "text/html", "text/html; charset=utf-16", "text/html; charset=gbk", "\xff"])
)
def test_any_bytes_give_links_and_a_record_that_can_be_written(
    body: bytes, specs: list[FieldSpec], content_type: str | None
) -> None:
    html = decode(body, content_type)
    for name in PARSERS:
        links, record, *_ = Extractor(WorkSettings(parser=name, fields=tuple(specs))).read(html, URL, Role.DETAIL)
        json.dumps([links, record], allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert all(canonical(link) == link for link in links)


@pytest.mark.parametrize(
    "head", ["", "<base href=/z/>", "<meta name=robots content=nofollow>", "<base><base href=/q/>"]
)
def test_one_look_through_the_tree_sees_what_two_see(parser: str, head: str) -> None:
    html = f"<head>{head}</head><a href=x>1</a><area href=y><a>2</a><a href=z rel=NoFollow>3</a><svg><a href=s></svg>"
    readings = [
        Extractor(WorkSettings(parser=parser, link_selector=selector)).read(html, URL, Role.LIST)
        for selector in ("a[href], area[href]", ":is(a, area)[href]")
    ]
    assert readings[0] == readings[1]
    assert bool(readings[0].links) is ("robots" not in head)


def test_what_says_something_of_the_page_may_be_a_link_too(parser: str) -> None:
    html = "<head><base href=/z/></head><a href=x>1</a>"
    assert links(parser, html, "[href]") == ("http://h.example/z/", "http://h.example/z/x")
