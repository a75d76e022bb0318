"""From the hrefs of a page to canonical URLs: quickly, since pages have many and most are plain."""

import re
from collections.abc import Iterable

from crawler.urls import canonical, origin

# Paths that resolving leaves as they are: no dot segments, no empty ones, nothing to escape, no scheme.
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.~-]*"
_PLAIN = re.compile(rf"(/?)(?:{_SEGMENT}/)*(?:{_SEGMENT}/?)(?:\?[A-Za-z0-9_.~=&+/-]+)?", re.ASCII)


def resolve_all(hrefs: Iterable[str], base: str) -> tuple[str, ...]:
    """Return the canonical URLs of the hrefs, in order and each once; what is no http(s) URL is passed over.

    Args:
        base: the canonical URL to resolve against.
    """
    site = origin(base)
    folder = base.partition("?")[0].rpartition("/")[0] + "/"
    plain = _PLAIN.fullmatch
    urls: dict[str, None] = {}
    for href in dict.fromkeys(map(_unfragmented, hrefs)):
        if match := plain(href):
            urls[(site if match[1] else folder) + href] = None
        elif (url := canonical(href, base)) is not None:
            urls[url] = None
    return tuple(urls)


def _unfragmented(href: str) -> str:
    """Return the href without its fragment: in most of an index page's links nothing else differs."""
    address = href.partition("#")[0]
    # White space there belongs to the address, and would be trimmed if it came to stand at the end.
    return href if address and address[-1] <= " " else address
