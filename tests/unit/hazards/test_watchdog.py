"""The watchdog sees who waits for whom, and sends away whom it is told to."""

import sys
from threading import Event

import pytest

from crawler.hazards.lost_update import switching_every
from crawler.hazards.watchdog import LIMIT, Helper, SentAway, Watchdog, stack


def test_waiting_for_somebody_who_goes_on_is_no_circle() -> None:
    watchdog = Watchdog()
    lock, go_on = watchdog.lock("a"), Event()

    def hold() -> None:
        with lock:
            go_on.wait(LIMIT)
        watchdog.leave()

    def want() -> None:
        watchdog.wait_until_busy(1)
        with lock:
            pass
        watchdog.leave()

    helpers = [Helper("holder", hold), Helper("wanter", want)]
    for helper in helpers:
        helper.start()
    watchdog.wait_until_busy(2)
    go_on.set()
    assert watchdog.watch(threads=2) == ()
    for helper in helpers:
        helper.join(LIMIT)
        assert helper.error is None


def test_a_thread_that_wants_what_it_holds_is_a_circle_of_one() -> None:
    watchdog = Watchdog()
    lock = watchdog.lock("a")

    def acquire_twice() -> None:
        try:
            with lock, lock:
                pass
        finally:
            watchdog.leave()

    helper = Helper("lonely", acquire_twice)
    helper.start()
    (waiting,) = watchdog.watch(threads=1)
    assert (waiting.thread, waiting.wants, waiting.holder) == ("lonely", "a", "lonely")
    watchdog.send_away("lonely")
    helper.join(LIMIT)
    assert isinstance(helper.error, SentAway)
    with lock:
        assert watchdog.watch(threads=1) == (), "it released what it held"


def test_a_stack_holds_the_crawlers_own_calls_and_no_others() -> None:
    assert stack(Helper("not started", print)) == []


def test_the_switch_interval_is_put_back_whatever_happens() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), switching_every(1e-4):
        assert sys.getswitchinterval() == pytest.approx(1e-4)
        _ = 1 / 0
    assert sys.getswitchinterval() == before
