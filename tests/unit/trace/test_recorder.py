"""What is noted, and that it stays within bounds."""

import threading
from threading import Condition, Lock, RLock
from typing import Any

import pytest

from crawler.model import Outcome, Role, Task, Timings
from crawler.trace.recorder import TITLE, Ends, Recorder
from tests import answers

PATIENCE = 10.0


def task(path: str = "a") -> Task:
    return Task(f"http://a.test/{path}", Role.DETAIL)


@pytest.mark.parametrize("number", [0, 1, 5, 6, 7, 100])
@pytest.mark.parametrize("limit", [5, 6])
def test_the_first_and_the_last_are_kept_and_the_others_counted(number: int, limit: int) -> None:
    ends: Ends[int] = Ends(limit)
    for item in range(number):
        ends.add(item)
    kept = list(ends)
    assert len(kept) == min(number, limit)
    assert ends.left_out == ends.left_out == number - len(kept)
    assert kept == sorted(set(kept))
    if number > limit:
        assert ends.cut is not None
        assert kept[: ends.cut] == list(range(limit // 2))
        assert kept[-1] == number - 1
    else:
        assert ends.cut is None
        assert kept == list(range(number))


def test_threads_that_add_lose_nothing_of_the_count() -> None:
    ends: Ends[int] = Ends(10)
    threads = [threading.Thread(target=lambda: [ends.add(n) for n in range(10_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert ends.left_out + len(list(ends)) == 40_000


def test_a_trip_begins_with_its_hand_over_and_ends_with_its_collection() -> None:
    recorder = Recorder()
    recorder.handed_over(task(), 1.0, 1.5)
    outcome = Outcome(task(), "w", Timings(2.0, 3.0, 4.0), record={"title": "x" * 500})
    recorder.collected(outcome, 5.0)
    (trip,) = recorder.recording.trips
    assert (trip.submitted, trip.handed_over, trip.collected, trip.timings) == (1.0, 1.5, 5.0, outcome.timings)
    assert (trip.result, trip.title) == ("ok", "x" * TITLE)
    assert (recorder.recording.began, recorder.recording.ended) == (1.0, 1.5)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (answers.page(task()), "ok"),
        (answers.failure(task(), "timeout"), "timeout"),
        (answers.skip(task()), "content-type"),
        (answers.redirect(task(), "http://b.test/"), "redirect"),
        (Outcome(task(), "w", answers.TIMINGS, record={"title": None}), "ok"),
        (Outcome(task(), "w", answers.TIMINGS, record={"title": [1, 2]}), "ok"),
    ],
)
def test_a_trip_tells_what_came_of_it(outcome: Outcome, result: str) -> None:
    recorder = Recorder()
    recorder.collected(outcome, 5.0)
    (trip,) = recorder.recording.trips
    assert trip.result == result


def test_only_what_held_the_coordinator_up_is_noted_by_itself() -> None:
    recorder = Recorder()
    recorder.did("store", 1.0, 1.00001)
    recorder.did("hand-over", 2.0, 2.5)
    recorder.did("collect", 3.0, 3.00001, 0.0)
    assert [deed.what for deed in recorder.recording.deeds] == ["hand-over", "collect"]
    assert (recorder.recording.began, recorder.recording.ended) == (1.0, 3.00001)


def test_a_mark_is_its_threads() -> None:
    recorder = Recorder()
    thread = threading.Thread(target=recorder.mark, args=("look",), name="detail-7")
    thread.start()
    thread.join(PATIENCE)
    recorder.mark("look")
    assert [mark.thread for mark in recorder.recording.marks] == ["detail-7", recorder.recording.coordinator]


@pytest.mark.parametrize("kind", [Lock, RLock])
def test_a_watched_lock_keeps_others_out(kind: type) -> None:
    recorder = Recorder()
    lock = recorder.lock(kind())
    seen: list[bool] = []

    def try_it() -> None:
        seen.append(lock.acquire(blocking=False))

    with lock:
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(PATIENCE)
    assert seen == [False]
    assert lock.acquire(blocking=False)
    lock.release()
    assert list(recorder.recording.marks) == [], "nobody had to wait"


def test_an_rlock_that_is_watched_may_be_taken_again_by_its_holder() -> None:
    lock = Recorder().lock(RLock())
    with lock, lock:
        pass


class HeldAtFirst:
    """A lock that somebody else has, until one waits for it."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return blocking

    def release(self) -> None:
        pass


def test_who_waits_for_a_lock_is_noted() -> None:
    recorder = Recorder()
    lock: Any = recorder.lock(HeldAtFirst())
    with lock:
        (mark,) = recorder.recording.marks
    assert (mark.thread, mark.what) == (recorder.recording.coordinator, "lock")
    assert mark.began <= mark.ended


def test_a_lock_that_is_held_is_waited_for_no_longer_than_said() -> None:
    recorder = Recorder()
    lock = recorder.lock(Lock())
    with lock:
        assert not lock.acquire(timeout=0.001)
    (mark,) = recorder.recording.marks
    assert mark.what == "lock"
    assert mark.ended >= mark.began


def test_a_condition_works_over_a_watched_lock() -> None:
    lock = Recorder().lock(Lock())
    full, empty = Condition(lock), Condition(lock)
    items: list[int] = []

    def take() -> None:
        with full:
            assert full.wait_for(lambda: items, PATIENCE)
            items.clear()
            empty.notify()

    thread = threading.Thread(target=take)
    thread.start()
    with empty:
        items.append(1)
        full.notify()
        assert empty.wait_for(lambda: not items, PATIENCE)
    thread.join(PATIENCE)
    with pytest.raises(RuntimeError):
        full.notify()  # whoever does not hold the lock may not
