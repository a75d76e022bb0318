"""Links and redirects to hosts that are not in scope, and may yet be: a start URL that has not answered may lead there.

    link ─────offsite──▶ [ host: task, task, … ] ──a start URL leads to that host──▶ taken up, as if found then
    redirect ─offsite──▶ [ and where it leads  ] ──a start URL leads to that page──▶ gone along, as the start's own
                                  └── every start URL has answered ──▶ forgotten

Without that, what a crawl finds would depend on which of several start URLs answers first.
"""

from collections.abc import Iterator

from crawler.model import Task
from crawler.urls import host

KEPT = 10_000
"""Links that are kept at most, and redirects: of thousands of start URLs, some may be slow, and some may fail."""


class Strays:
    """What waits for its host to come into scope."""

    def __init__(self) -> None:
        self._by_host: dict[str, dict[str, Task]] = {}
        self._count = 0
        self._targets: dict[str, str] = {}

    def keep(self, task: Task) -> bool:
        """Keep what a link or a redirect leads to; False if it is here already, or there is no room."""
        links = self._by_host.setdefault(host(task.url), {})
        if self._count >= KEPT or task.url in links:
            return False
        links[task.url] = task
        self._count += 1
        return True

    def take(self, name: str) -> list[Task]:
        """Take out those of a host, in the order in which they were found."""
        links = self._by_host.pop(name, {})
        self._count -= len(links)
        return list(links.values())

    def note_redirect(self, url: str, target: str) -> None:
        """Keep where a page leads that is no start URL: a start URL may yet lead to it."""
        if len(self._targets) < KEPT:
            self._targets[url] = target

    def lead_on(self, url: str) -> Iterator[str]:
        """Take out where a page leads, and where that does, and so on."""
        while (target := self._targets.pop(url, None)) is not None:
            yield target
            url = target

    def forget(self) -> None:
        """Drop them all."""
        self._by_host.clear()
        self._targets.clear()
        self._count = 0
