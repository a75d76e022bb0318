"""Pages that no parser should be asked to read: found out quickly, and no others."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.work import weight
from crawler.work.http import FetchError
from crawler.work.weight import _Weight, weigh

MANY = 40_000
TOO_MUCH = {
    "nested": "<div>" * MANY,
    "nested out of sight": "<div><!--</div>-->" * MANY,
    "nested in a way of its own": "<div><marquee></div></marquee>" * MANY,
    "nested, and closed in the wrong order": "<b><div></b>" * MANY,
    "nested, and closed in a string": "<div title='</div>'>" * MANY,
    "nested, and closed in a script": "<div><script></div></script>" * MANY,
    "nested, and closed in a section that is text": "<svg><g><![CDATA[></g>]]>" * MANY,
    "nested, and closed in SVG's style": "<svg><style><g></style></g><style>" * MANY,
    "nested selects": "<div><select></div></select>" * MANY,
    "end tags in the depth": "<div>" * 2_000 + "</p>" * 400_000,
    "nested and inline": "<b>" * MANY,
    "reopened": "".join(f"<p><b id={number}>" for number in range(2_000)),
    "reopened, with a quoted end of tag": "".join(f"<p><b x='>' id={number}>" for number in range(2_000)),
    "reopened, as differing": "".join(f"<P><Font\tsize={number}>" for number in range(2_000)),
    "attributes": f"<a {' '.join(f'a{number}' for number in range(MANY))}>",
    "attributes with quoted ends of tags": f"<a {' '.join(f'''a{number}='>' ''' for number in range(MANY))}>",
    "attributes without spaces": f"<a{'/'.join(f'a{number}' for number in range(MANY))}>" + f"<a {'a=`/' * MANY}>",
    "attributes of one element from many tags": "".join(f"<body a{number}>" for number in range(MANY)),
    "options": "<select>" + "<option>x</option>" * MANY,
    "names of elements": "".join(f"<x{number}></x{number}>" for number in range(120_000)),
    "names of attributes, many to a tag": "".join(
        f"<p {' '.join(f'x{number + more}' for more in range(100))}>" for number in range(0, 120_000, 100)
    ),
    "names of attributes": "".join(f"<p x{number}>" for number in range(120_000)),
    "text astray": "<table>" + f"{'x' * 1_000}<!-- -->" * 2_000,
    "text astray beside cells": "<table><tr><td></td>" + f"{'x' * 1_000}<input type=hidden>" * 2_000,
    "tags": "<p>" * 1_100_000,
}
PASSING = {
    "nothing": "",
    "20,000 nested elements": "<div>" * 20_000 + "</div>" * 20_000,
    "20,000 nested elements, unclosed": "<div>" * 20_000,
    "50,000 links": "<li><a href='/x'>x</a>" * 50_000,
    "a table of 10,000 rows": "<table>\n" + "<tr> <td>x</td> <td><b>y</b><input> <!-- z --></td> </tr>\n" * 10_000,
    "20,000 unclosed paragraphs with marks": "<p><b>x</b> <code class=y>z</code> <i>" * 7_000,
    "a large script": f"<script>{'if (a<b && c>d) e(`<div>`);' * 40_000}</script><p>x",
    "a large comment": f"<!--{'<div>' * 100_000}--><p>x",
    "a word of 10 MB": "x" * 10_000_000,
    "unfinished tags": "<a x='" * 100_000,
    "unfinished comments": "<!--" * 100_000,
    "only the beginnings of tags": "<" * 100_000,
    "SVG with a style": "<svg><style>.a{}</style><g><path d='M0'/></g></svg>" * 2_000,
    "2,000 options": "<select>" + "<option>x</option>" * 2_000 + "</select>",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_would_take_too_long_is_refused_at_once(name: str) -> None:
    before = time.process_time()
    with pytest.raises(FetchError) as error:
        weigh(TOO_MUCH[name].encode())
    assert error.value.kind == "too-complex"
    assert time.process_time() - before < 5


@pytest.mark.parametrize("name", PASSING)
def test_what_is_merely_large_passes(name: str) -> None:
    before = time.process_time()
    weigh(PASSING[name].encode())
    _Weight(PASSING[name]).measure()
    assert time.process_time() - before < 10


NAMES = ["div", "b", "i", "a", "p", "table", "tr", "td", "select", "option", "svg", "g", "style", "title", "marquee"]
NAMES += ["template", "li", "ul", "button", "foreignObject", "rt", "script", "font", "nobr", "h1", "form", "math", "mi"]
TAGS = st.builds("<{}{}>".format, st.sampled_from(NAMES), st.sampled_from(["", " x", " y", " z='>'", "/"]))
ENDS = st.sampled_from(NAMES).map("</{}>".format)
PIECES = TAGS | ENDS | st.sampled_from(["x", "<!--", "-->", "<![CDATA[", "]]>", ">", "'", "<!>", "<p", '="'])


def depth(node: LexborNode | None) -> int:
    """Return how deep the deepest element lies."""
    level, deepest = [node], -1
    while level := [child for parent in level if parent is not None for child in parent.iter(include_text=False)]:
        deepest += 1
    return deepest


class _Deepest(_Weight):
    """Notes how deep it went, and how often anything may have been opened anew."""

    deepest = 0

    def _check(self, allowed: int) -> None:
        self.deepest = max(self.deepest, self._depth)


@given(st.lists(PIECES, max_size=40).map("".join))
@example("<div><select></div></select>" * 10)
@example("<div><b></div>x")
def test_what_is_counted_is_never_too_little(html: str) -> None:
    measured = _Deepest(html)
    measured.measure()
    tree = LexborHTMLParser(html)
    # Between two elements that are counted there may be a table's body, row and cell, or a list's item and paragraph.
    assert depth(tree.root) <= 4 * (measured.deepest + 1) + 4
    marks = tree.css("b, i, font, a, nobr")
    starts, ends = (
        sum(html.lower().count(f"<{slash}{name}") for name in ("b", "i", "font", "a", "nobr")) for slash in ("", "/")
    )
    # The adoption agency copies a few elements in each of its eight turns; a start tag of `a` may set it going, too.
    assert len(marks) <= starts + measured._reopened + 32 * (ends + html.count("<a") + html.count("<nobr"))


def test_the_bounds_are_as_documented() -> None:
    assert (weight.TAGS, weight.STEPS, weight.NAMES) == (1_000_000, 500_000_000, 100_000)
