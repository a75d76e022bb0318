"""How much the coordinator by itself can do: the frontier, the loop and the store, with a backend that answers at once.

`python -m tests.benchmarks.coordinator [--pages N]… [--no-store]` prints settled pages a second of wall time,
microseconds of CPU a page, and the resident memory that a known URL costs. The page graph has the fixture site's shape:
list pages of 20 items, each item linking to five others and to its list page; no page is rendered.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from crawler.backends.base import Plan
from crawler.backends.fake import FakeBackend
from crawler.core.frontier import Frontier
from crawler.core.politeness import HostRules
from crawler.core.rules import CrawlRules
from crawler.engine import Keeper, pump
from crawler.model import Changes, Outcome, Role, Task, Timings
from crawler.store.store import Store
from crawler.urls import HostSet, Scope
from tests.benchmarks.document import place, record, table

BASE = "http://shop.test"
SHELF = 20
RUNS, SHORT = 5, 300_000
"""How often a crawl is measured at most, and how many pages all of them may have."""
TIMINGS = Timings(0.0, 0.01, 0.011)


class NoStore:
    """Takes everything and keeps nothing."""

    def save(self, changes: Changes, counters: Callable[[], Mapping[str, Any]]) -> None:
        """Forget the changes."""


class Graph:
    """The links of a shop of so many items, as a pure function of the URL."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self.lists = -(-pages // SHELF)

    def answer(self, task: Task) -> Outcome:
        """Return the outcome of a task, at once."""
        if task.role is Role.ROBOTS:
            return Outcome(task, "fake", TIMINGS, 200, "text/plain", robots="User-agent: *\nDisallow: /cart/\n")
        number = int(task.url.rpartition("/")[2])
        if task.role is Role.LIST:
            return Outcome(task, "list-0", TIMINGS, 200, "text/html", 14_000, self._list(number))
        record = {"title": f"Item {number}", "price": 12.5, "tags": ["a", "b", "c"], "description": "x" * 600}
        return Outcome(task, "detail-0", TIMINGS, 200, "text/html", 14_000, self._detail(number), record)

    def _list(self, number: int) -> tuple[str, ...]:
        items = range(number * SHELF, min((number + 1) * SHELF, self.pages))
        further = (2 * number + 1, 2 * number + 2)
        return (
            *(self._item(item) for item in items),
            *(f"{BASE}/category/{page}" for page in further if page < self.lists),
        )

    def _detail(self, number: int) -> tuple[str, ...]:
        related = ((number * 7919 + step * 104_729) % self.pages for step in range(1, 6))
        return (f"{BASE}/", f"{BASE}/category/{number // SHELF}", *map(self._item, related))

    @staticmethod
    def _item(number: int) -> str:
        return f"{BASE}/item/a-rather-long-title-as-real-shops-have-them-in-their-urls/{number}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a crawl of so many URLs took."""

    known: int
    wall: float
    """Seconds; so is `cpu`."""
    cpu: float
    kept: int
    """Bytes of resident memory at the end beyond those at the start; `most` is at the most."""
    most: int


def measure(pages: int, *, with_store: bool) -> Figures:
    """Crawl once."""
    graph = Graph(pages)
    backend = FakeBackend(Plan(None, 8, 64, 64), graph.answer)  # type: ignore[arg-type]
    scope = Scope(HostSet(["shop.test"]), list_patterns=["/category/*"], detail_patterns=["/item/*"])
    rules = CrawlRules(hosts=HostRules(per_host=1000), consumers=64, capacity=64)
    with TemporaryDirectory() as folder, Store.open(Path(folder), {}) as real:
        store: Keeper = real if with_store else NoStore()
        frontier = Frontier(
            rules,
            scope,
            holds=backend.holds,
            leases={Role.LIST: 60.0, Role.DETAIL: 60.0},
            recollect=real.recollect if with_store else None,
        )
        frontier.start([f"{BASE}/category/0"])
        gc.collect()
        before, most = resident(), 0
        wall, cpu = time.perf_counter(), time.process_time()
        looks = 0

        def watch(_: Frontier) -> None:
            nonlocal looks, most
            looks += 1
            if looks % 500 == 0:
                most = max(most, resident())

        pump(frontier, backend, store, watch=watch)
        real.commit()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        gc.collect()
        after = resident()
    settled = frontier.tally.settled
    assert settled == pages + graph.lists, f"{settled} settled of {pages + graph.lists}"
    return Figures(settled, wall, cpu, after - before, max(most, after) - before)


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    return int(psutil.Process().memory_info().rss)


def quickest(pages: int, *, with_store: bool) -> Figures:
    """Return the quickest of several runs, where they are short, each in a process of its own.

    All do the very same, so what one takes longer is what else the machine had to do.
    """
    runs = []
    for _ in range(max(1, min(RUNS, SHORT // pages))):
        with get_context("fork").Pool(1) as process:
            runs.append(process.apply(measure, (pages,), {"with_store": with_store}))
    return min(runs, key=lambda figures: figures.wall)


def told(figures: Figures, smaller: Figures | None, *, with_store: bool) -> Sequence[str]:
    """Return a row of the table; what a further URL costs is told from a crawl of fewer."""
    further = (figures.kept - smaller.kept) / (figures.known - smaller.known) if smaller else None
    return (
        f"{figures.known:,}",
        "yes" if with_store else "no",
        f"{figures.known / figures.wall:,.0f}",
        f"{figures.cpu / figures.known * 1e6:.1f}",
        f"{figures.kept / figures.known:.0f}",
        f"{figures.most / figures.known:.0f}",
        "" if further is None else f"{further:.0f}",
    )


COLUMNS = ("known URLs", "store", "pages/s", "CPU µs a page", "bytes a URL", "at most", "a further URL")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--no-store", action="store_true")
    parser.add_argument("--store", action="store_true", help="with the store only: the memory of a real crawl")
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args(arguments)
    rows = []
    for with_store in (False,) if options.no_store else (True,) if options.store else (False, True):
        smaller = None
        for pages in options.pages:
            found = quickest(pages, with_store=with_store)
            rows.append(told(found, smaller, with_store=with_store))
            smaller = found
            print(*rows[-1], file=sys.stderr, flush=True)
    text = f"{table(COLUMNS, rows)}\n\n{place()}."
    print(text)
    if options.record:
        record("coordinator", text)


if __name__ == "__main__":
    main()
