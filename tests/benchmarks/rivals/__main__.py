"""Our backends beside Scrapy, Crawlee and wget2: `make bench`, or `python -m tests.benchmarks.rivals --help`.

Every contender crawls the same catalogue from the same server, as a user would run it: ours by the command line,
robots.txt obeyed, crawl.db and both files written. Rounds are interleaved, the order is shuffled, ratios are paired
within a round, and whoever does not bring exactly the catalogue's records is shown as wrong. CPU seconds and memory are
those of the whole tree of processes.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.compare import machine
from crawler.compare.cores import divide
from tests.benchmarks.document import DOCS, record, today
from tests.benchmarks.rivals.chart import chart, svg
from tests.benchmarks.rivals.contenders import BY_HAND, REFERENCE, Contender, contenders, versions
from tests.benchmarks.rivals.results import Figures, Kind, Results, System, load, save
from tests.benchmarks.rivals.runs import catalogue, once, rounds
from tests.benchmarks.rivals.table import markdown


def main() -> None:
    """Measure all in turn, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000, help="detail pages of the catalogue")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--systems", nargs="+", metavar="NAME", help="those whose names begin so")
    parser.add_argument("--grow-to", type=int, default=0, metavar="PAGES", help="a larger catalogue, crawled once")
    parser.add_argument(
        "--growing", nargs="+", metavar="NAME", help="who crawls that: those whose names begin so, else ours"
    )
    parser.add_argument("--rivals", type=Path, default=Path(".venv-rivals/bin/python"), help="the rivals' Python")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="FILE", help="leave the figures in a file")
    parser.add_argument("--show", type=Path, metavar="FILE", help="show such a file, and measure nothing")
    parser.add_argument("--record", action="store_true", help="write the table and the chart into docs/")
    options = parser.parse_args()
    results = load(options.show) if options.show else measure(options)
    if options.save:
        save(results, options.save)
    print(markdown(results))
    if options.record:
        record(f"rivals {results.pages}", markdown(results))
        if not results.grown_to:
            (DOCS / "images" / "rivals.svg").write_text(svg(chart(results)), encoding="utf-8")


def measure(options: argparse.Namespace) -> Results:
    """Return what came of all rounds, and of the larger catalogue."""
    python = options.rivals.absolute()
    every = contenders(python, options.concurrency)
    chosen = named(every, options.systems)
    ours = {name: one for name, one in chosen.items() if one.kind is Kind.OURS}
    growing = named(chosen, options.growing) if options.growing else ours
    with catalogue(options.pages) as goal:
        measured = rounds(chosen, goal, options.rounds, options.seed)
    grown: Mapping[str, Figures] = {}
    if options.grow_to:
        with catalogue(options.grow_to) as larger:
            grown = once(growing, larger)
    return Results(
        day=today(),
        pages=options.pages,
        list_pages=goal.list_pages,
        grown_to=options.grow_to,
        concurrency=options.concurrency,
        server=goal.server,
        machine=machine.describe(divide()),
        versions=versions(python),
        reference=REFERENCE,
        by_hand=BY_HAND,
        systems=tuple(System(name, chosen[name].kind, figures, grown.get(name)) for name, figures in measured.items()),
    )


def named(every: Mapping[str, Contender], beginnings: Sequence[str] | None) -> Mapping[str, Contender]:
    """Return those whose names begin with one of these; all if none are given. Ends the program if one is nobody's."""
    if beginnings is None:
        return every
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in every):
            sys.exit(f"rivals: nobody here is called {beginning}: there are {'; '.join(every)}")
    return {name: one for name, one in every.items() if name.startswith(tuple(beginnings))}


if __name__ == "__main__":
    main()
