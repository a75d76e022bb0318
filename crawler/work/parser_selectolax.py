"""Pages read by Lexbor, by way of selectolax: the HTML standard's own tree, built in C."""

from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

_UNSEEN = ("script", "style")
_UNSEEN_CSS = ", ".join(_UNSEEN)


class SelectolaxDocument:
    """A page as Lexbor's tree."""

    def __init__(self, page: bytes) -> None:
        self._tree = LexborHTMLParser(page)
        self._firsts: dict[str, LexborNode | None] = {}

    def texts(self, css: str, *, first: bool) -> Iterator[str]:
        """Yield the text of the elements (see `Document`)."""
        return map(_text, self._select(css, first=first))

    def attributes(self, css: str, names: Sequence[str], *, first: bool) -> Sequence[str | None]:
        """Return an attribute of each element (see `Document`)."""
        return [_attribute(node.attributes, names) for node in self._select(css, first=first)]

    def elements(self, css: str) -> Sequence[tuple[str, dict[str, str | None]]]:
        """Return the tag and the attributes of each element (see `Document`)."""
        return [(node.tag or "", node.attributes) for node in self._select(css, first=False)]

    def _select(self, css: str, *, first: bool) -> Sequence[LexborNode]:
        if first:
            # Often one field is an element's text, and another an attribute of the same.
            if css not in self._firsts:
                self._firsts[css] = self._tree.css_first(css)
            node = self._firsts[css]
            return () if node is None else (node,)
        nodes = self._tree.css(css)
        # Lexbor brings an element once for each part of `a, b` that it matches.
        return list({node.mem_id: node for node in nodes}.values()) if "," in css else nodes


class SelectolaxParser:
    """The parser `selectolax`."""

    def parse(self, page: bytes) -> SelectolaxDocument:
        """Return the document."""
        return SelectolaxDocument(page)

    def validate(self, css: str) -> str | None:
        """Return what is wrong with a selector, or None."""
        try:
            LexborHTMLParser("").css_first(css)
        except SelectolaxError:
            return f"{css!r} is not a CSS selector that selectolax understands"
        return None


def open_parser(_name: str) -> SelectolaxParser:
    """Return the parser."""
    return SelectolaxParser()


def _text(node: LexborNode) -> str:
    child = node.first_child
    # Most have a text and nothing else: that is seen without a search.
    alone = child is None or (child.is_text_node and child.next is None)
    if alone or node.tag in _UNSEEN or node.css_first(_UNSEEN_CSS) is None:
        return node.text()
    return "".join(
        part.text_content or ""
        for part in node.traverse(include_text=True)
        if part.is_text_node and part.parent is not None and part.parent.tag not in _UNSEEN
    )


def _attribute(attributes: dict[str, str | None], names: Sequence[str]) -> str | None:
    for name in names:
        if name in attributes:
            return attributes[name] or ""
    return None
