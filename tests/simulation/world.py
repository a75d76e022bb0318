"""A whole simulation, from its settings to its report."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.model import Role, Settled, Task, Verdict
from tests.simulation.cell import Cell, Surroundings
from tests.simulation.fates import Fates
from tests.simulation.journal import Journal
from tests.simulation.loop import Loop
from tests.simulation.network import Network
from tests.simulation.registry import Registry, bucket_of
from tests.simulation.servers import Servers
from tests.simulation.settings import Flaw, Settings
from tests.simulation.web import Web

AUDIT_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation came to."""

    ended: bool
    """Whether the crawl came to its end by itself."""
    reachable: int
    settled: int
    """Records of settled pages, over all journals."""
    fetched_again: int
    """Answers beyond the first of a page."""
    violations: Counter[str]
    """Where the crawl did what it must never do, by rule."""
    examples: Sequence[str]
    counts: Counter[str]
    simulated: float
    """Seconds of the simulated clock."""
    events: int
    cpu: float
    """Seconds of CPU that it took, without making and checking the web."""
    elapsed: float
    """Seconds that it took in all."""

    @property
    def digest(self) -> tuple[object, ...]:
        """What is the same for the same settings, on every machine."""
        figures = (self.settled, self.fetched_again, self.simulated, self.events)
        return (*figures, sorted(self.violations.items()), sorted(self.counts.items()))


def simulate(settings: Settings) -> Report:
    """Crawl a web, and hold the outcome against it."""
    began = time.perf_counter()
    web = Web(settings.pages, settings.hosts, settings.seed, settings.delays)
    loop = Loop()
    network = Network(settings, loop)
    registry = Registry(settings, loop)
    servers = Servers(web, settings, loop)
    buckets = {name: bucket_of(name, settings.buckets) for name in web.names}
    journals = [Journal(fenced=settings.flaw is not Flaw.NO_FENCE) for _ in range(settings.buckets)]
    journals[buckets[web.names[0]]].taken_up.append(Task(web.urls[0], Role.DETAIL))
    cells: dict[str, Cell] = {}
    counts: Counter[str] = Counter()
    around = Surroundings(settings, loop, network, registry, servers, journals, buckets, cells, counts)
    fates = Fates(around, cells)
    audit = _Audit(settings, loop, journals)
    cpu = time.process_time()
    loop.run()
    cpu = time.process_time() - cpu
    for found in (fates.counts, registry.counts, network.counts, servers.seen):
        counts.update(found)
    reachable = web.reachable()
    return Report(
        audit.ended,
        sum(reachable),
        sum(len(journal.settled) for journal in journals),
        sum(answers - 1 for answers in servers.answers if answers),
        servers.violations + check(web, reachable, [page for journal in journals for page in journal.settled]),
        servers.examples,
        counts,
        loop.now,
        loop.events,
        cpu,
        time.perf_counter() - began,
    )


class _Audit:
    """Looks now and then whether the crawl is at its end, which the journals alone can tell.

    What is not committed comes of a page that is not settled, or of a link that is not acknowledged, in some journal.
    """

    def __init__(self, settings: Settings, loop: Loop, journals: Sequence[Journal]) -> None:
        self._settings, self._loop, self._journals = settings, loop, journals
        self.ended = False
        self._settled = -1
        self._since = 0.0
        self._look()

    def _look(self) -> None:
        settled = sum(len(journal.settled) for journal in self._journals)
        if settled > self._settled:
            self._settled, self._since = settled, self._loop.now
        self.ended = all(journal.done for journal in self._journals)
        hopeless = settled > self._settings.pages or self._loop.now - self._since > self._settings.patience
        if self.ended or hopeless:
            self._loop.end()
        self._loop.after(AUDIT_EVERY, self._look)


def check(web: Web, reachable: bytearray, settled: Sequence[Settled]) -> Counter[str]:
    """Return how often pages were settled twice, or not at all, or as what they are not, or should not have been."""
    times = Counter(web.page(page.task.url) for page in settled)
    violations: Counter[str] = Counter()
    for page, due in enumerate(reachable):
        if times[page] > 1:
            violations["settled more than once"] += 1
        if times[page] < due:
            violations["lost"] += 1
        if times[page] and not due:
            violations["settled and not reachable"] += 1
    for record in settled:
        if (record.verdict, record.reason) != _truth(web, web.page(record.task.url)):
            violations["settled as what it is not"] += 1
    return violations


def _truth(web: Web, page: int) -> tuple[Verdict, str | None]:
    if web.closed(page):
        return Verdict.SKIPPED, "robots"
    return (Verdict.FAILED, "status-404") if web.dead(page) else (Verdict.OK, None)
