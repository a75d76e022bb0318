"""From the hrefs of a page to canonical URLs: quickly, since pages have many and most are plain."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from crawler.urls import canonical, origin
from crawler.work.legacy import encoded

# Paths that resolving leaves as they are: no dot segments, no empty ones, nothing to escape, no scheme.
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.~-]*"
_PLAIN = re.compile(rf"(?:{_SEGMENT}/)*(?:{_SEGMENT}/?)(?:\?[A-Za-z0-9_.~=&+/-]+)?", re.ASCII)
_ROOTED = ("/", "http://", "https://", "mailto:", "tel:", "javascript:")
"""How an href begins for which no more of the base counts than its origin."""
_REMEMBERED = 256
"""Characters of an href that is remembered: those that come on every page of a site are short."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_QUERY = "".join(char for char in map(chr, range(0x21, 0x7F)) if char not in "\"#<>'")
"""What of ASCII stands in a query as it is, bytes of a character among it (URL section 1.3)."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character, which is no scalar value: the URL parser is given U+FFFD in its place (Infra section 4.7)."""


class Links(NamedTuple):
    """The links of a page."""

    urls: tuple[str, ...] = ()
    surplus: int = 0
    """How many there were beyond the limit; one that comes twice may be counted twice."""


def resolve_all(hrefs: Iterable[str], base: str, limit: int = 0) -> Links:
    """Return the canonical URLs of the hrefs, in order and each once; what is no http(s) URL is passed over.

    Args:
        base: the canonical URL to resolve against.
        limit: the most URLs to return; those beyond are counted and take no memory. 0: all.
    """
    addresses = map(_unfragmented, hrefs)
    urls = dict.fromkeys(_canonical(dict.fromkeys(islice(addresses, limit or None)), base))
    surplus = 0
    for url in _canonical(addresses, base) if limit else ():
        if url not in urls:
            if len(urls) < limit:
                urls[url] = None
            else:
                surplus += 1
    return Links(tuple(urls), surplus)


def resolve(href: str, base: str) -> str | None:
    """Return the canonical URL of an href, as `canonical` does, and mostly sooner."""
    return next(_canonical((href,), base), None)


def with_query_in(codec: str, href: str) -> str:
    """Return the href with the query's characters beyond ASCII escaped as the codec's (URL section 4.4, query state).

    It is what the encoding of a page decides of its URLs; their paths are UTF-8 on all pages.
    """
    if href.isascii():
        return href
    address, hash_mark, fragment = href.partition("#")
    path, question_mark, query = address.partition("?")
    query = _SURROGATE.sub("\ufffd", query)
    query = _NOT_ASCII.sub(lambda found: quote_from_bytes(encoded(found[0], codec, _reference), _QUERY), query)
    return f"{path}{question_mark}{query}{hash_mark}{fragment}"


def _reference(char: str) -> bytes:
    """Return how what an encoding does not know is written: as a form does, `&#9731;` with its punctuation escaped."""
    return b"%%26%%23%d%%3B" % ord(char)


def _canonical(hrefs: Iterable[str], base: str) -> Iterator[str]:
    site = origin(base)
    folder = base.partition("?")[0].rpartition("/")[0] + "/"
    for href in hrefs:
        if len(href) <= _REMEMBERED and href.startswith(_ROOTED):
            url = _resolve_rooted(href, site)
        elif not href:
            url = base
        else:
            url = folder + href if _PLAIN.fullmatch(href) else canonical(href, base)
        if url is not None:
            yield url


@lru_cache(maxsize=1024)
def _resolve_rooted(href: str, site: str) -> str | None:
    return site + href if _PLAIN.fullmatch(href, 1) and href[0] == "/" else canonical(href, f"{site}/")


def _unfragmented(href: str) -> str:
    """Return the href without its fragment: in most of an index page's links nothing else differs."""
    if "#" not in href:
        return href
    address = href.partition("#")[0]
    # White space there belongs to the address, and would be trimmed if it came to stand at the end.
    return href if address and address[-1] <= " " else address
