"""Is the advice any good? `python -m tests.benchmarks.advice`: on fixture sites whose best backend is measured.

Each site is advised on as a user's would be, by its URL alone; then every candidate crawls that very site's parameters,
and the recommended case is held against the best of them.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from crawler.advise import command
from crawler.compare.cases import Choice
from crawler.compare.cores import divide
from crawler.compare.measure import Plan, compare
from crawler.compare.runs import Place
from crawler.config import Workload, check
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS

SITES: Mapping[str, dict[str, Any]] = {
    "slow answers": {"pages": 300, "latency": 0.1},
    "answers of very different age": {"pages": 300, "latency": "lognormal(0.05, 0.6)"},
    "large pages": {"pages": 120, "latency": 0.005, "bulk": 40},
}
CONSUMERS = (4, 8)


def advised(site: Mapping[str, Any]) -> tuple[str, int]:
    """Return the backend and the consumers that are recommended for a site."""
    tree = {
        "site": {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)},
        "extract": {"fields": FIELDS},
    }
    with FixtureServer(**site) as server:
        told = command.advise(check(tree, "benchmark"), server.url, command.Options(), None, lambda _: None)
    assert told is not None
    crawl = tomllib.loads(told)["crawl"]
    return crawl["backend"], crawl["consumers"]


def measured(site: Mapping[str, Any]) -> dict[tuple[str, int], float]:
    """Return the pages a second of each candidate on the site itself."""
    config = check({}, "benchmark")
    choice = Choice(command.candidates(""), CONSUMERS, clients=())
    place = Place(config, divide(), config.crawl.producers)
    made = compare({"site": Workload(**site)}, choice, place, Plan(explain=False), skipped={}, say=lambda _: None)
    return {
        (result.case.backend, result.case.scene.consumers): result.figures["pages_per_second"].median
        for scene in made.scenes
        for result in scene.ranked
    }


if __name__ == "__main__":
    for name, site in SITES.items():
        choice, speeds = advised(site), measured(site)
        best = max(speeds, key=lambda case: speeds[case])
        print(f"{name}: advised {choice[0]} with {choice[1]}, {speeds[choice]:.0f} pages/s;", end=" ")
        print(
            f"best {best[0]} with {best[1]}, {speeds[best]:.0f}: {speeds[choice] / speeds[best]:.0%} of it", flush=True
        )
