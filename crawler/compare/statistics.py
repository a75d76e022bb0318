"""Few measurements, honestly: medians, their bootstrap intervals, and which difference is one.

Run times are skewed and a round may be disturbed, so the median stands for a case, and the percentile bootstrap (Efron
and Tibshirani, An Introduction to the Bootstrap, chapter 13) for how far it may be off. With three to five rounds the
interval spans all that was seen: two of them keep apart only where every round of one beat every round of the other.
"""

from collections.abc import Sequence
from random import Random
from statistics import median

from crawler.compare.model import Estimate

ENOUGH = 3
"""Rounds without which no difference is claimed: two equals keep apart by chance in one case of three with two rounds,
in one of ten with three, in one of 126 with five."""

RESAMPLES = 2000
CONFIDENCE = 0.95


def estimate(values: Sequence[float], seed: int = 0) -> Estimate:
    """Return the median of some values (at least one) and its 95% interval: the same for the same values and seed."""
    draw = Random(seed)  # noqa: S311 - no secret is made of it
    medians = sorted(median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    cut = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return Estimate(median(values), medians[cut], medians[-1 - cut])


def ranks(speeds: Sequence[Estimate]) -> list[int]:
    """Return each one's rank: 1, and one more for every other that is faster beyond doubt."""
    return [1 + sum(faster(other, this) for other in speeds) for this in speeds]


def faster(one: Estimate, other: Estimate) -> bool:
    """Say whether a speed is higher than another: their intervals do not overlap."""
    return one.low > other.high
