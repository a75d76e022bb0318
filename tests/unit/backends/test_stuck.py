"""A worker process that is frozen, as by SIGSTOP, before it has begun anything: it may hold what the others need."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from crawler.backends import process_queue
from crawler.backends.registry import BACKENDS
from crawler.core.frontier import Frontier
from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.rules import CrawlRules
from crawler.engine import pump
from crawler.model import Role, Verdict
from crawler.store.store import Store
from crawler.urls import HostSet, Scope
from tests.contract.scripted import ScriptedWork
from tests.contract.test_backends import detail, fill, gather, make, nothing_is_left_behind

__all__ = ["nothing_is_left_behind"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be stopped and continued")

SHARED = ("process-queue", "process-pool", "pool-manager")
"""Those whose workers take tasks out of one place."""
every_shared_handoff = pytest.mark.parametrize("name", SHARED)
every_backend_of_this_machine = pytest.mark.parametrize(
    "name", [name for name, entry in BACKENDS.items() if entry.processes and not entry.machines]
)


def freeze(folder: Path) -> list[int]:
    """Stop every process that has opened a performer; return their process ids."""
    workers = [int(path.name.split("-")[1]) for path in folder.glob("opened-*")]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    return workers


@every_backend_of_this_machine
def test_a_crawl_whose_workers_are_all_frozen_goes_on_with_others_in_their_place(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "performers"
    folder.mkdir()
    with make(name, work=ScriptedWork(folder)) as backend, Store.open(tmp_path / "crawl", {}) as store:
        frontier = Frontier(
            CrawlRules(obey_robots=False, retry=RetryPolicy(attempts=10), hosts=HostRules(per_host=100)),
            Scope(HostSet(), list_patterns=["/list/*"], detail_patterns=["/ok/*"]),
            holds=backend.holds,
            leases={Role.LIST: 2.0, Role.DETAIL: 2.0},
        )
        frontier.start(["http://a.test/list/8"])
        frozen = freeze(folder)
        assert frozen
        assert pump(frontier, backend, store)
        assert frontier.tally.verdicts == Counter({Verdict.OK: 10})
        assert not any(psutil.pid_exists(worker) for worker in frozen)


@every_shared_handoff
def test_a_task_that_is_late_and_that_nobody_has_begun_has_the_crew_replaced(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=1, capacity=2) as backend:
        freeze(tmp_path)
        for task in (detail("late"), detail("other")):
            backend.submit(task)
        backend.abandon(detail("late"))
        assert [outcome.task for outcome in gather(backend, 1)] == [detail("other")]
        assert backend.collect(0.1) == []


def test_where_the_queue_stays_full_the_crew_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_queue, "LOOK", 0.1)
    with make("process-queue", work=ScriptedWork(tmp_path), consumers=2, capacity=1) as backend:
        freeze(tmp_path)
        tasks = fill(backend, "ok")
        assert Counter(outcome.task for outcome in gather(backend, len(tasks))) == Counter(tasks)
