"""Turns to read: one thread at a time, but none that waits for ever."""

from threading import TIMEOUT_MAX, Event, Thread

import pytest

from crawler.work.turns import Turns

LIMIT = 30.0


def taker(turns: Turns, entered: Event, until: Event | None = None) -> Thread:
    """Return a thread that takes a turn, says so, and keeps it until it may end."""

    def take() -> None:
        with turns.take():
            entered.set()
            if until is not None:
                until.wait(2 * LIMIT)

    thread = Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_a_turn_is_one_thread_s_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.turns.PATIENCE", TIMEOUT_MAX)
    turns, entered = Turns(), Event()
    with turns.take():
        other = taker(turns, entered)
        assert not entered.wait(0.05)
    assert entered.wait(LIMIT)
    other.join(LIMIT)


def test_a_turn_that_does_not_end_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, hung, end = Turns(), Event(), Event()
    hanging = taker(turns, hung, end)
    assert hung.wait(LIMIT)
    monkeypatch.setattr("crawler.work.turns.PATIENCE", 0.01)
    with turns.take():
        pass
    monkeypatch.setattr("crawler.work.turns.PATIENCE", TIMEOUT_MAX)
    third = Event()
    taker(turns, third)
    assert third.wait(LIMIT)
    end.set()
    hanging.join(LIMIT)


def test_without_a_gil_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.turns._has_gil", lambda: False)
    turns, entered = Turns(), Event()
    with turns.take():
        taker(turns, entered)
        assert entered.wait(LIMIT)


def test_a_turn_ends_with_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.turns.PATIENCE", TIMEOUT_MAX)
    turns, entered = Turns(), Event()
    with pytest.raises(RuntimeError), turns.take():
        raise RuntimeError
    taker(turns, entered)
    assert entered.wait(LIMIT)
