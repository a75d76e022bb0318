"""The wait for workers that a killed coordinator has left behind."""

from pathlib import Path

import pytest

from crawler.backends.base import Plan
from crawler.backends.fake import FakeBackend
from crawler.engine import Interrupts
from crawler.orphans import await_orphans, leaving_no_orphans
from crawler.store.store import Store


class Orphaning(FakeBackend):
    """Its workers outlive it for 12 seconds, unless it stops in peace."""

    orphans = 12.0
    in_peace = True

    def stop(self) -> None:
        if self.in_peace:
            self.orphans = 0.0


class Clock:
    """Goes on when somebody sleeps."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store.open(tmp_path, {}) as store:
        yield store


def waited(store: Store, clock: Clock) -> float:
    began = clock.now
    assert await_orphans(store, lambda _: None, Interrupts(), clock, clock.sleep)
    return clock.now - began


def backend() -> Orphaning:
    return Orphaning(Plan(None), lambda task: None)  # type: ignore[arg-type]


def test_nobody_waits_where_the_last_run_has_parted_from_its_workers(store: Store) -> None:
    with leaving_no_orphans(store, backend()):
        assert store.meta("orphans") == "12.0", "if it is killed now"
    assert waited(store, Clock(1000.0)) == 0


def test_after_a_kill_they_are_given_all_of_their_time_once(store: Store) -> None:
    store.set_meta(orphans="12.0", orphans_since="")
    clock = Clock(1000.0)
    assert waited(store, clock) == pytest.approx(12)
    assert waited(store, clock) == 0


@pytest.mark.parametrize(("now", "wait"), [(1000.0, 12), (1005.0, 7), (1012.0, 0), (9e9, 0), (500.0, 12)])
def test_after_the_loss_of_a_scheduler_only_what_is_left_of_it(now: float, wait: float, store: Store) -> None:
    store.set_meta(orphans="12.0", orphans_since="1000.0")
    assert waited(store, Clock(now)) == pytest.approx(wait), "a clock that was set back does not prolong it"


def test_a_run_that_cannot_tell_its_workers_says_when_it_was(store: Store) -> None:
    lost = backend()
    lost.in_peace = False
    with pytest.raises(KeyError), leaving_no_orphans(store, lost):
        raise KeyError
    assert store.meta("orphans") == "12.0"
    assert float(store.meta("orphans_since") or 0) > 0


def test_the_wait_ends_when_it_is_interrupted(store: Store) -> None:
    store.set_meta(orphans="12.0", orphans_since="")
    interrupts = Interrupts()
    interrupts.count = 1
    assert not await_orphans(store, lambda _: None, interrupts, Clock(1.0), lambda _: None)
    assert store.meta("orphans") == "12.0", "the next run waits"
