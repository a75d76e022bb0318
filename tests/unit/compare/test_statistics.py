"""Medians, intervals and what may be called faster."""

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from crawler.compare.model import Estimate
from crawler.compare.statistics import estimate, faster, ranks

values = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=12)


@given(values)
def test_an_interval_holds_its_median_and_leaves_what_was_seen_at_neither_end(seen: list[float]) -> None:
    found = estimate(seen)
    assert found.median == median(seen)
    assert min(seen) <= found.low <= found.median <= found.high <= max(seen)


@given(values)
def test_the_same_values_have_the_same_interval(seen: list[float]) -> None:
    assert estimate(seen, 7) == estimate(seen, 7)


def test_three_rounds_span_all_that_was_seen() -> None:
    assert estimate([3.0, 1.0, 2.0]) == Estimate(2.0, 1.0, 3.0)


def test_an_interval_grows_narrow_with_many_rounds_and_one_outlier_does_not_widen_it() -> None:
    found = estimate([100.0] * 5 + [101.0] * 5 + [5.0])
    assert found == Estimate(100.0, 100.0, 101.0)


def test_a_speed_is_faster_only_where_intervals_do_not_overlap() -> None:
    assert faster(Estimate(10, 9, 11), Estimate(8, 7, 8.9))
    assert not faster(Estimate(10, 9, 11), Estimate(8, 7, 9))
    assert not faster(Estimate(8, 7, 8.9), Estimate(10, 9, 11))


def test_who_cannot_be_told_apart_shares_a_rank() -> None:
    speeds = [Estimate(10, 9, 11), Estimate(10, 8.5, 12), Estimate(8, 7, 8.9), Estimate(1, 1, 1)]
    # The third is slower than the first but not than the second, whose interval is wide.
    assert ranks(speeds) == [1, 1, 2, 4]
