"""What every backend in the registry must do, whatever it is made of. A new backend is tested by being registered."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from crawler.backends.base import Backend, BackendError, Plan
from crawler.backends.registry import BACKENDS
from crawler.core.frontier import Frontier
from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.rules import CrawlRules
from crawler.engine import pump
from crawler.model import Outcome, Role, Task, Verdict
from crawler.store.store import Store
from crawler.urls import HostSet, Scope
from tests.contract.scripted import RELEASE, ScriptedWork

PATIENCE = 20.0
"""Seconds in which what must happen has happened, on the slowest machine."""

every_backend = pytest.mark.parametrize("name", sorted(name for name, entry in BACKENDS.items() if not entry.missing))
every_process_backend = pytest.mark.parametrize("name", sorted(name for name in BACKENDS if BACKENDS[name].processes))


def make(name: str, **plan: object) -> Backend:
    work = plan.pop("work", ScriptedWork())
    return BACKENDS[name].load()(
        Plan(**{"work": work, "producers": 1, "consumers": 3, "capacity": 2, "processes": 2, **plan})
    )  # type: ignore[arg-type]


def detail(path: str, attempt: int = 1) -> Task:
    return Task(f"http://a.test/{path}", Role.DETAIL, attempt=attempt)


def fill(backend: Backend, path: str) -> list[Task]:
    """Hand over as many detail pages as the backend takes; return them."""
    tasks = [detail(f"{path}/{n}") for n in range(backend.holds[Role.DETAIL])]
    for task in tasks:
        backend.submit(task)
    return tasks


def gather(backend: Backend, number: int) -> list[Outcome]:
    """Collect until `number` outcomes are there."""
    outcomes: list[Outcome] = []
    end = time.monotonic() + PATIENCE
    while len(outcomes) < number:
        assert time.monotonic() < end, f"only {len(outcomes)} of {number} outcomes came"
        outcomes += backend.collect(1.0)
    return outcomes


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Hold that a test's backend leaves no thread that would keep the program from ending, and no process."""
    threads = set(threading.enumerate())
    RELEASE.clear()
    yield
    RELEASE.set()
    end = time.monotonic() + PATIENCE
    while left := [thread for thread in threading.enumerate() if thread not in threads and not thread.daemon]:
        assert time.monotonic() < end, f"threads are left: {left}"
        left[0].join(0.1)
    assert multiprocessing.active_children() == []


@every_backend
def test_each_task_comes_back_once_whatever_its_role(name: str) -> None:
    with make(name) as backend:
        tasks = [
            Task("http://a.test/list/0", Role.LIST),
            *(detail(f"ok/{n}") for n in range(sum(backend.holds.values()) - backend.holds[Role.LIST])),
        ]
        for task in tasks:
            backend.submit(task)
        outcomes = gather(backend, len(tasks))
        backend.submit(Task("http://a.test/robots.txt", Role.ROBOTS))
        outcomes += gather(backend, 1)
        assert backend.collect(0.0) == []
    assert Counter(outcome.task for outcome in outcomes) == Counter(
        [*tasks, Task("http://a.test/robots.txt", Role.ROBOTS)]
    )


@every_backend
def test_every_outcome_names_its_worker_and_says_when(name: str) -> None:
    before = time.monotonic()
    with make(name) as backend:
        backend.submit(detail("slow"))
        (outcome,) = gather(backend, 1)
    assert outcome.worker
    assert before <= outcome.timings.started <= outcome.timings.fetched <= outcome.timings.finished <= time.monotonic()


@every_backend
def test_what_it_holds_is_taken_without_waiting_even_when_every_worker_hangs(name: str) -> None:
    backend = make(name, consumers=2, capacity=3)
    with backend:
        began = time.monotonic()
        for n in range(backend.holds[Role.DETAIL]):
            backend.submit(detail(f"hang/{n}"))
        assert time.monotonic() - began < 5.0
        assert backend.collect(0.05) == []


@every_backend
def test_no_more_than_the_workers_are_at_work_at_once(name: str) -> None:
    with make(name, consumers=3, capacity=4) as backend:
        number = backend.holds[Role.DETAIL]
        outcomes: list[Outcome] = []
        for n in range(number):
            backend.submit(detail(f"slow/{n}"))
        for n in range(number, 40):
            outcomes += gather(backend, 1)
            backend.submit(detail(f"slow/{n}"))
        outcomes += gather(backend, 40 - len(outcomes))
    times = [outcome.timings for outcome in outcomes]
    most = max(sum(other.started <= one.started < other.fetched for other in times) for one in times)
    assert 2 <= most <= 4, "3 consumers, and 1 producer where they are one crew"


