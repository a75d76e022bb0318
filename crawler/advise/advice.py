"""What to recommend, and its words: a fragment of config.toml that says why in its comments. Pure."""

import math
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from crawler.advise.sample import Page
from crawler.advise.tune import Cost
from crawler.compare.explain import spent
from crawler.compare.model import Comparison, Result, WorkloadFacts
from crawler.compare.statistics import ENOUGH
from crawler.compare.toml import toml
from crawler.config import ParserName, Tree, check
from crawler.console import printable
from crawler.words import counted
from fixtures.latency import parse_latency

FEW = 5
"""Pages below which a sample says too little to be relied on."""

AS_GOOD = 0.95
"""The share of the best speed from which another case is as good: then the gentler and cheaper one is recommended."""


SHORTER = 0.9
"""The share of the site's latency below which the fixture site's is called shorter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the site."""

    url: str
    pages: Sequence[Page]
    costs: Mapping[ParserName, Cost]
    configured: ParserName
    """The parser of the configuration."""
    parser: ParserName
    """The one to be used."""
    per_host: int
    delay: float
    """Seconds between two requests, by the configuration or by robots.txt."""
    fields: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What is recommended, and why."""

    backend: str
    consumers: int
    client: str | None
    parser: str
    reasons: tuple[str, ...]


def choose(comparison: Comparison) -> Result | None:
    """Return the case to recommend; None if no run was right.

    Of those that are as good as the best, the one with the fewest consumers, and of these the one with the least CPU.
    """
    ranked = [result for scene in comparison.scenes for result in scene.ranked]
    best = max((_speed(result) for result in ranked), default=0.0)
    good = [result for result in ranked if _speed(result) >= AS_GOOD * best]
    return min(good, key=lambda each: (each.case.scene.consumers, each.figures["cpu_per_1000"].median), default=None)


def from_comparison(seen: Seen, comparison: Comparison, chosen: Result) -> Advice:
    """Return the advice that a comparison on a site like the user's gives."""
    case = chosen.case
    (facts,) = comparison.workloads.values()
    reasons = (
        *_seen(seen),
        *_compared(comparison, facts, chosen),
        *_shortened(seen, facts),
        *_smaller(seen, facts),
        *spent(chosen),
    )
    return Advice(case.backend, case.scene.consumers, case.client, seen.parser, reasons)


def one_at_a_time(seen: Seen) -> Advice:
    """Return the advice for a site that is asked for one page after another: there is nothing to compare."""
    why = (
        f"This site is asked for one page at a time, {seen.delay:g} s apart (politeness.delay, or its robots.txt): no "
        f"backend can make more than {1 / (seen.delay + _latency(seen)):.2g} pages/s of it, and one consumer does."
    )
    return Advice("queue", 1, None, seen.parser, (*_seen(seen), why))


def fragment(seen: Seen, advice: Advice) -> str:
    """Return the advice as TOML, which is checked as a configuration before it is returned."""
    tree: Tree = {"crawl": {"start_urls": [seen.url], "backend": advice.backend, "consumers": advice.consumers}}
    if advice.client is not None:
        tree["http"] = {"client": advice.client}
    tree["extract"] = {"parser": advice.parser}
    # What is quoted came from a site: no character of it may end a line of comment.
    lines = [line for reason in advice.reasons for line in textwrap.wrap(printable(reason), 110)]
    text = "".join(f"# {line}\n" for line in lines)
    for name, table in tree.items():
        text += f"\n[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    check(tomllib.loads(text), "advise")
    return text


def _seen(seen: Seen) -> Iterator[str]:
    seconds = sorted(page.seconds for page in seen.pages)
    slow = seconds[math.ceil(0.9 * len(seconds)) - 1]
    size = median(page.size for page in seen.pages)
    yield (
        f"{seen.url}: {counted(len(seen.pages), 'page')}, answered within {_ms(_latency(seen))} (median; 90% within "
        f"{_ms(slow)}), of {_bytes(size)} (median)."
    )
    if len(seen.pages) < FEW:
        yield "So few pages may be like no other of the site: take what follows as a guess."
    own = seen.costs[seen.configured].seconds
    what = f"with {counted(seen.fields, 'field')} of yours" if seen.fields else "for its links (no fields are given)"
    yield f"Reading one of them {what} takes {_ms(own)} of CPU with {seen.configured}{_others(seen)}."
    if seen.parser != seen.configured:
        yield f"So {seen.parser} is recommended: it found the same on all of them."


def _others(seen: Seen) -> str:
    told = [
        f"{_ms(cost.seconds)} with {name}{'' if cost.same else ' (which found something else)'}"
        for name, cost in seen.costs.items()
        if name != seen.configured
    ]
    return f", {' and '.join(told)}" if told else ""


def _compared(comparison: Comparison, facts: WorkloadFacts, chosen: Result) -> Iterator[str]:
    """Say what was compared, and how the recommended case did."""
    ranked = [result for scene in comparison.scenes for result in scene.ranked]
    waits = facts.latency if isinstance(facts.latency, str) else _ms(facts.latency)
    fewer = any(len(result.rounds) < comparison.rounds for result in ranked)
    yield (
        f"On a fixture site like it ({facts.pages} pages of {facts.page_bytes / 1000:.0f} KB, latency {waits}), "
        f"{len(ranked)} cases in {counted(comparison.rounds, 'round')}{', fewer where they were far behind' * fewer}:"
    )
    speed = chosen.figures["pages_per_second"]
    interval = f"{speed.low:.0f} to {speed.high:.0f}" if comparison.rounds >= ENOUGH else "too few rounds to be sure"
    yield (
        f"{_named(chosen)} made {speed.median:.0f} pages/s ({interval}), at "
        f"{chosen.figures['cpu_per_1000'].median:.1f} s of CPU for 1,000 pages, and takes "
        f"{chosen.figures['startup'].median:.1f} s to start."
    )
    best, worst = max(ranked, key=_speed), min(ranked, key=_speed)
    if best is not chosen:
        yield f"The fastest, {_named(best)}, made {_speed(best):.0f}, which is no more than {1 - AS_GOOD:.0%} above it."
    if worst is not chosen:
        yield f"The slowest, {_named(worst)}, made {_speed(worst):.0f}."


def _smaller(seen: Seen, facts: WorkloadFacts) -> Iterator[str]:
    """Say that the site's pages are too small to be imitated, where they are."""
    if facts.bulk == 1 and 2 * median(page.size for page in seen.pages) < facts.page_bytes:
        yield "Pages as small as the site's are not imitated: reading them takes less than it did there."


def _shortened(seen: Seen, facts: WorkloadFacts) -> Iterator[str]:
    """Say that the answers were imitated by shorter ones, where they were."""
    shorter = parse_latency(facts.latency).quantile(0.5)
    if shorter < SHORTER * _latency(seen):
        yield (
            f"The fixture site answered within {_ms(shorter)} (median) and not {_ms(_latency(seen))}, to save time: "
            "waiting binds in both, so the order is the same, but of the site itself expect fewer pages/s."
        )


def _named(result: Result) -> str:
    consumers = result.case.scene.consumers
    return f"{result.case.label(client=True)} with {counted(consumers, 'consumer')}"


def _speed(result: Result) -> float:
    return result.figures["pages_per_second"].median


def _latency(seen: Seen) -> float:
    return median(page.seconds for page in seen.pages)


def _bytes(size: float) -> str:
    return f"{size / 1000:.0f} KB" if size >= 1000 else f"{size:.0f} bytes"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"
