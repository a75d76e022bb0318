"""From a page's text to its links and its record: the same whatever the parser."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crawler.model import FieldValue, Record, Role, Scalar
from crawler.urls import canonical
from crawler.work.directives import NOFOLLOW, Directives, header_rules, is_nofollow, may_have_meta, meta_rules
from crawler.work.links import Links, resolve_all
from crawler.work.numerals import parse_float, parse_int
from crawler.work.parsers import Document, parser
from crawler.work.settings import FieldSpec, FieldType, WorkSettings
from crawler.work.weight import too_complex, weigh

TEXT = 10_000_000
"""Characters that the values of a field may have in all: of nested elements that all match, each has the same text."""


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
        self._fields = settings.fields
        self._link_selector = settings.link_selector
        self._follows = {Role.LIST: settings.follow_list, Role.DETAIL: settings.follow_detail}
        self._page_links = settings.page_links
        self._obeys = settings.obey_robots
        self._agent = settings.robots_agent

    def read(self, html: str, url: str, role: Role, robots_tags: Sequence[str] = ()) -> Reading:
        """Return a page's links, where they are followed, and a detail page's record, where it may be kept.

        Args:
            robots_tags: the values of its X-Robots-Tag headers.

        Raises:
            FetchError: `too-complex`, to read it would take too long or too much memory, whatever the parser.
        """
        # Parsers differ on NUL (the standard drops it in one place and replaces it in another); no page means it.
        html = html.replace("\0", "")
        weigh(html)
        document = self._parser.parse(html)
        text = _lowered(html)
        asked = self._asked(document, text, robots_tags)
        follows = self._follows.get(role, False) and not asked.nofollow
        noindex = role is Role.DETAIL and asked.noindex
        wants_record = role is Role.DETAIL and not noindex
        # Looking for it in the text first costs a tenth of what looking through the tree does, and few pages have one.
        base = _base(document, url) if "<base" in text else url
        links = self._links(document, base, obeys_rel=self._obeys and NOFOLLOW in text) if follows else Links()
        record = {field.name: _field(document, field, base) for field in self._fields} if wants_record else None
        return Reading(links.urls, record, noindex, links.surplus)

    def _asked(self, document: Document, text: str, robots_tags: Sequence[str]) -> Directives:
        """Return what a page asks of us in its header and its `<meta>` elements."""
        if not self._obeys:
            return Directives()
        rules = header_rules(robots_tags, self._agent)
        if may_have_meta(text, self._agent):
            names, contents = (
                document.attributes("meta[name][content]", (name,), first=False) for name in ("name", "content")
            )
            rules += meta_rules(names, contents, self._agent)
        return Directives.of(rules)

    def _links(self, document: Document, base: str, *, obeys_rel: bool) -> Links:
        hrefs = document.attributes(self._link_selector, ("href",), first=False)
        if obeys_rel:
            rels = document.attributes(self._link_selector, ("rel",), first=False)
            hrefs = [href for href, rel in zip(hrefs, rels, strict=True) if not is_nofollow(rel)]
        return resolve_all((href for href in hrefs if href is not None), base, self._page_links)


def _lowered(html: str) -> str:
    """Return the page in lower case. What is looked for there is ASCII, which takes half the time."""
    return html.encode("ascii", "replace").decode("ascii").lower()


def _base(document: Document, url: str) -> str:
    """Return what hrefs are resolved against: the first `<base href>`, if it is an http(s) URL (HTML section 4.2.3)."""
    for href in document.attributes("base[href]", ("href",), first=True):
        if href is not None and (base := canonical(href, url)) is not None:
            return base
    return url


def _field(document: Document, field: FieldSpec, base: str) -> FieldValue:
    """Return a field's value: with `many` those that convert, else the first element's, None if there is none."""
    names = _attribute_names(field)
    texts: Iterable[str | None]
    if names:
        texts = document.attributes(field.css, names, first=not field.many)
    else:
        texts = document.texts(field.css, first=not field.many)
    values = [_CONVERTERS[field.type](text, base) for text in _bounded(texts, field.name)]
    if field.many:
        return [value for value in values if value is not None]
    return values[0] if values else None


def _bounded(texts: Iterable[str | None], name: str) -> Iterator[str]:
    """Yield the texts that are there; FetchError once they are too long in all."""
    length = 0
    for text in texts:
        if text is not None:
            length += len(text)
            if length > TEXT:
                raise too_complex(f"the field {name} holds more than {TEXT:,} characters")
            yield text


def _attribute_names(field: FieldSpec) -> tuple[str, ...]:
    if field.attr is not None:
        return (field.attr,)
    return ("href", "src") if field.type is FieldType.URL else ()


def _plain(text: str) -> str:
    """Return the text with its white space made single spaces, as a browser shows it."""
    return " ".join(text.split())


# How the type of a field turns a text (and the base, for URLs) into its value; None where it is none of that type.
_CONVERTERS: Mapping[FieldType, Callable[[str, str], Scalar | None]] = {
    FieldType.STR: lambda text, _base: _plain(text),
    FieldType.INT: lambda text, _base: parse_int(text),
    FieldType.FLOAT: lambda text, _base: parse_float(text),
    FieldType.URL: canonical,
}
