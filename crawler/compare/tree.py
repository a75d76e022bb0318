"""A crawl's process and all below it, watched from outside while it runs."""

import signal
import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from threading import Event, Thread

import psutil

EVERY = 0.1
"""Seconds between two looks at its memory, at least."""

SHARE = 0.05
"""The share of the time that looking may take: to add up the pages of a hundred processes is no small thing."""

LEAVING = 2.0
"""Seconds that a process which is to end, and those below it, are given to do so by themselves."""

HAS_PSS = Path("/proc/self/smaps_rollup").exists()


class Watch:
    """Watches a process from its start until it has ended, which `watch` waits for."""

    def __init__(self, process: "Popen[bytes]") -> None:
        self._process = process
        self._ended = Event()
        self.ended_at: float | None = None
        """When it ended, by `time.time`; None as long as it has not."""
        self.peak_memory = 0
        """Bytes: the most that the tree had in its proportional set sizes; 0 where the system does not tell those."""
        self._waiter = Thread(target=self._wait, daemon=True)
        self._waiter.start()

    def watch(self, limit: float) -> bool:
        """Wait at most `limit` seconds for the end, looking at the memory; return whether it came."""
        give_up_at = time.monotonic() + limit
        pause = EVERY
        while not self._ended.wait(min(pause, max(0.0, give_up_at - time.monotonic()))):
            if time.monotonic() >= give_up_at:
                return False
            if HAS_PSS:
                began = time.monotonic()
                self.peak_memory = max(self.peak_memory, _pss(self._process.pid))
                pause = max(EVERY, (time.monotonic() - began) / SHARE)
        return True

    def _wait(self) -> None:
        self._process.wait()  # without a time-out, which would make it look again and again
        self.ended_at = time.time()
        self._ended.set()


def end(process: "Popen[bytes]") -> None:
    """End a process and all below it; nothing happens if it has ended.

    It is asked to, for LEAVING seconds, so that it can take away what it has put into temporary folders and shared
    memory. What is still there then is killed.
    """
    if process.poll() is not None:
        return
    tree, give_up_at = _tree(process.pid), time.monotonic() + LEAVING
    try:
        for number in (signal.SIGINT, signal.SIGTERM):  # the two of them: a crawl that is asked once takes its time
            process.send_signal(number)
        with suppress(TimeoutExpired):
            process.wait(LEAVING)
            psutil.wait_procs(tree[1:], timeout=max(0.0, give_up_at - time.monotonic()))  # the first is ours
    finally:
        tree = list({*tree, *_tree(process.pid)})
        for member in tree:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs([member for member in tree if member.pid != process.pid], timeout=10)
        process.wait()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _pss(pid: int) -> int:
    """Return the proportional set sizes of a tree in bytes: what several share counts once."""
    total = 0
    for process in _tree(pid):
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as rollup:
                total += next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Pss:"))
        except (OSError, StopIteration):  # it has just ended
            continue
    return total
