"""The sums of a trace: what the consumers' time went to, none of it lost and none counted twice."""

import pytest

from crawler.model import Role, Task
from crawler.trace.drawing import picture
from crawler.trace.recorder import Deed, Trip
from crawler.trace.split import Sums, sums
from tests.unit.trace.recordings import crossing, recording, trip


def found(*trips: Trip, deeds: tuple[Deed, ...] = (), wall: float = 10.0) -> Sums:
    return sums(picture(recording(*trips, deeds=deeds, wall=wall)))


def whole(made: Sums) -> float:
    parts = made.fetching, made.parsing, made.stalled, made.taking, made.crossing, made.idle, made.held_up, made.unknown
    return sum(parts)


def test_all_of_the_consumers_time_is_accounted_for() -> None:
    way = crossing(2.5, 3.0, 4.0, 4.25)
    made = found(
        trip("w", 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, parse_cpu=0.25),
        trip("w", 2.0, 4.5, 5.0, 6.0, 7.0, 8.0, there=way),
        trip("v", 1.0, 1.5, 2.0, 3.0, 3.5, 4.0),
        deeds=(Deed("hand-over", 8.5, 9.0),),
    )
    assert made.lanes == 2
    assert whole(made) == pytest.approx(20.0)
    assert (made.fetching, made.parsing, made.stalled) == tuple(map(pytest.approx, (5.5, 1.75, 0.75)))
    assert made.fetch_cpu == pytest.approx(0.003)


def test_the_time_in_which_a_task_is_in_the_pipe_is_told_apart_from_the_hand_off() -> None:
    made = found(trip("w", 0.0, 5.0, 5.0, 5.0, 5.0, 6.0, there=crossing(1.0, 1.5, 3.0, 3.5)), wall=6.0)
    assert made.crossing == pytest.approx(2.5)  # pickled, in the pipe, unpickled
    assert made.taking == pytest.approx(2.5)  # before it was pickled, and before it was begun


def test_who_has_nothing_to_do_since_another_task_is_being_handed_over_is_held_up_and_not_idle() -> None:
    deeds = (Deed("hand-over", 0.0, 1.0), Deed("hand-over", 3.0, 6.0))
    made = found(trip("w", 2.0, 2.0, 2.0, 2.0, 2.0, 4.0), deeds=deeds, wall=8.0)
    assert made.held_up == pytest.approx(3.0)  # the first second, and from 4 to 6
    assert made.idle == pytest.approx(3.0)


def test_producers_are_no_consumers() -> None:
    page = Task("http://a.test/list", Role.LIST)
    made = found(trip("list-0", 0, 1, 1, 1, 1, 2, task=page), trip("detail-0", 0, 1, 1, 1, 1, 2), wall=2.0)
    assert (made.lanes, made.requests) == (1, {"detail": 1})
    pooled = found(trip("w", 0, 1, 1, 1, 1, 2, task=page), trip("w", 2, 3, 3, 3, 3, 4), wall=4.0)
    assert pooled.requests == {"list": 1, "detail": 1}


def test_where_a_thread_is_nobodys_alone_the_cpu_of_fetching_is_not_known() -> None:
    alone = trip("w", 0, 0, 0, 1, 1, 2)
    assert found(trip("v", 0, 0, 0, 1, 1, 2, timings=alone.timings._replace(fetch_cpu=None)), alone).fetch_cpu is None


def test_nothing_is_nothing() -> None:
    assert whole(found(wall=0.0)) == 0.0
