"""Which runs are worth another: of those that may yet win, and of those that others disturbed. Pure."""

from collections.abc import Mapping, Sequence

from crawler.compare.model import Case, Measurement
from crawler.compare.others import DISTURBING

MANY = 1 / 3
"""The share of disturbed runs from which none of them is done again."""


def promising(runs: Mapping[Case, Sequence[Measurement]], hopeless: float) -> list[Case]:
    """Return the cases whose best run is no slower than this share of the best of all; a wrong run has no speed."""
    speeds = {case: _best(measured) for case, measured in runs.items()}
    least = hopeless * max(speeds.values(), default=0.0)
    return [case for case, speed in speeds.items() if speed >= least]


def disturbed(runs: Mapping[Case, Sequence[Measurement]]) -> list[tuple[Case, int]]:
    """Return the runs that others disturbed, by their case and their place among its rounds.

    None where they are more than a share of MANY: such a machine is never at rest, and to run them again is no use.
    Nor one that was wrong: whatever the others did, that counts.
    """
    found = [
        (case, number)
        for case, measured in runs.items()
        for number, each in enumerate(measured)
        if each.others >= DISTURBING and each.problem is None
    ]
    return found if len(found) <= MANY * sum(map(len, runs.values())) else []


def _best(measured: Sequence[Measurement]) -> float:
    return max((each.pages_per_second for each in measured), default=0.0)
