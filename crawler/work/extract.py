"""From a page to its links and its record: the same whatever the parser."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from crawler.model import FieldValue, Record, Role, Scalar
from crawler.urls import canonical
from crawler.work.directives import Directives, header_rules, is_nofollow, meta_rules
from crawler.work.links import Links, resolve, resolve_all, with_query_in
from crawler.work.numerals import parse_float, parse_int
from crawler.work.parsers import Document, parser
from crawler.work.settings import FieldSpec, FieldType, WorkSettings
from crawler.work.weight import too_complex, weigh

TEXT = 10_000_000
"""Characters that the values of a field may have in all: of nested elements that all match, each has the same text."""
MARKS = "base[href]:not(svg *):not(math *), meta[name][content]"
"""The elements that say something of the whole page. A `<base>` in `<svg>` is none of HTML (HTML section 13.2.6.5)."""
_ANCHORS = re.compile(r"(?:a|area)(?:\[href\])?(?:\s*,\s*(?:a|area)(?:\[href\])?)*")
"""Selectors of links which no element matches that says something of the whole page."""

_Attributes = Mapping[str, str | None]


class Reading(NamedTuple):
    """What was read of a page."""

    links: tuple[str, ...] = ()
    """Canonical, in document order, each once; none where they are not to be followed."""
    record: Record | None = None
    """Of a detail page that may be kept."""
    noindex: bool = False
    """Whether a detail page asks not to be kept."""
    surplus: int = 0
    """Links beyond the most that are taken from one page."""


class Extractor:
    """Reads pages as the settings say. Opens the parser, and so is made where it is used."""

    def __init__(self, settings: WorkSettings) -> None:
        self._parser = parser(settings.parser)
        self._fields = [_Field(spec) for spec in settings.fields]
        self._link_selector = settings.link_selector
        # To look through the tree costs a quarter as much as to build it, so it is done once where it can be.
        self._all_at_once = f"{MARKS}, {settings.link_selector}" if _ANCHORS.fullmatch(settings.link_selector) else ""
        self._follows = {Role.LIST: settings.follow_list, Role.DETAIL: settings.follow_detail}
        self._page_links = settings.page_links
        self._obeys = settings.obey_robots
        self._agent = settings.robots_agent

    def read(self, html: str, url: str, role: Role, robots_tags: Sequence[str] = ()) -> Reading:
        """Return what `read_utf8` does, of a text."""
        return self.read_utf8(html.encode("utf-8", "replace"), url, role, robots_tags)

    def read_utf8(
        self, page: bytes, url: str, role: Role, robots_tags: Sequence[str] = (), codec: str = "utf_8"
    ) -> Reading:
        """Return a page's links, where they are followed, and a detail page's record, where it may be kept.

        Args:
            robots_tags: the values of its X-Robots-Tag headers.
            codec: what the page was in, before it was UTF-8: the queries of its links are in that (HTML section 2.4.2).

        Raises:
            FetchError: `too-complex`, to read it would take too long or too much memory, whatever the parser.
        """
        # Parsers differ on NUL (the standard drops it in one place and replaces it in another); no page means it.
        page = page.replace(b"\0", b"")
        weigh(page)
        document = self._parser.parse(page)
        follows = self._follows.get(role, False)
        marks, anchors = self._survey(document, follows=follows)
        # Queries are never in UTF-16 (Encoding section 4.3, "get an output encoding"). Of UTF-8 the URL parser knows.
        queries = None if codec.startswith("utf_") else codec
        base = _base(marks, url, queries)
        asked = self._asked(marks, robots_tags)
        noindex = role is Role.DETAIL and asked.noindex
        wants_record = role is Role.DETAIL and not noindex
        links = self._links(anchors, base, queries) if follows and not asked.nofollow else Links()
        record = {field.name: field.read(document, base, queries) for field in self._fields} if wants_record else None
        return Reading(links.urls, record, noindex, links.surplus)

    def _survey(
        self, document: Document, *, follows: bool
    ) -> tuple[Sequence[tuple[str, _Attributes]], Sequence[_Attributes]]:
        """Return the elements that say something of the whole page, and its links where they are followed."""
        if not follows:
            return document.elements(MARKS), ()
        if not self._all_at_once:
            return document.elements(MARKS), [found for _, found in document.elements(self._link_selector)]
        marks: list[tuple[str, _Attributes]] = []
        anchors: list[_Attributes] = []
        for element in document.elements(self._all_at_once):
            if element[0] in ("base", "meta"):
                marks.append(element)
            else:
                anchors.append(element[1])
        return marks, anchors

    def _asked(self, marks: Iterable[tuple[str, _Attributes]], robots_tags: Sequence[str]) -> Directives:
        """Return what a page asks of us in its header and its `<meta>` elements."""
        if not self._obeys:
            return Directives()
        metas = [(meta["name"], meta["content"]) for tag, meta in marks if tag == "meta"]
        return Directives.of([*header_rules(robots_tags, self._agent), *meta_rules(metas, self._agent)])

    def _links(self, anchors: Iterable[_Attributes], base: str, queries: str | None) -> Links:
        hrefs = [
            anchor["href"] or ""
            for anchor in anchors
            if "href" in anchor and not (self._obeys and "rel" in anchor and is_nofollow(anchor["rel"]))
        ]
        if queries is not None:
            hrefs = [with_query_in(queries, href) for href in hrefs]
        return resolve_all(hrefs, base, self._page_links)


def _base(marks: Iterable[tuple[str, _Attributes]], url: str, queries: str | None = None) -> str:
    """Return what hrefs are resolved against: the first `<base href>`, if it is an http(s) URL (HTML section 4.2.3)."""
    first = next((attributes["href"] or "" for tag, attributes in marks if tag == "base"), None)
    if first is None:
        return url
    return canonical(first if queries is None else with_query_in(queries, first), url) or url


class _Field:
    """How one field of a record is read."""

    def __init__(self, spec: FieldSpec) -> None:
        self.name = spec.name
        self._css = spec.css
        self._attributes = _attribute_names(spec)
        self._many = spec.many
        self._convert = _CONVERTERS[spec.type]
        self._is_url = spec.type is FieldType.URL

    def read(self, document: Document, base: str, queries: str | None) -> FieldValue:
        """Return its value: with `many` those that convert, else the first element's, None if there is none.

        Args:
            queries: the codec that the queries of URLs are in; None: UTF-8.

        Raises:
            FetchError: `too-complex`, the values are too long in all.
        """
        texts: Iterable[str | None]
        if self._attributes:
            texts = document.attributes(self._css, self._attributes, first=not self._many)
        else:
            texts = document.texts(self._css, first=not self._many)
        values: list[Scalar] = []
        length = 0
        for text in texts:
            if text is None:
                continue
            length += len(text)
            if length > TEXT:
                raise too_complex(f"the field {self.name} holds more than {TEXT:,} characters")
            if queries is not None and self._is_url:
                text = with_query_in(queries, text)
            if (value := self._convert(text, base)) is not None:
                values.append(value)
        if self._many:
            return values
        return values[0] if values else None


def _attribute_names(spec: FieldSpec) -> tuple[str, ...]:
    if spec.attr is not None:
        return (spec.attr,)
    return ("href", "src") if spec.type is FieldType.URL else ()


def _plain(text: str) -> str:
    """Return the text with its white space made single spaces, as a browser shows it."""
    if "\n" not in text:
        return _plain_line(text)
    return " ".join(filter(None, map(_plain_line, text.split("\n"))))


def _plain_line(line: str) -> str:
    # Of all white space the space alone is printable: so most lines are seen to be plain without being taken apart.
    if "  " not in line and line.isprintable():
        return line.strip(" ")
    return " ".join(line.split())


# How the type of a field turns a text (and the base, for URLs) into its value; None where it is none of that type.
_CONVERTERS: Mapping[FieldType, Callable[[str, str], Scalar | None]] = {
    FieldType.STR: lambda text, _base: _plain(text),
    FieldType.INT: lambda text, _base: parse_int(text),
    FieldType.FLOAT: lambda text, _base: parse_float(text),
    FieldType.URL: resolve,
}
