"""Results as a Markdown table, and what they hold for."""

from collections.abc import Sequence

from crawler.compare.model import Estimate
from tests.benchmarks.document import hardware, table
from tests.benchmarks.rivals.results import KB, MB, Kind, Results, System

COLUMNS = ("", "pages/s", "times Scrapy, wall", "times Scrapy, CPU", "CPU ms a page")


def markdown(results: Results) -> str:
    """Return the table, and below it in a paragraph how it was measured."""
    grown = (f"pages/s at {results.grown_to:,}", "peak MB there", "KB a page more") if results.grown_to else ()
    by_hand = ("CPU, times by hand",) if results.bare else ()
    columns = (*COLUMNS, *by_hand, "peak MB", *grown)
    wrong = [system for system in results.systems if system.problem]
    rows = [
        *(_row(results, system) for system in results.right),
        *((system.name, f"wrong: {system.problem}", *("" for _ in columns[2:])) for system in wrong),
    ]
    return f"{table(columns, rows)}\n\n{notes(results)}"


def _row(results: Results, system: System) -> Sequence[str]:
    backend, comma, how = system.name.partition(", ")
    scale, bare = results.scale, results.bare
    ratios = [ratio(system.ratio(scale, figure)) if scale else "" for figure in ("wall", "cpu")]
    by_hand = [ratio(bare.ratio(system, "cpu"))] if bare else []
    cells = [
        f"`{backend}`{comma}{how}" if system.kind is Kind.OURS else system.name,
        f"{system.speed(results.pages).median:,.0f}",
        *("1.0" if system is scale else text for text in ratios),
        f"{system.cpu(results.pages).median:.2f}",
        *by_hand,
        f"{system.memory.median / MB:.0f}",
    ]
    if not results.grown_to:
        return cells
    growth = results.growth(system)
    if system.grown is None or growth is None:
        return [*cells, "", "", ""]
    return [
        *cells,
        f"{results.grown_to / system.grown.wall:,.0f}",
        f"{system.grown.memory / MB:.0f}",
        f"{growth / KB:.2f}",
    ]


def ratio(value: Estimate) -> str:
    """Return a ratio with its interval, where it has one."""
    middle, low, high = (f"{one:.1f}" for one in (value.median, value.low, value.high))
    return middle if low == high else f"{middle} ({low}–{high})"


def notes(results: Results) -> str:
    """Return what the figures hold for: how often, what, on which machine, with what."""
    number, machine = max(len(system.rounds) for system in results.systems), results.machine
    larger = f", and one run each of {results.grown_to:,}" if results.grown_to else ""
    named = {"Python": machine.python.replace("CPython ", ""), **results.versions}
    named |= {
        name: version for name, version in machine.versions.items() if name not in ("crawler", "python", "system")
    }
    return (
        f"{number} round{'s' * (number != 1)} of {results.pages:,} detail and {results.list_pages:,} list pages"
        f"{larger}, by {results.server}, {results.concurrency} at once, on {results.day}. "
        "Medians, and 95% intervals of the ratios. "
        f"{hardware(machine)}. "
        f"{', '.join(f'{name} {version}' for name, version in named.items())}."
    )
