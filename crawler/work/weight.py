"""How much work a page would make for a parser, found out before it is parsed: some small pages would take hours.

    page ──▶ small, by every count? ──yes──▶ parse
                 └─no─▶ tag by tag, as the HTML standard nests them ──▶ parse | too-complex

A parser of the HTML standard looks through all open elements at most tags, through a tag's attributes at each of them,
and opens anew, in each paragraph, what of `<b>`, `<i>` … was not closed; Lexbor also copies all text that stands
astray in a table at each comment there, and has few slots for names. So a page of 30 KB can ask for a GB, and one of
10 MB for a day. What is counted here is meant never to be less than what it comes to, give or take the tags that close
themselves (`<p>`, `<li>`); pages that are merely large, or nested 20,000 deep, pass.
"""

import re
from collections import Counter, defaultdict

from crawler.work.http import FetchError

TAGS = 1_000_000
"""Tags of a page, about a hundred bytes of memory each, with BeautifulSoup a thousand."""
STEPS = 500_000_000
"""Looks at an open element, an attribute or an option: a second or two."""
REOPENED = 500_000
"""Elements that may be opened anew, about 350 bytes each, beside twice as many as there are tags."""

NAMES = 100_000
"""Different names of elements and attributes."""
COPIED = 300_000_000
"""Characters astray in a table, copied."""

FEW_TAGS = 30_000
"""With fewer, the steps do not exceed their bound, but for the attributes of a single tag."""
VERY_FEW_TAGS = 1_000
"""With fewer, not even elements that are opened anew are too many."""
SHORT = 30_000
"""Characters of a page that has neither too many attributes in a tag nor too much text astray, whatever it holds."""
LARGE = 500_000
"""Characters of a page in which there may be too many names, or anything."""
LONG = 10_000
"""Characters without a `>` in which there may be too many attributes."""

