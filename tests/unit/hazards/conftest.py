"""What holds for every test of a hazard."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

PATIENCE = 20.0
"""Seconds in which what must happen has happened, on the slowest machine."""


def children() -> set[int]:
    """Return the processes below this one, but for those that multiprocessing keeps until the end."""
    kept = ("forkserver", "resource_tracker")
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE and not any(word in str(process.cmdline()) for word in kept):
                found.add(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Hold that a hazard leaves no thread, not even a daemon, no process, and the interpreter as it was."""
    threads, processes, interval = set(threading.enumerate()), children(), sys.getswitchinterval()
    yield
    end = time.monotonic() + PATIENCE
    while left := [thread for thread in threading.enumerate() if thread not in threads]:
        assert time.monotonic() < end, f"threads are left: {left}"
        left[0].join(0.1)
    assert multiprocessing.active_children() == []
    assert children() <= processes
    assert sys.getswitchinterval() == interval
