"""How near a backend comes to the best that can be where answers are slow: `python -m tests.benchmarks.latency --help`.

    what the links allow      every request takes the latency and nothing else takes any time: the real frontier, the
                              site's own pages, and a clock that jumps from answer to answer
    the detail pages alone    pages x latency / consumers: as if all of their URLs had been known from the beginning
    by hand                   libcurl and Lexbor without what else a crawl needs: what this machine can do

A crawl begins with one URL, and each hop to the first detail pages takes the latency once, whatever carries it:
robots.txt, the home page, the categories. So what the links allow is what a crawl is held against. From the first
request for a detail page to the last answer to one, which the server's log tells, a crawl can be held against
the other.

Ours run as a user would run them: by the command line, robots.txt obeyed, all stored. Client and server share the
machine's cores.
"""

import argparse
import heapq
import json
import os
import resource
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from crawler.backends.base import Backend, Plan
from crawler.compare.runs import warm
from crawler.compare.toml import toml
from crawler.core.frontier import Frontier
from crawler.core.politeness import HostRules
from crawler.core.rules import CrawlRules
from crawler.engine import pump
from crawler.model import Outcome, Role, Task, Timings
from crawler.urls import HostSet, Scope, path_and_query
from crawler.work.extract import Extractor
from crawler.work.settings import WorkSettings
from fixtures.hitlog import Hit
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site
from tests.benchmarks.coordinator import NoStore
from tests.benchmarks.document import place, record, table
from tests.benchmarks.rivals.contenders import BY_HAND, HERE

BASE = "http://shop.test/"
COLUMNS = ("backend", "seconds", "of what the links allow", "detail pages, s", "of the ideal", "CPU ms a page")
SCRIPT = HERE / "by_hand.py"
NOTHING = Timings(0.0, 0.0, 0.0)


