"""The HTML parsers by name, and what all of them are asked.

    selectolax   Lexbor, in C; the HTML standard's tree. The default.
    bs4-lxml     BeautifulSoup over libxml2: the same records on sane pages, some thirty times slower.
    bs4-html     BeautifulSoup over Python's own html.parser: needs no C at all, and mends broken markup least. Before
                 Python 3.13.6 it takes an unescaped `&param=` of an href for `¶m=`.

A parser's library is imported when the parser is asked for, and not before.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

PARSERS = {
    "selectolax": "crawler.work.parser_selectolax",
    "bs4-lxml": "crawler.work.parser_bs4",
    "bs4-html": "crawler.work.parser_bs4",
}


class Document(Protocol):
    """A parsed page. What stands in a `<template>` is no part of it, as in a browser."""

    def texts(self, css: str, *, first: bool) -> Iterable[str]:
        """Yield the text of each element that matches (of the first only, if `first`), in document order.

        White space as it stands; without the text of scripts and styles within.
        """

    def attributes(self, css: str, names: Sequence[str], *, first: bool) -> Sequence[str | None]:
        """Return, of each element that matches, the first of the attributes that it has, or None."""

    def elements(self, css: str) -> Sequence[tuple[str, Mapping[str, str | None]]]:
        """Return the tag and the attributes of each element that matches, once each; an empty value may be None."""


class Parser(Protocol):
    """Turns pages into documents. Holds no state of a page."""

    def parse(self, page: bytes) -> Document:
        """Return the document, whatever the page; it is UTF-8."""

    def validate(self, css: str) -> str | None:
        """Return what is wrong with a selector, on one line, or None if it is one."""


def parser(name: str) -> Parser:
    """Return the parser of a name.

    Raises:
        KeyError: there is none of that name.
    """
    opened: Parser = import_module(PARSERS[name]).open_parser(name)
    return opened


def validate_selector(css: str, name: str) -> str | None:
    """Return what is wrong with a CSS selector, on one line, or None if the parser of that name understands it."""
    return parser(name).validate(css)
