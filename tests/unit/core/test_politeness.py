"""A host's gate: slots, pauses, and how long a host may keep failing."""

import pytest

from crawler.core.politeness import Gate, HostRules
from crawler.model import Role, Task


def tasks(number: int) -> list[Task]:
    return [Task(f"http://a.test/{n}", Role.DETAIL) for n in range(number)]


def fail(gate: Gate, now: float, at_once: int = 1) -> None:
    """Let so many requests start together, fail together, and end."""
    flying = tasks(at_once)
    for task in flying:
        gate.enter(task)
    for task in flying:
        gate.failed(task, now)
        gate.leave(task, now)


def pauses(gate: Gate, rounds: int) -> list[float]:
    """Return how long the host is left alone after each of so many failures, one after another."""
    found = []
    for number in range(rounds):
        now = 100.0 * (number + 1)
        fail(gate, now)
        found.append(max(0.0, gate.ready_at - now))
    return found


def test_one_failure_slows_nothing_and_more_of_them_ever_more() -> None:
    gate = Gate(HostRules(per_host=4))
    assert pauses(gate, 8) == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert gate.slots == 1


def test_an_answer_brings_a_host_back_to_normal() -> None:
    gate = Gate(HostRules(per_host=4))
    pauses(gate, 5)
    gate.answered()
    assert (gate.slots, gate.ready_at) == (4, 0.0)
    assert pauses(gate, 2) == [0.0, 0.25]


def test_an_answer_does_not_end_the_wait_that_a_host_asked_for() -> None:
    gate = Gate(HostRules())
    gate.rest_until(60.0)
    gate.answered()
    assert gate.ready_at == 60.0


@pytest.mark.parametrize("limit", [0.0, 0.125, 2.0])
def test_no_pause_is_longer_than_the_limit(limit: float) -> None:
    gate = Gate(HostRules(max_backoff=limit))
    assert max(pauses(gate, 40)) == limit
    assert gate.slots == (1 if limit else 8)


@pytest.mark.parametrize(("at_once", "rounds"), [(1, 50), (2, 25), (10, 5), (64, 5)])
def test_a_host_is_given_up_after_fifty_failures_in_a_row_and_five_rounds(at_once: int, rounds: int) -> None:
    gate = Gate(HostRules(per_host=64))
    for number in range(rounds):
        assert not gate.given_up
        fail(gate, float(number), at_once)
    assert gate.given_up


def test_failures_of_requests_that_were_in_flight_together_are_one_round_though_they_come_in_late() -> None:
    gate = Gate(HostRules(per_host=64, give_up_after=5))
    flying = tasks(64)
    for task in flying:
        gate.enter(task)
    for second, task in enumerate(flying):
        gate.failed(task, float(second))
        gate.leave(task, float(second))
    assert (gate.given_up, gate.slots, gate.ready_at) == (False, 64, 0.0)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_a_small_limit_counts_rounds(limit: int) -> None:
    gate = Gate(HostRules(per_host=64, give_up_after=limit))
    for number in range(limit):
        assert not gate.given_up
        fail(gate, float(number), at_once=64)
    assert gate.given_up


def test_any_answer_ends_the_row_until_the_host_is_given_up() -> None:
    gate = Gate(HostRules(give_up_after=3))
    for _ in range(9):
        pauses(gate, 2)
        gate.answered()
    assert not gate.given_up
    pauses(gate, 3)
    gate.answered()
    assert gate.given_up, "that is final"


def test_0_is_never() -> None:
    gate = Gate(HostRules(give_up_after=0))
    pauses(gate, 1000)
    assert not gate.given_up