class IdealBackend(Backend):
    """Workers whose requests take the latency, and who cost nothing else. It has a clock of its own."""

    def __init__(self, plan: Plan, site: Site, latency: float) -> None:
        super().__init__(plan)
        self.now = 0.0
        self._site = site
        self._extractor = Extractor(WorkSettings())
        self._latency = latency
        self._free = dict(super().holds)
        self._waiting: Mapping[Role, deque[Task]] = {crew: deque() for crew in self._free}
        self._flying: list[tuple[float, int, Task]] = []
        self._ticket = count()

    @property
    def holds(self) -> Mapping[Role, int]:
        """A page a worker, and `capacity` more."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Nothing to start."""

    def submit(self, task: Task) -> None:
        """Have it begun at once, or as soon as a worker of its crew is free."""
        self._waiting[task.role.crew].append(task)
        self._begin(task.role.crew)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Let the time pass until the next answers."""
        if not self._flying:
            self.now += timeout
            return ()
        self.now = self._flying[0][0]
        outcomes = []
        while self._flying and self._flying[0][0] <= self.now:
            task = heapq.heappop(self._flying)[2]
            self._free[task.role.crew] += 1
            outcomes.append(self._answer(task))
        for crew in self._waiting:
            self._begin(crew)
        return outcomes

    def stop(self) -> None:
        """Nothing to stop."""

    def _begin(self, crew: Role) -> None:
        while self._free[crew] and self._waiting[crew]:
            self._free[crew] -= 1
            task = self._waiting[crew].popleft()
            heapq.heappush(self._flying, (self.now + self._latency, next(self._ticket), task))

    def _answer(self, task: Task) -> Outcome:
        reply = self._site.reply(path_and_query(task.url), BASE)
        assert reply is not None, f"no page at {task.url}"
        if task.role is Role.ROBOTS:
            return Outcome(task, "ideal", NOTHING, 200, robots=reply.body.decode())
        return Outcome(
            task, "ideal", NOTHING, 200, links=self._extractor.read_utf8(reply.body, task.url, task.role).links
        )


def allowed_by_links(pages: int, latency: float, producers: int, consumers: int) -> float:
    """Return the seconds that a crawl takes where only requests take time."""
    backend = IdealBackend(Plan(None, producers, consumers, 10), Site(pages), latency)  # type: ignore[arg-type]
    rules = CrawlRules(hosts=HostRules(per_host=10**6), consumers=consumers)
    scope = Scope(HostSet(["shop.test"]), list_patterns=LIST_PATTERNS, detail_patterns=DETAIL_PATTERNS)
    leases = dict.fromkeys(backend.holds, 1e9)
    frontier = Frontier(rules, scope, holds=backend.holds, leases=leases)
    frontier.start([BASE])
    pump(frontier, backend, NoStore(), clock=lambda: backend.now)
    assert frontier.tally.items == pages, f"{frontier.tally.items} of {pages}"
    return backend.now


class Run(NamedTuple):
    """What a crawl took: seconds in all, from the first request for a detail page to the last answer, and of CPU."""

    elapsed: float
    details: float
    cpu: float


def details(hits: Sequence[Hit]) -> float:
    """Return the seconds from the first request for a detail page to the last answer to one."""
    found = [hit for hit in hits if hit.path.startswith("/item/")]
    return max(hit.end for hit in found) - min(hit.start for hit in found)


def crawl(server: FixtureServer, backend: str, producers: int, consumers: int, more: Sequence[str]) -> Run:
    """Crawl once."""
    settings = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS), "politeness.per_host": 10**6}
    told = settings | {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    server.reset()
    with TemporaryDirectory(prefix="crawler-latency-") as scratch:
        command = [sys.executable, "-m", "crawler", "--quiet", f"--backend={backend}", f"--start-url={server.url}"]
        command += [f"--out={scratch}/out", f"--producers={producers}", f"--consumers={consumers}"]
        command += [f"--set={key}={toml(value)}" for key, value in told.items()]
        here = {"PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run([*command, *more], cwd=scratch, check=True, env=os.environ | here)
        report = json.loads(Path(scratch, "out", "report.json").read_text(encoding="utf-8"))
    return Run(report["elapsed"], details(server.log()), report["cpu_seconds"])


def crawl_by_hand(server: FixtureServer, consumers: int) -> Run:
    """Crawl once by the script: from its first request to the last answer, as it tells nothing itself."""
    server.reset()
    with TemporaryDirectory(prefix="crawler-latency-") as scratch:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, str(SCRIPT), server.url, f"{scratch}/items.jsonl", str(consumers)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hits = server.log()
    elapsed = max(hit.end for hit in hits) - min(hit.start for hit in hits)
    return Run(elapsed, details(hits), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Measure, rounds interleaved, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--producers", type=int, default=64)
    parser.add_argument("--consumers", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--backends", default="asyncio,curl-multi,queue", metavar="NAME,…")
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="for all of them")
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args()
    links = allowed_by_links(options.pages, options.latency, options.producers, options.consumers)
    alone = options.pages * options.latency / options.consumers
    names = options.backends.split(",")
    found: dict[str, list[Run]] = {name: [] for name in (*names, BY_HAND)}
    with FixtureServer(pages=options.pages, latency=options.latency) as server:
        warm(server, Site(options.pages))
        for _ in range(options.rounds):
            for name in names:
                more = [f"--set={setting}" for setting in options.set]
                found[name].append(crawl(server, name, options.producers, options.consumers, more))
            found[BY_HAND].append(crawl_by_hand(server, options.consumers))
    rows: list[tuple[str, ...]] = [
        ("what the links allow", f"{links:.2f}", "100%", "", "", ""),
        ("the detail pages alone", "", "", f"{alone:.2f}", "100%", ""),
    ]
    for name, runs in found.items():
        elapsed, of_details, cpu = map(median, zip(*runs, strict=True))
        # By hand it is a hop less, as there is no robots.txt.
        whole = (f"{elapsed:.2f}", f"{links / elapsed:.0%}") if name in names else ("", "")
        shares = f"{of_details:.2f}", f"{alone / of_details:.0%}", f"{cpu / options.pages * 1000:.2f}"
        rows.append((f"`{name}`" if name in names else name, *whole, *shares))
    text = (
        f"{table(COLUMNS, rows)}\n\n{options.pages:,} pages of {options.latency:g} s, {options.consumers} consumers, "
        f"{options.producers} producers, {options.rounds} rounds; {place()}."
    )
    print(text)
    if options.record:
        record("latency", text)


if __name__ == "__main__":
    main()
