"""Threads that cannot be started: one line, and an end."""

import threading
from concurrent.futures import BrokenExecutor

import pytest

from crawler.backends.base import BackendError, starting_threads
from tests.contract.test_backends import detail, make


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
