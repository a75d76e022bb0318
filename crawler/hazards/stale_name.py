"""The stale name: `from … import` binds a name to the list that is there now, and the module goes on to another.

shared.detail_urls ─────────▶ [ 20 URLs ]     where the module's name leads since it was bound anew
detail_urls, imported ──▶ [ ]                 where it led when it was imported
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crawler.hazards import shared
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.shared import detail_urls
from crawler.hazards.watchdog import LIMIT, Helper
from crawler.model import Role
from crawler.work.extract import Extractor
from crawler.work.settings import WorkSettings
from fixtures.site import Site

SHOP = "http://shop.test"


@dataclass(frozen=True, slots=True)
class Looks(Facts):
    """What a producer put, and what a consumer found."""

    put: int
    found: int
    same: bool
    """Whether the consumer looked into the list that the producer had filled."""

    @property
    def harmed(self) -> bool:
        """Whether the consumer saw nothing of what was put."""
        return self.put > 0 and self.found == 0

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        return (
            f"list-0 read a list page, and put {self.put} URLs",
            f"detail-0 looked afterwards, and found {self.found}: "
            f"it looked into {'the same list' if self.same else 'another list'}",
        )


def by_name() -> list[str]:
    """Return the list as a consumer sees it that imported its name."""
    return detail_urls


def by_module() -> list[str]:
    """Return the list as a consumer sees it that imported the module, and looks the name up in it each time."""
    return shared.detail_urls


def put_and_look(look: Callable[[], list[str]]) -> Looks:
    """Let one thread put the URLs of a list page, then let another look for them; return what it found."""
    found: list[list[str]] = []
    for helper in (Helper("list-0", _produce), Helper("detail-0", lambda: found.append(look()))):
        helper.start()
        helper.join(LIMIT)
    return Looks(len(shared.detail_urls), len(found[0]), found[0] is shared.detail_urls)


def _produce() -> None:
    site = Site(pages=60)
    path = next(path for path in site.list_paths() if path != "/")
    reply = site.reply(path, SHOP)
    assert reply is not None
    links = Extractor(WorkSettings()).read(reply.body.decode(), SHOP + path, Role.LIST).links
    shared.replace([link for link in links if link.startswith(f"{SHOP}/item/")])


STALE_NAME = Hazard(
    tries="""
        A list of URLs stands in a module of its own. A producer thread reads a list page of
        the fixture site and puts a new list in its place; then a consumer thread looks, by the name that it got
        from `from crawler.hazards.shared import detail_urls`.
    """,
    run=lambda: put_and_look(by_name),
    cause="""
        `from module import name` copies what the name is bound to at that moment. It ties the importer to a
        list, not to the module's name. When the module binds its name to another list, nobody who has the old
        one is told.
    """,
    cure="""
        Import the module, and write `shared.detail_urls`: the name is then looked up each time. Or never bind
        it anew: change the list in place. The rlock backend keeps its list in an attribute and looks it up in
        `self` each time, as its `recall` does put another in its place.
    """,
    run_cured=lambda: put_and_look(by_module),
    read=(by_name, by_module, shared.replace),
)