@every_backend
def test_collect_returns_when_its_time_is_up(name: str) -> None:
    with make(name) as backend:
        began = time.monotonic()
        assert backend.collect(0.05) == []
        assert time.monotonic() - began < 5.0


@every_backend
def test_collect_brings_all_that_is_ready(name: str) -> None:
    with make(name, consumers=4, capacity=4) as backend:
        for n in range(4):
            backend.submit(detail(f"slow/{n}"))
        batches = []
        while sum(batches) < 4:
            batches.append(len(backend.collect(PATIENCE)))
        assert all(batches), "it waits for the first, and returns no empty batch before its time is up"


@every_backend
def test_what_is_recalled_has_no_outcome_and_the_rest_has(name: str) -> None:
    with make(name, consumers=1, capacity=3) as backend:
        tasks = fill(backend, "slow")
        recalled = list(backend.recall())
        outcomes = gather(backend, len(tasks) - len(recalled))
        assert backend.collect(0.1) == []
    assert Counter([*recalled, *(outcome.task for outcome in outcomes)]) == Counter(tasks)
    assert recalled == [task for task in tasks if task in recalled]


@every_backend
def test_what_was_recalled_can_be_handed_over_and_recalled_again(name: str) -> None:
    with make(name, consumers=1, capacity=3) as backend:
        tasks = fill(backend, "slow")
        for task in backend.recall():
            backend.submit(task)
        outcomes = [outcome for _ in range(3) for outcome in backend.collect(0.0)]
        recalled = list(backend.recall())
        outcomes += gather(backend, len(tasks) - len(recalled) - len(outcomes))
        assert backend.collect(0.1) == []
    assert Counter([*recalled, *(outcome.task for outcome in outcomes)]) == Counter(tasks)


@every_backend
def test_a_hanging_worker_is_written_off_and_replaced(name: str) -> None:
    with make(name, producers=1, consumers=1, capacity=1) as backend:
        hanging = detail("hang")
        backend.submit(hanging)
        assert backend.collect(0.3) == []
        backend.abandon(hanging)
        for n in range(3):
            backend.submit(detail(f"ok/{n}"))
            assert any(outcome.task == detail(f"ok/{n}") for outcome in gather(backend, 1)) or gather(backend, 1)


@every_backend
def test_when_all_workers_hang_at_once_all_are_replaced(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=4, capacity=1, processes=4) as backend:
        hanging = [detail(f"hang/{n}-") for n in range(4)]
        for task in hanging:
            backend.submit(task)
        end = time.monotonic() + PATIENCE
        while name != "asyncio" and len(list(tmp_path.glob("[0-3]--*"))) < 4:
            assert backend.collect(0.02) == []
            assert time.monotonic() < end
        for task in hanging:
            backend.abandon(task)
        backend.submit(detail("ok"))
        outcomes = gather(backend, 1)
        while detail("ok") not in [outcome.task for outcome in outcomes]:
            outcomes += gather(backend, 1)


@every_backend
def test_a_worker_that_cannot_work_is_one_clear_error(name: str) -> None:
    with pytest.raises(BackendError) as error, make(name, work=ScriptedWork(broken=True)) as backend:
        backend.submit(detail("ok"))
        gather(backend, 1)
    assert "\n" not in str(error.value)


@every_backend
def test_stopping_is_prompt_even_when_workers_hang(name: str) -> None:
    backend = make(name, consumers=2)
    backend.start()
    for n in range(backend.holds[Role.DETAIL]):
        backend.submit(detail(f"hang/{n}"))
    backend.collect(0.3)
    began = time.monotonic()
    backend.stop()
    backend.stop()
    assert time.monotonic() - began < 8.0


@every_backend
def test_connections_are_opened_by_those_who_use_them_and_closed(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=2, capacity=2) as backend:
        for n in range(backend.holds[Role.DETAIL]):
            backend.submit(detail(f"slow/{n}"))
        gather(backend, backend.holds[Role.DETAIL])
    opened = {path.name.split("-", 1)[1].rpartition("-")[0] for path in tmp_path.glob("opened-*")}
    assert len(opened) == len(list(tmp_path.glob("opened-*"))), "one a thread"
    # A process may be given no chance to say good-bye, nor is an interpreter; their sockets end with them.
    if not BACKENDS[name].processes and name != "interpreters":
        assert len(list(tmp_path.glob("closed-*"))) == len(opened)


