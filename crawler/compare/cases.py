"""Which runs there are to be, and the least time that each could take."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from crawler.backends.registry import BACKENDS
from crawler.compare.model import Case, Ideal, Scene
from crawler.config import Workload
from fixtures.latency import parse_latency

CLIENT = "requests"
"""The client that all have, where they can use it and no other is asked for."""

STEPS = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be compared with what."""

    backends: Sequence[str]
    consumers: Sequence[int] = (8,)
    parsers: Sequence[str] = ()
    """Those to be used instead of the workload's own."""
    clients: Sequence[str] = (CLIENT,)
    start_methods: Sequence[str] = ("auto",)
    """For those backends whose workers are processes."""


def cases(workloads: Iterable[tuple[str, Workload]], choice: Choice) -> list[Case]:
    """Return every case once, scene by scene. A backend that can use none of the clients has its own best.

    One that cannot use a parser has no case with it: records and cost are the parser's, first of all.
    """
    found: dict[Case, None] = {}
    for name, workload in workloads:
        for consumers in choice.consumers:
            for parser in choice.parsers or (workload.parser,):
                for backend in choice.backends:
                    entry = BACKENDS[backend]
                    if parser not in entry.parsers:
                        continue
                    usable = [client for client in choice.clients if client in entry.clients]
                    for client in usable or [entry.client]:
                        for method in choice.start_methods if entry.processes else (None,):
                            found[Case(Scene(name, consumers, parser), backend, client, method)] = None
    return list(found)


def without_any(choice: Choice) -> list[tuple[str, str]]:
    """Return the backends that can use none of the clients, each with the one that it has instead."""
    entries = {name: BACKENDS[name] for name in choice.backends}
    return [(name, entry.client) for name, entry in entries.items() if not set(choice.clients) & set(entry.clients)]


def one_of_each_kind_first(every: Sequence[Case]) -> list[Case]:
    """Return the cases, first one of each family of backends in each scene, then the second of each, and so on."""
    before = Counter[tuple[Scene, str]]()
    places = []
    for case in every:
        kind = (case.scene, BACKENDS[case.backend].family)
        places.append(before[kind])
        before[kind] += 1
    return [case for _, case in sorted(zip(places, every, strict=True), key=itemgetter(0))]


def ideal(workload: Workload, consumers: int, cpu_per_page: float, cores: int) -> Ideal:
    """Return the least time in seconds for the detail pages: what binds, waiting or parsing.

    Args:
        workload: what is to be crawled.
        consumers: how many wait at the same time.
        cpu_per_page: seconds of CPU that parsing one of its pages takes.
        cores: how many of them there are for the crawl.
    """
    waiting = mean_latency(workload.latency) * workload.pages / consumers
    parsing = cpu_per_page * workload.pages / cores
    return Ideal(max(waiting, parsing), "latency" if waiting >= parsing else "cpu", waiting, parsing)


def mean_latency(latency: float | str) -> float:
    """Return the mean of a latency in seconds."""
    distribution = parse_latency(latency)
    return sum(distribution.quantile((step + 0.5) / STEPS) for step in range(STEPS)) / STEPS
