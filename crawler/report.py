"""The report of a crawl: report.json, and why there was nothing to crawl, if so."""

import platform
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.config import Config
from crawler.core.frontier import Frontier
from crawler.model import ADDRESS_FORBIDDEN, Role, Verdict
from crawler.urls import origin

if TYPE_CHECKING:
    from crawler.usage import Usage

LIBRARIES = ("ada-url", "aiohttp", "beautifulsoup4", "lxml", "protego", "pycurl", "requests", "selectolax", "urllib3")


def about(config: Config) -> dict[str, Any]:
    """Return what a trace says of its crawl."""
    crawl = config.crawl
    return {
        "backend": crawl.backend,
        "client": config.client,
        "parser": config.extract.parser,
        "producers": crawl.producers,
        "consumers": crawl.consumers,
        "capacity": crawl.capacity,
        "versions": versions(),
    }


def describe(
    config: Config,
    frontier: Frontier,
    cost: "Usage",
    *,
    interrupted: bool,
    started: datetime,
    startup: float,
    elapsed: float,
    fetched: int,
) -> dict[str, Any]:
    """Return the report of a crawl, as report.json holds it. Times are in seconds and sizes in bytes unless named so.

    Counts are of the crawl, times and costs of this run of it; `fetched` is the pages that this run fetched, and
    `started` is when its first one could be.
    """
    tally = frontier.tally
    latency, handoff = tally.latency, tally.handoffs.delays
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {
        "backend": config.crawl.backend,
        "client": config.client,
        "parser": config.extract.parser,
        "start_urls": config.crawl.start_urls,
        "status": "interrupted" if interrupted else "limit" if frontier.pending else "finished",
        "outcomes": {verdict.value: tally.verdicts[verdict] for verdict in Verdict},
        "reasons": dict(tally.reasons.most_common()),
        "roles": {role.value: tally.roles[role] for role in (Role.LIST, Role.DETAIL)},
        "items": tally.items,
        "pending": frontier.pending,
        "retries": tally.retries,
        "bytes": tally.bytes,
        "started_at": started.isoformat(),
        "startup": round(startup, 3),
        "elapsed": round(elapsed, 3),
        "pages_per_second": round(fetched / elapsed, 1) if elapsed else None,
        "latency_ms": {
            **{name: _ms(latency.percentile(share)) for name, share in shares.items()},
            "max": _ms(latency.most),
        },
        "handoff_ms": {
            **{name: _ms(handoff.percentile(share), 3) for name, share in shares.items()},
            "max": _ms(handoff.most, 3),
        },
        "cpu_seconds": round(cost.cpu_seconds, 3),
        "peak_memory": cost.peak_memory,
        "context_switches": cost.context_switches,
        "robots_failures": tally.robots_failures,
        "hosts_given_up": tally.hosts_given_up,
        "surplus": dict(tally.surplus.most_common()),
        "left_out": dict(tally.left_out.most_common()),
        "fields_missing": dict(tally.fields_missing.most_common()),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of all that the figures may depend on."""
    installed = _installed()
    return {
        "crawler": __version__,
        "python": platform.python_version(),
        "system": f"{sys.platform} {platform.machine()}",
        **{name: installed[name] for name in LIBRARIES if name in installed},
    }


def _installed() -> dict[str, str]:
    """Return the versions of what is installed, by the names of folders alone: `ada_url-4.0.0.dist-info` (PyPA,
    "Recording installed projects").

    importlib.metadata would read descriptions too, and load the email package for it: 45 ms, 5 MB.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        for record in Path(folder).glob("*.dist-info"):
            name, _, version = record.stem.partition("-")
            found.setdefault(name.lower().replace("_", "-"), version)
    return found


def _ms(seconds: float | None, digits: int = 1) -> float | None:
    return None if seconds is None else round(seconds * 1000, digits)


_IN_WORDS = {"content-type": "it is no HTML page", "redirect-limit": "it redirects too often"}
"""Reasons that would not be understood as they stand in pages.jsonl."""


def problem(frontier: Frontier) -> str | None:
    """Return why not a single start page could be fetched; None if one could."""
    tally = frontier.tally
    if tally.starts_ok or not tally.starts_failed:
        return None
    first = tally.starts_failed[0]
    failure = first.outcome.failure if first.outcome else None
    why = failure.message if failure else _IN_WORDS.get(first.reason or "", first.reason)
    robots = tally.robots_failures.get(origin(first.task.url))
    if first.reason == ADDRESS_FORBIDDEN and robots:
        why = robots
    if first.reason == "robots":
        why = f"its robots.txt could not be had ({robots})" if robots else "its robots.txt forbids it"
    return f"no start page could be fetched: {first.task.url}: {why}"
