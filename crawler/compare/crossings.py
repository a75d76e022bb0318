"""Start-up against speed: from how many pages on is it worth to start slowly? Pure.

The time of a crawl is taken as start-up and shut-down, and a time for each page: two straight lines cross at most once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.compare.model import Result
from crawler.compare.statistics import ENOUGH, faster
from crawler.compare.words import about


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two backends that are done at the same time with this many pages; with more, `after` is done first."""

    before: Result
    after: Result
    pages: float


def crossings(ranked: Sequence[Result]) -> list[Crossing]:
    """Return where the first to be done changes, from the one with the least start-up on, the fewest pages first.

    Only such changes count as are beyond doubt: the later one is faster, and slower to start, with intervals apart.
    """
    if not ranked or len(ranked[0].rounds) < ENOUGH:
        return []
    found: list[Crossing] = []
    first, least = min(ranked, key=_fixed), 0.0
    while True:
        others = [each for other in ranked if (each := crossing(first, other)) is not None]
        later = [each for each in others if each.pages > least]
        if not later:
            return found
        found.append(min(later, key=lambda each: each.pages))
        first, least = found[-1].after, found[-1].pages


def crossing(first: Result, other: Result) -> Crossing | None:
    """Return where one overtakes the first; None unless it is faster, and slower to start, beyond doubt."""
    speeds = other.figures["pages_per_second"], first.figures["pages_per_second"]
    if faster(*speeds) and other.figures["startup"].low > first.figures["startup"].high:
        return Crossing(first, other, _equal(first, other))
    return None


def overtakes(crossing: Crossing) -> str:
    """Return a crossing in words."""
    before, after = crossing.before, crossing.after
    starts = [result.figures["startup"].median for result in (after, before)]
    return (
        f"From about {about(crossing.pages)} pages on {after.label} overtakes {before.label}: "
        f"it takes {starts[0]:.2f} s to start instead of {starts[1]:.2f} s, and less for each page."
    )


def _equal(first: Result, other: Result) -> float:
    """Return the pages with which both are done at the same time; the other is faster."""
    return (_fixed(other) - _fixed(first)) / (_per_page(first) - _per_page(other))


def _fixed(result: Result) -> float:
    """Return the seconds that there are however few the pages."""
    return result.figures["startup"].median + result.figures["shutdown"].median


def _per_page(result: Result) -> float:
    return 1 / result.figures["pages_per_second"].median
