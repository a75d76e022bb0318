"""From a sample of a site to a workload like it: how long it takes to answer, and what reading its pages costs."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from statistics import fmean, median, stdev
from typing import get_args

from crawler.advise.sample import Page
from crawler.compare.cases import mean_latency
from crawler.compare.measure import parse_seconds
from crawler.config import Config, ParserName, Workload
from crawler.work.extract import Extractor, Reading
from crawler.work.http import FetchError
from crawler.work.parsers import validate_selector

NARROW = 0.1
"""The standard deviation of the latencies' logarithms below which they are taken to be all the same."""
WIDEST = 1.5
"""And the widest that is imitated: a few pages say little of a tail."""

WORTH_CHANGING = 0.8
"""A parser must take less than this share of the configured one's time to be recommended in its place."""

READING = 3.0
"""Seconds of CPU after which a parser is tried on no more pages: some pages take one of them seconds."""

MOST_BULK = 256
"""How many times over the fixture's pages have their reviews, at most."""
BULK_PAGES = (3, 20)
BULK_SECONDS = 0.5
"""Pages of a bulk by which reading one is measured: so many as take this long, as many as the sample has at most."""

PATIENCE = 0.3
"""Seconds that an answer of the fixture site takes, at the median, at most: longer ones only take the user's time,"""
WAITING = 5
"""as long as waiting takes this many times as long as reading does, with all cores at work."""

CRAWLING = 3.0
"""Seconds that a crawl of the tuned site is to take, about: by waiting, and by reading, each."""
PAGES = (30, 800)
"""The least pages that it has, if they are not too slow for that, and the most."""
ROUNDS_OF_CONSUMERS = 3
"""The least pages a consumer."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a page takes with a parser."""

    seconds: float
    """Of CPU, by the mean."""
    same: bool
    """Whether records and links are those of the configured parser, on every page that both were tried on."""


def latency(seconds: Sequence[float]) -> float | str:
    """Return the distribution of the answers' times, as `fixtures.latency` has it."""
    middle = median(seconds)
    logarithms = [math.log(max(value, 1e-4)) for value in seconds]
    sigma = stdev(logarithms) if len(seconds) > 2 else 0.0
    if sigma < NARROW:
        return float(f"{middle:.3g}")
    return f"lognormal({max(middle, 1e-4):.3g}, {min(sigma, WIDEST):.2f})"


def costs(config: Config, pages: Sequence[Page]) -> dict[ParserName, Cost]:
    """Return what each parser takes for the pages with the user's fields; those without a selector of his left out."""
    names: tuple[ParserName, ...] = get_args(ParserName)
    parsers = sorted(names, key=lambda name: name != config.extract.parser)  # the configured one first
    selectors = [config.site.link_selector, *(field.css for field in config.extract.fields.values())]
    found: dict[ParserName, Cost] = {}
    reference: list[Reading | None] | None = None
    for name in parsers:
        if any(validate_selector(css, name) for css in selectors):
            continue
        readings, seconds = _read(config, name, pages)
        reference = reference or readings
        found[name] = Cost(seconds, same=all(map(eq, readings, reference)))
    return found


def best_parser(config: Config, found: dict[ParserName, Cost]) -> ParserName:
    """Return the parser to use: the configured one, unless another reads the same in clearly less time."""
    ours = config.extract.parser
    quickest = min((name for name in found if found[name].same), key=lambda name: found[name].seconds, default=ours)
    return quickest if found[quickest].seconds < WORTH_CHANGING * found[ours].seconds else ours


def workload(seconds: Sequence[float], parser: ParserName, cost: float, consumers: int, cores: int) -> Workload:
    """Return the workload that is like a site.

    Args:
        seconds: how long its answers took.
        parser: by which its pages are read.
        cost: the CPU seconds that reading one takes.
        consumers: how many are to wait at the same time, at most.
        cores: how many of them there are for reading.
    """
    likely = latency(seconds)
    waiting = CRAWLING * consumers / max(mean_latency(likely), 1e-6)
    reading = CRAWLING * cores / max(cost, 1e-6)
    wanted = min(waiting, reading, PAGES[1])
    least = max(min(PAGES[0], 4 * wanted), ROUNDS_OF_CONSUMERS * consumers)
    return Workload(pages=int(max(wanted, least)), latency=likely, bulk=bulk(parser, cost), parser=parser)


def shortened(seconds: Sequence[float], cost: float, consumers: int, cores: int) -> list[float]:
    """Return the times to be imitated: the answers' own, or all of them shorter alike, as far as it changes nothing.

    Args:
        seconds: how long the answers took.
        cost: the CPU seconds that reading one takes.
        consumers: how many wait at the same time, at most.
        cores: how many of them there are for reading.
    """
    most = max(PATIENCE, WAITING * cost * consumers / cores)
    factor = min(1.0, most / max(median(seconds), 1e-6))
    return [value * factor for value in seconds]


def bulk(parser: ParserName, cost: float) -> int:
    """Return the bulk with which reading a page of the fixture site costs about as much CPU, in seconds.

    It is looked for by doubling, and between the last two by a straight line: over a wide range the cost is none.
    """
    before, times = (0, 0.0), 1
    pages = max(BULK_PAGES[0], min(BULK_PAGES[1], int(BULK_SECONDS / max(cost, 1e-6))))
    while True:
        took = parse_seconds(Workload(pages=pages, latency=0.0, bulk=times), parser)
        if took >= cost or times >= MOST_BULK:
            break
        before, times = (times, took), 2 * times
    if times == 1 or took <= before[1]:
        return times
    share = min(1.0, (cost - before[1]) / (took - before[1]))
    return round(before[0] + share * (times - before[0]))


def _read(config: Config, parser: str, pages: Sequence[Page]) -> tuple[list[Reading | None], float]:
    """Return what is read of each page, None where it cannot be, and the mean of the CPU seconds that it takes."""
    extractor = Extractor(config.changed(extract=config.extract.changed(parser=parser)).work_settings({}))
    readings: list[Reading | None] = []
    spent: list[float] = []
    for number, page in enumerate([pages[0], *pages]):  # the first once more, for all that happens only once
        began = time.thread_time()
        try:
            reading = extractor.read(page.html, page.url, page.role)
        except FetchError:
            reading = None
        if number:
            spent.append(time.thread_time() - began)
            readings.append(reading)
        if sum(spent) >= READING:
            break
    return readings, fmean(spent)
