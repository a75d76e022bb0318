"""The pool backend: order against latency, and a manager that does not answer."""

from multiprocessing import active_children, get_all_start_methods
from multiprocessing.managers import SyncManager
from threading import Event

import pytest

from crawler.backends import pool_manager as module
from crawler.backends.base import BackendError, Plan
from crawler.backends.pool_manager import PoolManagerBackend
from crawler.model import Role, Task
from tests.contract.scripted import ScriptedWork
from tests.contract.test_backends import gather


def tasks(*paths: str) -> list[Task]:
    return [Task(f"http://a.test/{path}", Role.DETAIL) for path in paths]


def test_in_order_a_page_waits_for_those_before_it() -> None:
    with PoolManagerBackend(Plan(ScriptedWork(), consumers=2, capacity=6, ordered=True)) as backend:
        first = tasks("slow/0", "ok/1", "slow/2", "ok/3", "ok/4", "slow/5", "ok/6")
        for task in first:
            backend.submit(task)
        assert [outcome.task for outcome in gather(backend, len(first))] == first
        for task in tasks("hang", "ok/7"):
            backend.submit(task)
        assert backend.collect(0.5) == [], "the second is done, and held back"


def test_unordered_a_page_comes_when_it_is_done() -> None:
    with PoolManagerBackend(Plan(ScriptedWork(), consumers=2, capacity=6)) as backend:
        hanging, quick = tasks("hang", "ok")
        backend.submit(hanging)
        backend.submit(quick)
        assert [outcome.task for outcome in gather(backend, 1)] == [quick]


def test_a_manager_that_does_not_answer_is_one_clear_error_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for_ever = Event()
    monkeypatch.setattr(module, "START_LIMIT", 0.2)
    monkeypatch.setattr(SyncManager, "Queue", lambda _self: for_ever.wait())
    backend = PoolManagerBackend(Plan(ScriptedWork(), consumers=2))
    with pytest.raises(BackendError, match="the manager process has not answered"):
        backend.start()
    for crew in backend._crews.values():
        monkeypatch.setattr(crew._manager, "shutdown", for_ever.wait)  # it asks the manager, too
    backend.stop()
    assert active_children() == []
    for_ever.set()


@pytest.mark.parametrize("start_method", get_all_start_methods())
def test_at_the_end_every_manager_and_every_worker_ends_by_itself(
    start_method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PARTING", 20.0)  # on whatever machine
    with PoolManagerBackend(Plan(ScriptedWork(), consumers=2, start_method=start_method)):
        children = active_children()
    assert len(children) == 5, "a producer, two consumers, and a manager for each"
    codes = [child.exitcode for child in children]
    assert all(code is not None and code >= 0 for code in codes), f"none was killed: {codes}"


def test_a_crew_that_is_replaced_leaves_no_process_of_its_own() -> None:
    with PoolManagerBackend(Plan(ScriptedWork(), consumers=2)) as backend:
        before = backend._crews[Role.DETAIL]
        backend.submit(*tasks("die"))
        gather(backend, 1)
        assert all(child.exitcode is not None for child in before.children)
        assert all(child.exitcode is None for child in backend._crews[Role.LIST].children)
