"""Threads that cannot be started, cannot work, or come back late."""

import threading
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from crawler.backends.base import BackendError, Outbox, starting_threads
from tests.contract.scripted import RELEASE, ScriptedWork, answer
from tests.contract.test_backends import PATIENCE, detail, gather, make, nothing_is_left_behind

__all__ = ["nothing_is_left_behind"]


def test_a_pool_that_has_broken_is_not_taken_for_one() -> None:
    with pytest.raises(BrokenExecutor), starting_threads():
        raise BrokenExecutor("an initializer failed")


@pytest.mark.parametrize("name", ["rlock", "queue", "condition", "semaphore", "thread-pool"])
def test_a_thread_too_many_is_one_clear_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left = 1
    start = threading.Thread.start

    def start_few(thread: threading.Thread) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_few)
    told = "^a thread cannot be started: can't start new thread; ask for fewer consumers$"
    with pytest.raises(BackendError, match=told), make(name) as backend:
        for n in range(8):
            backend.submit(detail(f"hang/{n}"))


@pytest.mark.parametrize("name", ["rlock", "queue", "condition", "semaphore", "thread-pool"])
def test_a_worker_that_cannot_work_says_why_and_leaves_no_traceback(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = r"^(the pool is broken: )?worker (detail|list)-0 cannot work: no client here$"
    with pytest.raises(BackendError, match=told), make(name, work=ScriptedWork(broken=True), consumers=1) as backend:
        backend.submit(detail("ok"))
        gather(backend, 1)
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["rlock", "queue", "condition", "semaphore", "thread-pool"])
def test_a_worker_that_was_written_off_reports_late_and_closes_its_connections(name: str, tmp_path: Path) -> None:
    hanging = detail("hang")
    with make(name, work=ScriptedWork(tmp_path), consumers=1, capacity=1) as backend:
        backend.submit(hanging)
        while not list(tmp_path.glob("hang-*")):
            assert backend.collect(0.02) == []
        backend.abandon(hanging)
        backend.submit(detail("ok"))
        (other,) = gather(backend, 1)
        RELEASE.set()
        (late,) = gather(backend, 1)
        RELEASE.clear()
    assert (late.task, late.worker) == (hanging, "detail-0")
    assert other.worker == "detail-1"
    end = time.monotonic() + PATIENCE
    while len(list(tmp_path.glob("closed-*"))) < len(list(tmp_path.glob("opened-*"))):
        assert time.monotonic() < end, "the one that came late leaves a moment after its outcome"


def test_what_has_come_is_taken_before_the_error_beside_it() -> None:
    outbox = Outbox()
    done = answer(detail("ok"), "detail-0", 0.0)
    for item in (BackendError("no client here"), done, BackendError("none here either")):
        outbox.put(item)
    assert outbox.take(0.0) == [done]
    for _ in range(2):
        with pytest.raises(BackendError, match=r"^no client here$"):
            outbox.take(0.0)
