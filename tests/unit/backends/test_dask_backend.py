"""What the backend `dask` makes of what it hears of its workers, without Dask."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from crawler.backends.base import BackendError, Cluster, Plan
from crawler.backends.dask import backend as module
from crawler.backends.dask import leaving
from crawler.backends.dask.answers import Broken, Done, Ended, Message, Unopened
from crawler.backends.dask.backend import DaskBackend
from crawler.backends.dask.cluster import Joined, Left, News
from crawler.backends.dask.hand import Hand
from crawler.backends.plain import pack
from crawler.model import WORKER_STOPPED, Outcome, Role, Task
from tests.contract.scripted import ScriptedWork, answer


class FakeCall(NamedTuple):
    """A visit that is under way."""

    number: int
    worker: str
    epoch: int
    tasks: tuple[Message, ...]
    at_once: int


class FakeCluster:
    """A scheduler and its workers, as far as a backend knows them. A test says what they do."""

    client = None
    lost = False
    address = "tcp://fake:1"

    def __init__(self) -> None:
        self.events: list[News] = []
        self.calls: dict[FakeCall, Hand] = {}
        self.back: list[tuple[Hand, Any]] = []
        self.told: list[str] = []
        self.deaf: set[str] = set()
        """The workers that cannot be told anything."""

    def join(self, *names: str) -> None:
        self.events += [Joined(f"at-{name}", name) for name in names]

    def answer(self, worker: str, answer: Any) -> None:
        """Let the oldest call to a worker come home."""
        call = next(call for call in self.calls if call.worker == worker)
        hand = self.calls.pop(call)
        hand.end(call)  # type: ignore[arg-type]
        self.back.append((hand, answer))

    def under_way(self, worker: str) -> list[FakeCall]:
        return [call for call in self.calls if call.worker == worker]

    # ---- as a connection

    def usable(self) -> list[News]:
        return self.news()

    def news(self) -> list[News]:
        events, self.events = self.events, []
        return events

    def tell(self, workers: list[str], _function: Callable[[str], None], _argument: str) -> bool:
        self.told = workers
        return not self.deaf & set(workers)

    def close(self) -> None:
        pass

    # ---- as the calls

    def make(self, hand: Hand, at_once: int) -> None:
        number = max((call.number for call in self.calls), default=0) + 1
        call = FakeCall(number, hand.name, hand.epoch, tuple(hand.take(16, at_once)), at_once)
        hand.calls[call] = at_once  # type: ignore[index]
        self.calls[call] = hand

    def come_home(self, _timeout: float) -> list[tuple[Hand, Any]]:
        back, self.back = self.back, []
        return back

    def forget(self, hand: Hand) -> None:
        self.calls = {call: its for call, its in self.calls.items() if its is not hand}
        hand.calls.clear()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    cluster = FakeCluster()
    monkeypatch.setattr(module, "Connected", lambda *_, **__: cluster)
    monkeypatch.setattr(module, "Calls", lambda *_: cluster)
    return cluster


@pytest.fixture
def said() -> list[str]:
    """Return what the backend has said."""
    return []


@pytest.fixture
def backend(said: list[str]) -> Iterator[DaskBackend]:
    plan = Plan(ScriptedWork(), 1, 3, cluster=Cluster("tcp://fake:1", orphan_timeout=10.0), say=said.append)
    backend = DaskBackend(plan)
    yield backend
    backend.stop()


def task(path: str) -> Task:
    return Task(f"http://a.test/{path}", Role.DETAIL)


def done(number: int, path: str, doing: int = 0) -> Done:
    """Return what a worker brings when it has done a page, and is still doing so many."""
    return Done([(number, *pack(answer(task(path), "", time.monotonic())))], doing)


def kinds(outcomes: object) -> set[tuple[str, str]]:
    """Return which pages have failed, and how."""
    assert isinstance(outcomes, list)
    return {(its.task.url[-1], its.failure.kind) for its in outcomes if isinstance(its, Outcome) and its.failure}


def test_what_a_worker_has_dropped_is_tried_again_at_once_and_the_worker_goes_on(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    cluster.join("a")
    backend.start()
    backend.submit(task("1"))
    backend.collect(0)
    backend.submit(task("2"))
    backend.collect(0)
    assert len(cluster.under_way("a")) == 2
    cluster.answer("a", Ended())
    assert kinds(backend.collect(0)) == {("1", WORKER_STOPPED), ("2", WORKER_STOPPED)}
    assert not cluster.under_way("a"), "what is on its way would only be told the same"
    backend.submit(task("3"))
    backend.collect(0)
    (call,) = cluster.under_way("a")
    assert (call.epoch, len(call.tasks)) == (1, 1)


def write_one_off(backend: DaskBackend, cluster: FakeCluster) -> None:
    """Have two workers, the first with two pages, of which one does not come back."""
    cluster.join("a", "b")
    backend.start()
    for path in ("1", "b", "3"):
        backend.submit(task(path))
    backend.collect(0)
    backend.abandon(task("1"))


def test_what_a_silent_worker_has_is_tried_elsewhere_when_it_has_dropped_it_and_then_it_gets_more(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    write_one_off(backend, cluster)
    backend.submit(task("4"))
    assert backend.collect(0) == [], "it may wake, and be at it"
    assert [len(call.tasks) for call in cluster.under_way("b")] == [1, 1]
    (call,) = cluster.under_way("a")
    assert (call.epoch, call.tasks) == (1, ())
    cluster.answer("a", Done([]))
    assert kinds(backend.collect(0)) == {("1", WORKER_STOPPED), ("3", WORKER_STOPPED)}
    backend.submit(task("5"))
    backend.collect(0)
    (call,) = cluster.under_way("a")
    assert (call.epoch, len(call.tasks)) == (1, 1)


def test_a_silent_worker_that_is_gone_has_dropped_what_it_had(backend: DaskBackend, cluster: FakeCluster) -> None:
    write_one_off(backend, cluster)
    cluster.events.append(Left("at-a", expected=False))
    assert kinds(backend.collect(0)) == {("1", WORKER_STOPPED), ("3", WORKER_STOPPED)}
    assert not cluster.under_way("a")


def test_a_silent_worker_has_surely_dropped_what_it_had_when_nobody_has_visited_it_for_long(
    backend: DaskBackend, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_one_off(backend, cluster)
    later = time.monotonic() + backend.orphans + 0.1
    monkeypatch.setattr(leaving.time, "monotonic", lambda: later)
    assert kinds(backend.collect(0)) == {("1", WORKER_STOPPED), ("3", WORKER_STOPPED)}
    cluster.answer("a", Done([]))
    backend.collect(0)
    backend.submit(task("5"))
    backend.collect(0)
    assert [len(call.tasks) for call in cluster.under_way("a")] == [1], "it is well all the same"


@pytest.mark.parametrize(("deaf", "orphans"), [(set(), 0.0), ({"at-a"}, 12.0)])
def test_a_silent_worker_is_told_to_leave_and_is_an_orphan_if_it_cannot_be(
    deaf: set[str], orphans: float, backend: DaskBackend, cluster: FakeCluster
) -> None:
    write_one_off(backend, cluster)
    cluster.deaf = deaf
    backend.stop()
    assert set(cluster.told) == {"at-a", "at-b"}
    assert backend.orphans == orphans


NO_CLIENT = Unopened("no client here")


def test_a_worker_that_cannot_work_is_left_out_and_others_get_what_it_has_not_begun(
    backend: DaskBackend, cluster: FakeCluster, said: list[str]
) -> None:
    cluster.join("a", "b")
    backend.start()
    backend.submit(task("1"))
    backend.collect(0)
    cluster.answer("a", NO_CLIENT)
    assert backend.collect(0) == [], "it is no try"
    assert said == ["worker a gets nothing to do: it cannot work: no client here"]
    assert [call.tasks[0][2] for call in cluster.under_way("b")] == ["http://a.test/1"]


def test_a_crawl_of_which_no_worker_can_work_ends_at_once(backend: DaskBackend, cluster: FakeCluster) -> None:
    cluster.join("a", "b")
    backend.start()
    backend.submit(task("1"))
    backend.collect(0)
    cluster.answer("a", NO_CLIENT)
    backend.collect(0)
    cluster.answer("b", NO_CLIENT)
    with pytest.raises(BackendError, match="worker b cannot work: no client here"):
        backend.collect(0)


def test_a_worker_that_cannot_work_is_waited_past_where_others_could(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    cluster.join("a")
    backend.start()
    backend.submit(task("1"))
    backend.collect(0)
    cluster.answer("a", done(1, "1"))
    assert len(backend.collect(0)) == 1
    backend.submit(task("2"))
    cluster.events = [Left("at-a", expected=False), Joined("at-b", "b")]
    backend.collect(0)
    cluster.answer("b", NO_CLIENT)
    backend.collect(0)
    cluster.join("c")
    backend.collect(0)
    assert [call.tasks[0][2] for call in cluster.under_way("c")] == ["http://a.test/2"]


def test_all_workers_together_do_no_more_at_once_than_was_asked_for(backend: DaskBackend, cluster: FakeCluster) -> None:
    cluster.join("a", "b", "c")
    backend.start()
    for path in "1234":
        backend.submit(task(path))
    backend.collect(0)
    assert {call.worker: call.at_once for call in cluster.calls} == {"a": 2, "b": 1, "c": 1}


def test_of_more_workers_than_there_may_be_requests_at_once_the_first_get_one_each(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    cluster.join("a", "b", "c", "d", "e")
    backend.start()
    for path in "1234":
        backend.submit(task(path))
    backend.collect(0)
    assert {call.worker: call.at_once for call in cluster.calls} == dict.fromkeys("abcd", 1)
    cluster.events.append(Left("at-a", expected=False))
    assert len(backend.collect(0)) == 1
    backend.submit(task("5"))
    backend.collect(0)
    assert {call.worker: call.at_once for call in cluster.calls} == dict.fromkeys("bcde", 1)


def test_a_worker_that_joins_waits_for_its_part_until_others_have_done_with_it(
    said: list[str], cluster: FakeCluster
) -> None:
    backend = DaskBackend(Plan(ScriptedWork(), 1, 3, cluster=Cluster("tcp://fake:1", window=1), say=said.append))
    cluster.join("a")
    backend.start()
    for path in "12345678":
        backend.submit(task(path))
    backend.collect(0)
    cluster.join("b")
    backend.collect(0)
    backend.submit(task("9"))
    backend.collect(0)
    assert [call.at_once for call in cluster.under_way("a")] == [4]
    assert not cluster.under_way("b")
    cluster.answer("a", done(1, "1", doing=4))
    backend.collect(0)
    assert [call.at_once for call in cluster.under_way("a")] == [2]
    assert not cluster.under_way("b"), "it is still at four, and has only been told to do two"
    cluster.answer("a", done(2, "2", doing=3))
    backend.collect(0)
    assert [call.at_once for call in cluster.under_way("b")] == [1]
    cluster.answer("a", done(3, "3", doing=2))
    cluster.answer("b", done(1, "9"))
    backend.collect(0)
    backend.submit(task("0"))
    backend.collect(0)
    assert [call.at_once for call in cluster.under_way("b")] == [2]
    backend.stop()


def test_what_came_home_beside_an_error_is_returned_and_the_error_comes_next(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    cluster.join("a", "b")
    backend.start()
    for path in "12":
        backend.submit(task(path))
    backend.collect(0)
    cluster.answer("a", Broken("a bug"))
    cluster.answer("b", done(1, "2"))
    assert [outcome.task for outcome in backend.collect(0)] == [task("2")]
    for _ in range(2):
        with pytest.raises(BackendError, match="worker a cannot work: a bug"):
            backend.collect(0)


def test_a_worker_that_has_enough_to_do_is_visited_again_when_the_first_visit_is_over(
    said: list[str], cluster: FakeCluster
) -> None:
    def carried() -> list[int]:
        """Return how many tasks each visit has carried that is under way."""
        backend.collect(0)
        return [len(call.tasks) for call in cluster.under_way("a")]

    backend = DaskBackend(Plan(ScriptedWork(), 1, 3, cluster=Cluster("tcp://fake:1", window=1), say=said.append))
    cluster.join("a")
    backend.start()
    for path in "1234567":
        backend.submit(task(path))
    assert carried() == [7]
    backend.submit(task("8"))
    assert carried() == [7, 1], "it does four at once, and of seven may soon have none left to begin"
    cluster.answer("a", done(1, "1"))
    backend.submit(task("9"))
    assert carried() == [1, 1]
    cluster.answer("a", Done([]))
    backend.submit(task("10"))
    assert carried() == [1], "eight are enough for now"
    cluster.answer("a", done(2, "2"))
    assert carried() == [1]
    assert [name for call in cluster.under_way("a") for _, name, *_ in call.tasks] == ["a.1"], "the last goes with it"
    backend.stop()


def test_what_a_silent_worker_may_be_at_is_part_of_what_is_done_at_once(
    backend: DaskBackend, cluster: FakeCluster
) -> None:
    write_one_off(backend, cluster)
    for path in "45":
        backend.submit(task(path))
    backend.collect(0)
    assert max(call.at_once for call in cluster.under_way("b")) == 2


def test_a_slot_has_a_name_from_when_it_is_first_needed_and_keeps_it() -> None:
    hand = Hand("at-a", "a")
    hand.waiting += map(task, "12")
    assert [message[1] for message in hand.take(2, 2)] == ["a.0", "a.1"]
    outcome = hand.done(done(1, "1").outcomes[0])
    assert outcome is not None
    assert outcome.worker == "a.0"
    hand.waiting += map(task, "34")
    assert [message[1] for message in hand.take(2, 2)] == ["a.0", "a.2"]