@every_process_backend
@pytest.mark.parametrize("start_method", multiprocessing.get_all_start_methods())
def test_when_a_worker_process_dies_its_task_comes_back_as_such_and_the_work_goes_on(
    name: str, start_method: str
) -> None:
    with make(name, consumers=2, start_method=start_method) as backend:
        backend.submit(detail("die"))
        (outcome,) = gather(backend, 1)
        assert outcome.failure is not None
        assert (outcome.failure.kind, outcome.failure.transient) == ("worker-died", True)
        assert "ended with status 7" in outcome.failure.message
        backend.submit(detail("ok"))
        (outcome,) = gather(backend, 1)
        assert outcome.failure is None


@every_process_backend
def test_a_worker_process_that_is_killed_in_mid_task_is_known_by_that_task(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=2, capacity=2) as backend:
        tasks = [detail("hang/victim"), detail("hang/bystander"), detail("ok/1"), detail("ok/2")]
        tasks = tasks[: backend.holds[Role.DETAIL]]
        for task in tasks:
            backend.submit(task)
        end = time.monotonic() + PATIENCE
        while not (begun := list(tmp_path.glob("victim-*"))) or not list(tmp_path.glob("bystander-*")):
            assert backend.collect(0.02) == []
            assert time.monotonic() < end
        victim = psutil.Process(int(begun[0].name.split("-")[1]))
        assert victim.pid in {child.pid for child in psutil.Process().children(recursive=True)}
        victim.kill()
        outcomes = gather(backend, 1)
        while any(task not in [outcome.task for outcome in outcomes] for task in tasks[2:]):
            outcomes += gather(backend, 1)
    kinds = {outcome.task: outcome.failure.kind if outcome.failure else None for outcome in outcomes}
    assert kinds.pop(detail("hang/victim")) == "worker-died"
    assert kinds.pop(detail("hang/bystander"), "worker-stopped") == "worker-stopped"
    assert set(kinds.values()) <= {None}


@every_process_backend
def test_pages_that_kill_their_worker_fail_and_nothing_else_does(name: str, tmp_path: Path) -> None:
    with make(name, consumers=2) as backend, Store.open(tmp_path, {}) as store:
        frontier = Frontier(
            CrawlRules(obey_robots=False),
            Scope(HostSet(), detail_patterns=["/ok/*", "/die/*"]),
            holds=backend.holds,
            leases={Role.LIST: 60.0, Role.DETAIL: 60.0},
        )
        frontier.start(["http://a.test/deadly"])
        assert pump(frontier, backend, store)
        assert frontier.tally.verdicts == Counter({Verdict.OK: 11, Verdict.FAILED: 2})
        assert frontier.tally.reasons == Counter({"worker-died": 2})


@every_backend
def test_a_crawl_whose_workers_all_hang_goes_on_with_others_in_their_place(name: str, tmp_path: Path) -> None:
    with make(name, capacity=1) as backend, Store.open(tmp_path, {}) as store:
        frontier = Frontier(
            CrawlRules(obey_robots=False, retry=RetryPolicy(attempts=1), hosts=HostRules(per_host=100)),
            Scope(HostSet(), detail_patterns=["/ok/*", "/hang/*"]),
            holds=backend.holds,
            leases={Role.LIST: 60.0, Role.DETAIL: 0.7},
        )
        frontier.start(["http://a.test/stuck"])
        assert pump(frontier, backend, store)
        # On a machine that is slow enough, a page that only waited may be late too.
        assert frontier.tally.verdicts[Verdict.FAILED] >= 6
        assert frontier.tally.settled == 13
        assert frontier.tally.reasons.keys() == {"timeout"}


@every_backend
def test_a_whole_crawl_is_the_same_on_every_backend(name: str, tmp_path: Path) -> None:
    with make(name) as backend, Store.open(tmp_path, {}) as store:
        frontier = Frontier(
            CrawlRules(),
            Scope(HostSet(), list_patterns=["/list/*"], detail_patterns=["/ok/*"]),
            holds=backend.holds,
            leases={Role.LIST: 60.0, Role.DETAIL: 60.0},
        )
        frontier.start(["http://a.test/list/0"])
        assert pump(frontier, backend, store)
        assert (frontier.tally.roles[Role.LIST], frontier.tally.items, frontier.tally.settled) == (10, 40, 50)
        store.commit()
    assert len((tmp_path / "items.jsonl").read_text().splitlines()) == 40