_ATTRIBUTE = r"""
    ([^\t\n\f\r />] [^\t\n\f\r />=]*+)
    (?: [\t\n\f\r ]*+ = [\t\n\f\r ]*+ (?: "[^"]*+" | '[^']*+' | [^\t\n\f\r >"'] [^\t\n\f\r >]*+ )?+ )?+
"""
_ATTRIBUTES = re.compile(_ATTRIBUTE, re.VERBOSE)
# Comments and declarations have no groups. A tag that never ends is none, by the standard.
_TOKEN = re.compile(
    rf"""<!--(?:-?>|.*?(?:--!?>|\Z)) | <[!?][^>]*+
    | <(/?) ([a-z][^\t\n\f\r />]*+) ((?: [\t\n\f\r /]++ | {_ATTRIBUTE.replace("(", "(?:", 1)} )*+) >""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_QUOTED_END = re.compile(r"""=[\t\n\f\r ]*+(?:"[^">]*+>|'[^'>]*+>)""")
_COPIES = re.compile(r"<(?:[!?]|input)", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMATTING = _words("a b big code em font i nobr s small strike strong tt u")
_ONE_AT_A_TIME = _words("a nobr")
# Quickly, and rather too many: those of `_FORMATTING` that may be open more than once at a time.
_FORMATTING_TAG = re.compile(r"<[bcefistu](?:ig|ode|m|ont|mall|trike|trong|t)?(?=[\t\n\f\r />])[^>]*+>", re.IGNORECASE)
_RAW = _words("iframe noembed noframes plaintext script style textarea title xmp")
_VOID = _words("area base br col embed hr img input link meta param source track wbr")
_CELLS = _words("caption td th")
_SELF_CLOSING = _CELLS | _words("body colgroup dd dt head html li option p tbody tfoot thead tr")
_TABLE = _words("caption table tbody td tfoot th thead tr")
# The ends of elements outside do not reach into these (HTML section 13.2.4.2, and `select`, which ignores them).
_WALLS = _words("annotation-xml applet desc foreignobject marquee mi mn mo ms mtext object select table template title")


def weigh(page: bytes) -> None:
    """Let a page (in UTF-8) pass that can be parsed in a second or two, and in little memory.

    Raises:
        FetchError: `too-complex`.
    """
    tags = page.count(b"<")
    if tags > TAGS:
        raise too_complex(f"more than {TAGS:,} tags")
    if tags <= VERY_FEW_TAGS and len(page) <= SHORT:
        return
    html = page.decode("utf-8", "replace")
    large = tags > FEW_TAGS or len(html) > LARGE or (tags > VERY_FEW_TAGS and _may_reopen(html, tags))
    if large or (len(html) > SHORT and (_may_have_many_attributes(html) or _may_copy(html))):
        _Weight(html).measure()


def too_complex(why: str) -> FetchError:
    """Return the error of a page that is not parsed."""
    return FetchError("too-complex", f"the page would take too long to read: {why}")


def _may_reopen(html: str, tags: int) -> bool:
    """Say whether formatting elements can be so many, and so different, that reopening them costs much.

    Of those that are the same, attributes and all, at most three are (HTML section 13.2.4.3).
    """
    starts = Counter(_FORMATTING_TAG.findall(html))
    # With a quote open, the `>` was part of a value, and what follows may differ.
    kinds = sum(
        count if start.count('"') % 2 or start.count("'") % 2 else min(count, 3) for start, count in starts.items()
    )
    return kinds * tags > REOPENED


def _may_have_many_attributes(html: str) -> bool:
    """Say whether a tag may be very long: without a `>` for long, or with one in a value."""
    position = 0
    while position + LONG < len(html):
        position = html.rfind(">", position, position + LONG) + 1
        if not position:
            return True
    return _QUOTED_END.search(html) is not None


def _may_copy(html: str) -> bool:
    """Say whether text can be copied often that stands astray in a table."""
    return len(_COPIES.findall(html)) * len(html) > COPIED


class _Weight:
    """The open elements of a page, and what they have come to so far.

    An end tag takes effect where the standard's would, or not at all: what is counted is never too little.
    """

    def __init__(self, html: str) -> None:
        self._html = html
        self._ends: dict[str, int] = {}
        self._steps = self._reopened = self._shared = self._options = self._astray = self._copied = 0
        self._in_cell = False
        self._names: set[str] = set()
        self._open: list[tuple[str, str] | None] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._walls: list[int] = []
        self._depth = 0
        self._kinds: Counter[str] = Counter()
        self._formatting = 0

    def measure(self) -> None:
        """Count the tags; FetchError as soon as they are too much."""
        html = self._html
        # Beyond the last `>` there is no tag, and to look for one takes long.
        end = html.rfind(">") + 1
        allowed = REOPENED + 2 * html.count("<")
        position = doubtful = 0
        while (token := _TOKEN.search(html, position, end)) is not None:
            if "table" in self._places and not self._in_cell:
                self._pass_astray(html[position : token.start()])
            position = token.end()
            closing, name, attributes = token.groups()
            if name is None:
                if token[0].startswith("<![CDATA[") and self._foreign:
                    # A section of SVG: it ends elsewhere than in HTML, and end tags in it are none.
                    doubtful = max(doubtful, self._next("]]>", position))
                continue
            name = name.lower()
            self._names.add(name)
            if name in _TABLE:
                self._in_cell = name in _CELLS and not closing and position > doubtful
            if not closing:
                self._start(name, attributes)
            elif position > doubtful:
                self._end(name)
            self._check(allowed)
            if closing:
                continue
            if name in _RAW:
                raw = end if name == "plaintext" else self._next(f"</{name}", position)
                # Within SVG it is no raw text; but it may be that the SVG has ended, unknown to us.
                if self._foreign:
                    doubtful = max(doubtful, raw)
                else:
                    position = raw

    def _check(self, allowed: int) -> None:
        if self._steps > STEPS:
            raise too_complex("too many nested elements, attributes or options")
        if self._reopened > allowed:
            raise too_complex("too many unclosed formatting elements")
        if len(self._names) > NAMES:
            raise too_complex("too many different names")

    def _pass_astray(self, text: str) -> None:
        """Count a text that stands in a table and in no cell: it is copied, with all others before it."""
        if text.strip("\t\n\f\r "):
            self._astray += len(text)
            self._copied += self._astray
        if self._copied > COPIED:
            raise too_complex("too much text beside the cells of a table")

    @property
    def _foreign(self) -> bool:
        return "svg" in self._places or "math" in self._places

    def _next(self, text: str, position: int) -> int:
        """Return where the text stands next, whatever its case; the end of the page if it does not."""
        if self._ends.get(text, -1) < position:
            match = re.compile(re.escape(text), re.IGNORECASE).search(self._html, position)
            self._ends[text] = match.start() if match else len(self._html)
        return self._ends[text]

    def _start(self, name: str, attributes: str) -> None:
        names = _ATTRIBUTES.findall(attributes) if attributes else ()
        self._names.update(names)
        number = len(names)
        self._steps += self._depth + number * number
        self._reopened += self._formatting
        if name in ("html", "body"):
            # Their attributes are all added to the one element.
            self._shared += number
            self._steps += number * self._shared
        elif name == "option":
            self._options += 1
            self._steps += self._options
        elif name == "select":
            self._options = 0
        if name in _VOID or name in _SELF_CLOSING:
            return
        kind = ""
        if name in _FORMATTING:
            kind = name if name in _ONE_AT_A_TIME else name + attributes
            self._kinds[kind] += 1
            self._formatting += self._kinds[kind] <= _most(kind)
            self._steps += 10 * self._formatting
        if name in _WALLS:
            self._walls.append(len(self._open))
        self._places[name].append(len(self._open))
        self._open.append((name, kind))
        self._depth += 1

    def _end(self, name: str) -> None:
        self._steps += self._depth
        self._reopened += self._formatting
        places = self._places.get(name)
        if places is None or (self._walls and self._walls[-1] > places[-1]):
            return
        if name in _FORMATTING:
            # It alone is closed; what was opened in it stays open (the adoption agency, HTML section 13.2.6.4.7).
            kind = self._close(places[-1])
            self._formatting -= self._kinds[kind] <= _most(kind)
            self._kinds[kind] -= 1
        else:
            for place in range(len(self._open) - 1, places[-1] - 1, -1):
                self._close(place)
        while self._open and self._open[-1] is None:
            self._open.pop()

    def _close(self, place: int) -> str:
        """Close one element, unless it is closed, and return its kind."""
        element, self._open[place] = self._open[place], None
        if element is None:
            return ""
        name, kind = element
        self._places[name].pop()
        if not self._places[name]:
            del self._places[name]
        self._depth -= 1
        if name in _WALLS:
            self._walls.pop()
        return kind


def _most(kind: str) -> int:
    """Return how many formatting elements of a kind are opened anew at most."""
    return 1 if kind in _ONE_AT_A_TIME else 3
