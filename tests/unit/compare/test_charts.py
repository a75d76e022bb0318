"""Where the marks go."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.compare.axis import Axis, nice_ticks
from crawler.compare.charts import LABEL_GAP, latencies, scalings, speeds, spread
from tests.unit.compare.values import comparison, scaled


@given(st.floats(1e-3, 1e9))
def test_ticks_are_round_and_cover_the_axis(most: float) -> None:
    ticks = nice_ticks(most)
    assert ticks[0] == 0
    assert ticks[-1] <= most * 1.000001
    assert 3 <= len(ticks) <= 8
    assert most - ticks[-1] <= ticks[1] * 1.000001


def test_an_axis_may_run_either_way_and_has_its_ticks_between_its_ends() -> None:
    for axis in (Axis(100, 300, 12), Axis(300, 100, 12)):
        assert (axis.at(0), axis.at(12), axis.at(6)) == (axis.start, axis.end, 200)
        assert [tick.text for tick in axis.ticks()] == ["0", "2", "4", "6", "8", "10", "12"]
        assert [tick.at for tick in axis.ticks()] == [axis.at(value) for value in range(0, 13, 2)]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=20).map(sorted))
def test_labels_do_not_overlap_and_keep_their_order(places: list[float]) -> None:
    moved = spread(places)
    assert all(after - before >= LABEL_GAP - 1e-6 for before, after in itertools.pairwise(moved))
    assert all(new >= old for new, old in zip(moved, places, strict=True))


def test_a_faster_backend_is_further_right_and_its_interval_holds_its_mark() -> None:
    chart = speeds(comparison({"queue": [10, 11, 12], "rlock": [5, 6, 7], "semaphore": ["wrong"]}).scenes[0])
    assert chart is not None
    assert [row.label for row in chart.rows] == ["queue", "rlock"]
    assert chart.rows[0].mark > chart.rows[1].mark
    for row in chart.rows:
        assert chart.left < row.low < row.mark < row.high < chart.width


def test_where_nothing_is_ranked_there_is_no_chart() -> None:
    made = comparison({"queue": ["wrong"]})
    assert speeds(made.scenes[0]) is None
    assert latencies(made, made.scenes[0]) is None


def test_one_number_of_consumers_makes_no_curve() -> None:
    assert scalings(comparison({"queue": [1, 2, 3]})) == []


def test_a_curve_goes_through_every_number_of_consumers_where_its_backend_is_ranked() -> None:
    (chart,) = scalings(scaled({4: {"queue": [10.0], "rlock": [9.0]}, 16: {"queue": [30.0], "rlock": ["wrong"]}}))
    assert [tick.text for tick in chart.across] == ["4", "16"]
    curves = {curve.label: curve for curve in chart.curves}
    assert [x for x, _ in curves["queue"].marks] == pytest.approx([chart.left, chart.right])
    assert len(curves["rlock"].marks) == 1
    assert curves["queue"].marks[1][1] < curves["queue"].marks[0][1]  # more is higher up
