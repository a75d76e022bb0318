"""The pools: a crew a role, so that neither list pages nor deaths of the one are the other's affair."""

import time
from collections.abc import Collection
from concurrent.futures import BrokenExecutor, Future

import pytest

from crawler.backends import pool
from crawler.backends.base import Backend, BackendError
from crawler.backends.pool import PoolBackend
from crawler.backends.registry import BACKENDS
from crawler.model import Outcome, Role, Task
from tests.contract.scripted import answer
from tests.contract.test_backends import PATIENCE, detail, fill, gather, make, nothing_is_left_behind

__all__ = ["nothing_is_left_behind"]

POOLS = ("thread-pool", "process-pool", "pool-manager", "interpreters")
every_pool = pytest.mark.parametrize("name", [name for name in POOLS if not BACKENDS[name].missing])
every_process_pool = pytest.mark.parametrize("name", ["process-pool", "pool-manager"])


def list_page(path: str) -> Task:
    return Task(f"http://a.test/{path}", Role.LIST)


@every_pool
def test_a_list_page_does_not_wait_for_detail_pages(name: str) -> None:
    with make(name) as backend:
        fill(backend, "hang")
        backend.submit(list_page("list/9"))
        (outcome,) = gather(backend, 1)
    assert outcome.task == list_page("list/9")
    assert outcome.worker.startswith("list-")


@every_pool
def test_as_many_list_pages_are_under_way_as_there_are_producers(name: str) -> None:
    with make(name, producers=2) as backend:
        assert backend.holds[Role.LIST] == 2
        fill(backend, "hang")
        backend.submit(list_page("hang/list"))
        backend.submit(list_page("list/9"))
        assert [outcome.task for outcome in gather(backend, 1)] == [list_page("list/9")]


@every_process_pool
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another"])
def test_the_death_of_a_producer_is_no_affair_of_the_consumers(name: str, beside: bool) -> None:
    with make(name, producers=2, consumers=2, capacity=1) as backend:
        backend.submit(detail("ok/before"))
        before = {outcome.worker for outcome in gather(backend, 1)}
        backend.submit(detail("hang"))
        if beside:
            backend.submit(list_page("hang"))
        backend.submit(list_page("die"))
        outcomes = gather_all_of(backend, [list_page("die"), *[list_page("hang")] * beside])
        kinds = {outcome.task.url: outcome.failure.kind for outcome in outcomes if outcome.failure}
        assert kinds.pop("http://a.test/die") == "worker-died"
        assert set(kinds.values()) <= {"worker-stopped"}
        backend.submit(list_page("list/9"))
        backend.submit(detail("ok/after"))
        outcomes = gather_all_of(backend, [list_page("list/9"), detail("ok/after")])
        assert all(outcome.failure is None for outcome in outcomes)
        after = {outcome.worker for outcome in outcomes if outcome.task.role is Role.DETAIL}
    numbers = [int(worker.rpartition("-")[2]) for worker in (*before, *after)]
    assert max(numbers) - min(numbers) < 2, "they are still the processes that the crew began with"


def gather_all_of(backend: Backend, tasks: Collection[Task]) -> list[Outcome]:
    """Collect until there is an outcome of each of the tasks, and of no other."""
    outcomes: list[Outcome] = []
    end = time.monotonic() + PATIENCE
    while {outcome.task for outcome in outcomes} != set(tasks):
        assert time.monotonic() < end, f"only {outcomes} came"
        outcomes += backend.collect(1.0)
        assert {outcome.task for outcome in outcomes} <= set(tasks)
    return outcomes


@pytest.mark.parametrize("name", ["thread-pool", "process-pool"])
def test_what_was_done_comes_before_what_befell_the_pool(name: str) -> None:
    with make(name, consumers=2) as backend:
        assert isinstance(backend, PoolBackend)
        crew = backend._crews[Role.DETAIL]
        done, broken = Future[Outcome](), Future[Outcome]()
        done.set_result(answer(detail("ok"), "detail-0", 0.0))
        broken.set_exception(BrokenExecutor("a process died"))
        waiting = Future[Outcome]()  # of a promise that is neither kept nor broken nothing is known
        crew.promises = {waiting: detail("slow"), broken: detail("die"), done: detail("ok")}
        assert [outcome.task for outcome in backend.collect(0.0)] == [detail("ok")]
        assert list(crew.promises) == [waiting, broken]


def test_no_thread_is_written_off_for_what_is_done() -> None:
    with make("thread-pool", consumers=1) as backend:
        assert isinstance(backend, PoolBackend)
        crew = backend._crews[Role.DETAIL]
        executor, done = crew._executor, Future[Outcome]()
        done.set_result(answer(detail("ok"), "detail-0", 0.0))
        crew.promises[done] = detail("ok")
        backend.abandon(detail("ok"))
        assert crew._executor is executor
        assert [outcome.task for outcome in backend.collect(0.0)] == [detail("ok")]


def test_a_thread_pool_that_breaks_while_others_are_at_work_is_one_clear_error() -> None:
    with make("thread-pool", consumers=2) as backend:
        assert isinstance(backend, PoolBackend)
        broken = Future[Outcome]()
        broken.set_exception(BrokenExecutor("worker detail-1 cannot work: no client here"))
        backend._crews[Role.DETAIL].promises = {Future[Outcome](): detail("slow"), broken: detail("ok")}
        with pytest.raises(BackendError, match=r"worker detail-1 cannot work: no client here$"):
            backend.collect(0.0)


@pytest.mark.parametrize("name", ["thread-pool", "process-pool"])
def test_what_is_done_while_a_pool_breaks_comes_before_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(promises: Collection[Future[Outcome]], *_: object) -> tuple[list[Future[Outcome]], None]:
        late.set_result(answer(detail("ok"), "detail-0", 0.0))
        return list(promises), None

    late, broken = Future[Outcome](), Future[Outcome]()
    broken.set_exception(BrokenExecutor("a process died"))
    with make(name, consumers=2) as backend:
        assert isinstance(backend, PoolBackend)
        crew = backend._crews[Role.DETAIL]
        crew.promises = {late: detail("ok"), broken: detail("die")}
        with monkeypatch.context() as patched:
            patched.setattr(pool, "wait", wait)
            assert [outcome.task for outcome in crew.mend()] == [detail("ok")]
        assert list(crew.promises) == [broken]
