"""Leases: what is in flight takes memory, and what has landed does not."""

from crawler.core.flights import SPARE_DEADLINES, Flights
from crawler.model import Role, Task


def test_deadlines_do_not_pile_up_behind_a_task_that_takes_its_time() -> None:
    flights = Flights({Role.LIST: 60.0, Role.DETAIL: 60.0})
    slow = Task("http://a.test/slow", Role.DETAIL)
    flights.start(slow, 0.0)
    for number in range(10 * SPARE_DEADLINES):
        quick = Task(f"http://a.test/{number}", Role.DETAIL)
        flights.start(quick, 1.0)
        assert flights.land(quick)
        assert len(flights._deadlines) <= SPARE_DEADLINES + 3
    assert flights.next_deadline() == 60.0
    assert flights.expire(60.0) == ([slow], [])
    assert flights.expire(120.0) == ([], [slow])
