"""Is the advice any good? `python -m tests.benchmarks.advice`: on fixture sites whose best backend is measured.

Each site is advised on as a user's would be, by its URL and his configuration alone. Then every candidate crawls that
very site with that very configuration, and the recommended case is held against the best of them. After the first round
only those go on that may yet be the best, and the recommended one: the others would only take time.
"""

import argparse
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median

from crawler.advise import command
from crawler.backends.registry import BACKENDS
from crawler.compare.cases import ideal
from crawler.compare.cores import divide
from crawler.compare.model import Case, Scene
from crawler.compare.runs import Place, crawl, stage
from crawler.compare.toml import document
from crawler.config import Config, ParserName, Workload, check
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS

SLOWLY = ':-soup-contains("what stands nowhere")'
"""Of no element, and each has to be looked through; only Soup Sieve knows it, so the parser cannot be changed."""
COSTLY = FIELDS | {
    name: f"{FIELDS[name]}, {SLOWLY}" for name in ("title", "availability", "category", "description", "sku")
}
"""The same records, by selectors that take their time."""

MAY_YET_WIN = 0.7
"""The share of the first round's best speed from which a case is measured again."""
CONSUMERS = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class User:
    """A site, and what somebody wants of it."""

    pages: int
    latency: float | str
    bulk: int = 1
    parser: ParserName = "selectolax"
    fields: Mapping[str, str | dict[str, str | bool]] = field(default_factory=lambda: FIELDS)

    @property
    def config(self) -> Config:
        """The configuration."""
        site = {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)}
        return check({"site": site, "extract": {"parser": self.parser, "fields": dict(self.fields)}}, "benchmark")


USERS = {
    "slow answers": User(300, 0.1),
    "answers of very different age": User(300, "lognormal(0.05, 0.6)"),
    "large pages": User(600, 0.005, bulk=40),
    "a slow parser": User(240, 0.005, bulk=3, parser="bs4-lxml", fields=COSTLY),
}


def advised(user: User) -> tuple[Case, Mapping[str, str]]:
    """Return the case that is recommended, and its tables of configuration."""
    with FixtureServer(pages=user.pages, latency=user.latency, bulk=user.bulk) as server:
        told = command.advise(user.config, server.url, command.Options(), None, _tell)
    assert told is not None
    tree = tomllib.loads(told)
    return _case(tree["crawl"]["backend"], tree["crawl"]["consumers"], tree["extract"]["parser"]), tree


def measured(user: User, choice: Case, rounds: int) -> dict[Case, list[float]]:
    """Return the pages a second of each candidate on the site itself, of each round that it was in."""
    every = {_case(name, number, choice.scene.parser) for name in command.candidates("") for number in CONSUMERS}
    left = sorted(every | {choice}, key=str)
    speeds: dict[Case, list[float]] = {case: [] for case in left}
    for number in range(rounds):
        for case in Random(number).sample(left, len(left)):
            speeds[case].append(_speed(user, case))
        best = max(speeds[case][0] for case in left)
        left = [case for case in left if case == choice or speeds[case][0] >= MAY_YET_WIN * best]
    return speeds


def _case(backend: str, consumers: int, parser: str) -> Case:
    return Case(Scene("site", consumers, parser), backend, BACKENDS[backend].client)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _speed(user: User, case: Case) -> float:
    """Crawl the site once as the user would; return the pages a second."""
    workload = Workload(pages=user.pages, latency=user.latency, bulk=user.bulk)
    place = Place(user.config, divide(), user.config.crawl.producers)
    with stage(case, workload, place) as ready:
        file = ready.folder / "config.toml"
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
        tree["extract"]["fields"] = dict(user.fields)
        file.write_text(document(tree), encoding="utf-8")
        made = crawl(ready, ideal(workload, case.scene.consumers, 0.0, 1), place)
    if made.problem is not None:
        raise SystemExit(f"{case.backend}: {made.problem}")
    return made.pages_per_second


def main(arguments: Sequence[str] | None = None) -> None:
    """Have each site advised on and measured, and print how they compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sites", nargs="*", default=list(USERS), metavar="SITE", help=", ".join(USERS))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    for name in options.sites:
        user, began = USERS[name], time.monotonic()
        choice, told = advised(user)
        took = time.monotonic() - began
        speeds = {case: median(of_rounds) for case, of_rounds in measured(user, choice, options.rounds).items()}
        best = max(speeds, key=lambda case: speeds[case])
        print(f"{name}: advised in {took:.0f} s, measured in {time.monotonic() - began - took:.0f} s; {told}")
        for case in sorted(speeds, key=lambda case: -speeds[case]):
            mark = " <- advised" if case == choice else ""
            print(f"  {case.backend:14}{case.scene.consumers:3}{speeds[case]:8.1f} pages/s{mark}")
        print(f"  {speeds[choice] / speeds[best]:.0%} of the best", flush=True)


if __name__ == "__main__":
    main()
