"""How long a task and a worker that are both there take to come together."""

import pytest

from crawler.core.report import Handoffs
from crawler.model import WORKER_DIED, Failure, Outcome, Role, Task, Timings

TASK = Task("http://a.test/", Role.DETAIL)


def outcome(worker: str, started: float, finished: float, failure: Failure | None = None) -> Outcome:
    return Outcome(TASK, worker, Timings(started, finished, finished), failure=failure)


def delay(*counted: tuple[Outcome, float]) -> float | None:
    """Return the longest delay, in seconds."""
    handoffs = Handoffs()
    for came, since in counted:
        handoffs.count(came, since)
    return handoffs.delays.most


def test_a_worker_that_waits_begins_late_by_what_the_hand_off_takes() -> None:
    assert delay((outcome("w", 10.5, 11.0), 10.0)) == pytest.approx(0.5)


def test_a_task_that_waits_for_its_worker_is_delayed_only_from_when_that_is_free() -> None:
    first, second = outcome("w", 10.0, 15.0), outcome("w", 15.25, 16.0)
    assert delay((first, 10.0), (second, 11.0)) == pytest.approx(0.25)


def test_that_another_worker_is_busy_is_no_excuse() -> None:
    assert delay((outcome("v", 10.0, 15.0), 10.0), (outcome("w", 14.0, 16.0), 11.0)) == pytest.approx(3.0)


def test_a_worker_that_died_tells_nothing() -> None:
    assert delay((outcome("w", 15.0, 15.0, Failure(WORKER_DIED, "it died", transient=True)), 10.0)) is None


def test_a_clock_that_runs_ahead_makes_no_negative_delay() -> None:
    assert delay((outcome("w", 9.0, 11.0), 10.0)) == 0.0
