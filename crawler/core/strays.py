"""Links to hosts that are not in scope, and may yet be: as long as a start URL has not answered, it may redirect there.

    follow ──offsite──▶ [ host: link, link, … ] ──a start URL redirects to that host──▶ follow, as if found then
                                  └── all start URLs have answered ──▶ forgotten

Without that, what a crawl finds would depend on which of several start URLs answers first.
"""

from typing import NamedTuple

from crawler.urls import host

KEPT = 10_000
"""Links that are kept at most: of thousands of start URLs, some may be slow."""


class Stray(NamedTuple):
    """A link, and where it was found first."""

    url: str
    depth: int
    referrer: str


class Strays:
    """The links that wait for their host to come into scope."""

    def __init__(self) -> None:
        self._by_host: dict[str, dict[str, Stray]] = {}
        self._count = 0

    def keep(self, stray: Stray) -> None:
        """Keep a link, if there is room and it is not here."""
        links = self._by_host.setdefault(host(stray.url), {})
        if self._count < KEPT and stray.url not in links:
            links[stray.url] = stray
            self._count += 1

    def take(self, name: str) -> list[Stray]:
        """Take out those of a host, in the order in which they were found."""
        links = self._by_host.pop(name, {})
        self._count -= len(links)
        return list(links.values())

    def forget(self) -> None:
        """Drop them all."""
        self._by_host.clear()
        self._count = 0
