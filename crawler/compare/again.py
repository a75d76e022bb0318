"""Which cases are worth another run: those that may yet win, were disturbed by others, or are first to be explained."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

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


def fastest_first(runs: Mapping[Case, Sequence[Measurement]]) -> list[Case]:
    """Return the cases: the fastest of each scene, then the second of each, and so on."""
    ranked = sorted(runs, key=lambda case: -_best(runs[case]))
    scenes = [[case for case in ranked if case.scene == scene] for scene in dict.fromkeys(case.scene for case in runs)]
    return [case for row in zip_longest(*scenes) for case in row if case is not None]


def _best(measured: Sequence[Measurement]) -> float:
    return max((each.pages_per_second for each in measured), default=0.0)
