"""Pages read by BeautifulSoup, over libxml2 (`bs4-lxml`) or Python's own html.parser (`bs4-html`)."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence

import soupsieve
from bs4 import BeautifulSoup, CData, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, RubyParenthesisString, RubyTextString

_SEEN = (NavigableString, CData, RubyTextString, RubyParenthesisString)
"""The strings that are text: BeautifulSoup leaves out ruby annotations, which browsers show."""

_UNFINISHED_TAG = re.compile("<[a-zA-Z/!?]")

# Soup Sieve compiles its own patterns when it first needs them, which takes 0.1 s: so with this module, which a fork
# server loads once, and not with the first page of each of its processes.
soupsieve.compile("a[href], a > b")


class SoupDocument:
    """A page as BeautifulSoup's tree."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self._soup = soup
        for template in self._soup.find_all("template"):
            if not template.decomposed:
                template.decompose()

    def texts(self, css: str, *, first: bool) -> Iterator[str]:
        """Yield the text of the elements (see `Document`)."""
        return (_text(element) for element in self._select(css, first=first))

    def attributes(self, css: str, names: Sequence[str], *, first: bool) -> Sequence[str | None]:
        """Return an attribute of each element (see `Document`)."""
        return [_attribute(element, names) for element in self._select(css, first=first)]

    def elements(self, css: str) -> Sequence[tuple[str, Mapping[str, str | None]]]:
        """Return the tag and the attributes of each element (see `Document`)."""
        return [
            (element.name, {name: _attribute(element, (name,)) for name in element.attrs})
            for element in self._select(css, first=False)
        ]

    def _select(self, css: str, *, first: bool) -> Sequence[Tag]:
        return self._soup.select(css, limit=1 if first else 0)


class LxmlParser:
    """The parser `bs4-lxml`."""

    def parse(self, page: bytes) -> SoupDocument:
        """Return the document."""
        # Without huge_tree libxml2 drops what is nested too deep.
        html = page.decode("utf-8", "replace")
        return SoupDocument(BeautifulSoup(html, "lxml", multi_valued_attributes=None, huge_tree=True))

    def validate(self, css: str) -> str | None:
        """Return what is wrong with a selector, or None."""
        try:
            soupsieve.compile(css)
        except (soupsieve.SelectorSyntaxError, NotImplementedError) as error:
            return f"{css!r} is not a CSS selector: {str(error).splitlines()[0]}"
        return None


class HtmlParser(LxmlParser):
    """The parser `bs4-html`."""

    def parse(self, page: bytes) -> SoupDocument:
        """Return the document."""
        html = _finished(page.decode("utf-8", "replace"))
        # Of two attributes of a name the first counts, by the standard and in the other parsers.
        soup = BeautifulSoup(html, "html.parser", multi_valued_attributes=None, on_duplicate_attribute="ignore")
        return SoupDocument(soup)


def open_parser(name: str) -> LxmlParser:
    """Return the parser of that name."""
    # XHTML is read as HTML on purpose, and a page of one word is a page; nobody asked to be told. Said each time, since
    # filters are the whole process's, and others set them too.
    warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
    warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
    return HtmlParser() if name == "bs4-html" else LxmlParser()


def _finished(html: str) -> str:
    """Return the page without the tag that it breaks off in, and with its last comment closed (HTML section 13.2.5).

    Older versions of html.parser look for the end of such a thing anew from each `<` on: on some pages for hours.
    """
    if unfinished := _UNFINISHED_TAG.search(html, html.rfind(">") + 1):
        html = html[: unfinished.start()]
    for start, end in (("<!--", "-->"), ("<![CDATA[", "]]>")):
        if html.rfind(start) > html.rfind(end):
            html += end
    return html


def _text(element: Tag) -> str:
    return element.get_text() if element.name in ("script", "style") else element.get_text(types=_SEEN)


def _attribute(element: Tag, names: Sequence[str]) -> str | None:
    for name in names:
        if (value := element.get(name)) is not None:
            return value if isinstance(value, str) else " ".join(value)
    return None
