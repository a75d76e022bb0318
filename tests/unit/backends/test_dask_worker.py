"""What runs in a Dask worker, without Dask: who visits it, and what becomes of it when nobody does."""

import threading
import time

import pytest

from crawler.backends.dask import worker
from crawler.backends.dask.answers import Answer, Broken, Done, Ended, Message, Unopened
from crawler.backends.dask.worker import Bench, Visit, leave
from crawler.backends.plain import pack_task, unpack
from crawler.model import Role, Task
from tests.contract.scripted import ScriptedWork

PATIENCE = 20.0


def message(number: int, path: str) -> Message:
    return (number, f"worker.{number}", *pack_task(Task(f"http://a.test/{path}", Role.DETAIL)))


def outcomes(answer: Answer) -> list[Message]:
    """Return what a visit has brought, which is not that there is nobody."""
    assert isinstance(answer, Done)
    return answer.outcomes


def gather(bench: Bench, tasks: list[Message], number: int, at_once: int = 9) -> list[int]:
    """Leave tasks, and return the numbers of the first so many that are done."""
    done: list[int] = []
    while len(done) < number:
        done += [outcome[0] for outcome in outcomes(bench.visit(tasks, at_once, PATIENCE))]  # type: ignore[misc]
        tasks = []
    return done


@pytest.fixture
def bench() -> Bench:
    bench = Bench(ScriptedWork(), PATIENCE)
    yield bench
    bench.end()
    bench.join(PATIENCE)
    assert not bench.is_alive()


def test_a_slow_task_holds_up_none_that_came_with_it(bench: Bench) -> None:
    tasks = [message(1, "hang"), message(2, "ok"), message(3, "slow")]
    assert sorted(gather(bench, tasks, 2)) == [2, 3]


def test_what_comes_back_is_what_was_done(bench: Bench) -> None:
    ((number, *values),) = outcomes(bench.visit([message(7, "ok")], 1, PATIENCE))
    task = Task("http://a.test/ok", Role.DETAIL)
    outcome = unpack(task, "worker.7", values)
    assert (number, outcome.task, outcome.record) == (7, task, {"url": task.url})


def test_a_visit_goes_home_when_the_next_one_comes(bench: Bench) -> None:
    went_home: list[Answer] = []
    first = threading.Thread(target=lambda: went_home.append(bench.visit([message(1, "hang")], 1, 10 * PATIENCE)))
    first.start()
    while (
        outcomes(bench.visit([], 1, 0.0)) == [] and first.is_alive()
    ):  # until it has been overtaken, whoever was first
        pass
    first.join(PATIENCE)
    assert [outcomes(answer) for answer in went_home] == [[]]


def test_what_is_too_much_at_once_waits_for_its_turn(bench: Bench) -> None:
    tasks = [message(1, "hang"), *(message(number, "ok") for number in range(2, 6))]
    bench.visit(tasks[:1], 1, 0.0)
    assert outcomes(bench.visit(tasks[1:], 1, 0.05)) == [], "the one place is taken, for longer than anybody waits"
    assert sorted(gather(bench, [], 4, at_once=2)) == [2, 3, 4, 5], "the other place is enough for all of them"


def test_a_visit_tells_how_many_tasks_are_being_done(bench: Bench) -> None:
    answer = bench.visit([message(number, "hang") for number in range(3)], 2, 0.0)
    while answer != Done([], 2):  # until its thread has begun them: the third has to wait
        answer = bench.visit([], 2, 0.0)


def test_a_list_page_is_done_before_detail_pages_that_came_earlier(bench: Bench) -> None:
    bench.visit([message(1, "hang")], 1, 0.0)
    bench.visit([message(2, "ok"), message(3, "ok")], 1, 0.0)
    last = (4, "worker.4", *pack_task(Task("http://a.test/ok?list", Role.LIST)))
    assert gather(bench, [last], 3, at_once=2)[0] == 4


def test_a_performer_that_nobody_visits_ends() -> None:
    bench = Bench(ScriptedWork(), 0.05)
    bench.visit([message(1, "hang")], 1, 0.0)
    bench.join(PATIENCE)
    assert bench.over


def visit(crawl: str, epoch: int = 0, path: str = "ok", patience: float = PATIENCE, *, broken: bool = False) -> Answer:
    return Visit(crawl, epoch, ScriptedWork(broken=broken), [message(1, path)], 1, PATIENCE, patience)()


def test_whoever_comes_too_late_is_told_so_until_the_next_epoch() -> None:
    assert len(outcomes(visit("late", path="ok", patience=0.05))) == 1
    bench = worker._benches["late"]
    bench.join(PATIENCE)
    assert visit("late") == visit("late") == Ended(), "or what it was sent before would be awaited in vain"
    assert len(outcomes(visit("late", epoch=1))) == 1
    assert visit("late") == Ended(), "what is on its way belongs to the epoch that has ended"
    leave("late")


def test_a_visit_for_the_next_epoch_ends_what_was_left_for_the_one_before() -> None:
    assert visit("next", path="ok") != Ended()
    bench = worker._benches["next"]
    bench.visit([message(2, "hang")], 1, 0.0)
    assert len(outcomes(visit("next", epoch=1))) == 1
    bench.join(PATIENCE)
    assert not bench.is_alive()
    leave("next")


def test_one_that_has_slept_for_too_long_begins_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(ScriptedWork(), PATIENCE)
    bench.visit([message(1, "hang")], 1, 0.0)
    later = time.monotonic() + 2 * PATIENCE
    monkeypatch.setattr(worker.time, "monotonic", lambda: later)  # a visit is there before its thread is awake
    assert bench.visit([message(2, "ok")], 2, PATIENCE) == Ended()
    bench.join(PATIENCE)
    assert not bench.is_alive()


def test_one_that_cannot_be_opened_says_why() -> None:
    assert visit("broken", broken=True) == Unopened("no client here")


def test_one_that_breaks_at_its_work_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(_outcome: object) -> Message:
        raise RuntimeError("no such task")

    monkeypatch.setattr(worker, "pack", pack)
    bench = Bench(ScriptedWork(), PATIENCE)
    assert bench.visit([message(1, "ok")], 1, PATIENCE) == Broken("no such task")
    bench.join(PATIENCE)


def test_a_crawl_has_one_performer_in_a_worker_until_it_leaves() -> None:
    assert len(outcomes(visit("a-crawl"))) == 1
    bench = worker._benches["a-crawl"]
    assert len(outcomes(visit("a-crawl"))) == 1
    assert worker._benches["a-crawl"] is bench
    leave("a-crawl")
    leave("a-crawl")
    bench.join(PATIENCE)
    assert not bench.is_alive()
    assert "a-crawl" not in worker._benches
