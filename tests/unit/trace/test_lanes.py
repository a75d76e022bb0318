"""A recording as lanes: every moment of a worker is of one kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import WORKER_DIED, Role, Task, Timings
from crawler.trace.drawing import picture
from crawler.trace.lanes import Kind, Lane, Picture
from crawler.trace.recorder import Deed, Mark, Recording, Trip
from tests.unit.trace.recordings import ORIGIN, crossing, recording, trip


def drawn(lane: Lane) -> list[tuple[Kind, float, float]]:
    return [(span.kind, round(span.began, 6), round(span.ended, 6)) for span in lane.spans]


def one(made: Recording) -> Lane:
    (lane,) = picture(made).workers
    return lane


def test_a_task_is_drawn_phase_by_phase_and_what_is_before_and_after_it_too() -> None:
    lane = one(recording(trip("w", 1.0, 1.5, 2.0, 3.0, 3.5, 4.0), wall=5.0))
    assert drawn(lane) == [
        (Kind.IDLE, 0.0, 1.0),
        (Kind.TAKE, 1.0, 1.5),
        (Kind.CONNECT, 1.5, 2.0),
        (Kind.WAIT, 2.0, 3.0),
        (Kind.BODY, 3.0, 3.5),
        (Kind.PARSE, 3.5, 4.0),
        (Kind.IDLE, 4.0, 5.0),
    ]
    assert [span.trip for span in lane.spans] == [None, None, 0, 0, 0, 0, None]


def test_a_task_that_was_waiting_for_its_worker_is_being_taken_at_once() -> None:
    lane = one(recording(trip("w", 0.0, 0.0, 0.1, 0.2, 0.3, 1.0), trip("w", 0.5, 1.25, 1.5, 1.5, 1.5, 1.5), wall=1.5))
    assert (Kind.TAKE, 1.0, 1.25) in drawn(lane)
    assert Kind.IDLE not in {span.kind for span in lane.spans}


def test_a_task_with_no_connection_was_connecting_all_the_while() -> None:
    times = Timings(ORIGIN + 1, ORIGIN + 3, ORIGIN + 4)
    lane = one(recording(trip("w", 1.0, 1, 1, 1, 1, 1, timings=times, collected=5.0), wall=4.0))
    assert drawn(lane)[1:] == [(Kind.CONNECT, 1.0, 3.0), (Kind.PARSE, 3.0, 4.0)]


def test_parsing_is_divided_into_what_was_on_the_cpu_and_what_was_not() -> None:
    lane = one(recording(trip("w", 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, parse_cpu=1.0), wall=4.0))
    assert lane.seconds() == {Kind.PARSE: pytest.approx(1.0), Kind.STALL: pytest.approx(3.0)}


@pytest.mark.parametrize("cpu", [-1.0, 0.0, 5.0, None])
def test_a_clock_that_is_not_exact_makes_no_negative_shares(cpu: float | None) -> None:
    lane = one(recording(trip("w", 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, parse_cpu=cpu), wall=4.0))
    assert all(0 <= seconds <= 4 for seconds in lane.seconds().values())
    assert sum(lane.seconds().values()) == pytest.approx(4.0)


def test_pickling_is_drawn_where_the_worker_had_time_for_it() -> None:
    first = trip(
        "w", 0.0, 0.3, 0.3, 0.3, 0.3, 1.0, there=crossing(0.0, 0.1, 0.2, 0.25), back=crossing(1.1, 1.2, 1.5, 1.6)
    )
    second = trip(
        "w", 1.0, 2.0, 2.0, 2.0, 2.0, 2.5, there=crossing(1.0, 1.1, 1.8, 1.9), back=crossing(2.6, 2.7, 2.8, 2.9)
    )
    lane = one(recording(first, second, wall=3.0))
    crossings = [(began, ended) for kind, began, ended in drawn(lane) if kind is Kind.CROSS]
    assert crossings == [(0.2, 0.25), (1.1, 1.2), (1.8, 1.9), (2.6, 2.7)]


def test_what_a_feeder_thread_pickles_while_the_next_task_runs_covers_nothing() -> None:
    first = trip("w", 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, back=crossing(1.5, 1.8, 2.0, 2.0))
    second = trip("w", 0.5, 1.1, 1.1, 1.1, 1.1, 2.0, there=crossing(0.5, 0.6, 1.05, 1.1))
    lane = one(recording(first, second, wall=2.0))
    assert drawn(lane)[1:] == [(Kind.TAKE, 1.0, 1.05), (Kind.CROSS, 1.05, 1.1), (Kind.PARSE, 1.1, 2.0)]


def test_a_worker_that_died_is_drawn_as_such() -> None:
    lost = trip("w", 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, result=WORKER_DIED)
    assert drawn(one(recording(lost, wall=4.0))) == [
        (Kind.IDLE, 0.0, 1.0),
        (Kind.LOST, 1.0, 3.0),
        (Kind.IDLE, 3.0, 4.0),
    ]


def test_who_does_several_tasks_at_once_has_several_lanes() -> None:
    made = picture(
        recording(
            trip("w", 0.0, 0.0, 0.0, 0.0, 0.0, 2.0),
            trip("w", 0.0, 1.0, 1.0, 1.0, 1.0, 3.0),
            trip("w", 0.0, 2.0, 2.0, 2.0, 2.0, 4.0),
        )
    )
    assert [lane.name for lane in made.workers] == ["w", "w (2)"]
    assert [sum(span.kind is Kind.PARSE for span in lane.spans) for lane in made.workers] == [2, 1]


def test_producers_come_first_and_2_before_10() -> None:
    names = ["detail-10", "detail-2", "list-1", "list-0", "shard-0.11", "shard-0.2"]
    made = picture(recording(*(trip(name, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0) for name in names)))
    assert [lane.name for lane in made.lanes] == [
        "coordinator",
        *("list-0", "list-1", "detail-2", "detail-10", "shard-0.2", "shard-0.11"),
    ]


def test_a_worker_on_another_clock_is_put_between_its_hand_over_and_its_return() -> None:
    far = trip("w", 1.0, 501.0, 501.5, 502.0, 502.5, 503.0, collected=4.0)
    (moved,) = picture(recording(far)).trips
    assert moved.timings.started == pytest.approx(1.5)
    assert moved.timings.connected == pytest.approx(2.0)
    assert moved.timings.finished == pytest.approx(3.5)


def test_what_was_left_out_is_not_taken_for_idleness() -> None:
    made = recording(*(trip("w", n, n, n, n, n, n + 0.5, collected=n + 0.5) for n in range(10)), limit=4)
    found = picture(made)
    assert found.left_out == 6
    assert (Kind.UNKNOWN, 1.5, 8.0) in drawn(found.workers[0])
    assert Kind.IDLE in found.workers[0].seconds(), "what is between two that are there is"


def test_the_coordinators_lane_is_what_it_noted_and_decisions_between() -> None:
    deeds = (Deed("hand-over", 1.0, 2.0), Deed("store", 2.5, 3.0), Deed("collect", 3.0, 5.0, 0.5))
    lane = picture(recording(deeds=deeds, wall=6.0)).coordinator
    assert drawn(lane) == [
        (Kind.DECIDE, 0.0, 1.0),
        (Kind.HAND_OVER, 1.0, 2.0),
        (Kind.DECIDE, 2.0, 2.5),
        (Kind.STORE, 2.5, 3.0),
        (Kind.SERVE, 3.0, 5.0),
        (Kind.DECIDE, 5.0, 6.0),
    ]
    assert lane.seconds()[Kind.SERVE] == pytest.approx(0.5)
    assert lane.seconds()[Kind.COLLECT] == pytest.approx(1.5)


def test_marks_are_on_the_lane_of_their_thread_even_if_it_did_nothing() -> None:
    marks = (Mark("detail-0", "look", 1.0, 1.0), Mark("MainThread", "look", 2.0, 2.0), Mark("w", "lock", 3.0, 4.0))
    made = picture(recording(trip("w", 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), marks=marks))
    assert {lane.name: [round(mark.began, 6) for mark in lane.marks] for lane in made.lanes} == {
        "coordinator": [2.0],
        "detail-0": [1.0],
        "w": [3.0],
    }


moments = st.floats(0.0, 12.0)
"""Some of them after the end."""


@st.composite
def trips(draw: st.DrawFn) -> Trip:
    submitted, *times, collected = sorted(draw(st.lists(moments, min_size=7, max_size=7)))
    return trip(
        draw(st.sampled_from(["list-0", "detail-0", "detail-1"])),
        submitted,
        *times,
        collected=collected,
        task=Task("http://a.test/", Role.DETAIL),
        parse_cpu=draw(st.none() | moments),
        result=draw(st.sampled_from(["ok", WORKER_DIED])),
        there=draw(st.none() | crossings()),
        back=draw(st.none() | crossings()),
    )


def crossings() -> st.SearchStrategy[object]:
    return st.lists(moments, min_size=4, max_size=4).map(lambda times: crossing(*times))


@given(st.lists(trips(), max_size=12), st.lists(st.tuples(moments, moments), max_size=8), st.integers(2, 20))
def test_the_spans_of_a_lane_follow_each_other_from_the_beginning_to_the_end(
    made: list[Trip], deeds: list[tuple[float, float]], limit: int
) -> None:
    done = tuple(Deed("collect", min(deed), max(deed), 0.1) for deed in sorted(deeds))
    found: Picture = picture(recording(*made, deeds=done, limit=limit))
    for lane in found.lanes:
        at = 0.0
        for span in lane.spans:
            assert span.began == at < span.ended
            assert 0 <= span.share <= 1
            at = span.ended
        assert at == found.wall
        assert sum(lane.seconds().values()) == pytest.approx(found.wall)
    shown = {span.trip for lane in found.workers for span in lane.spans} - {None}
    assert shown <= set(range(len(found.trips)))
