"""The pool backend: order against latency, and a manager that does not answer."""

from multiprocessing import active_children
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
