"""What every process backend owes its children: a safe start, a sure end, and a word on how it came."""

import os
import signal
import threading
import time
from collections.abc import Iterable
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from crawler.model import WORKER_DIED, WORKER_STOPPED, Failure, Outcome, Task, Timings

START_LIMIT = 60.0
"""Seconds within which processes that were started must be ready to work."""

PARTING = 1.0
"""Seconds that a child which was asked to end is given before it is killed."""


class Ready(NamedTuple):
    """The first word of a worker process: it can work."""

    worker: str


class Unable(NamedTuple):
    """The other first word: it cannot, and why."""

    worker: str
    reason: str

    def __str__(self) -> str:
        return f"worker {self.worker} cannot work: {self.reason}"


def context(method: str = "auto") -> BaseContext:
    """Return how processes are started: by the method of that name, or by the one that is safe everywhere.

    `spawn` starts a new Python: slow, and nothing is carried over. `fork` copies this process as it is: quick, but a
    lock that another thread holds at that moment is held in the copy for ever, and connections are then shared.
    `forkserver` forks from a process that was started while it was clean, and that has loaded the workers' modules. It
    is `auto` where there is one; else `spawn` is.

    Where `fork` is asked for it is used while this process has one thread, as it has when a crawl begins. What has to
    be started anew later, when there are threads, is started in the safe way.
    """
    methods = get_all_start_methods()
    if method == "auto" or (method == "fork" and threading.active_count() > 1):
        method = "forkserver" if "forkserver" in methods else "spawn"
    chosen = get_context(method)
    if method == "forkserver":
        chosen.set_forkserver_preload(["crawler.work.preload"])
    return chosen


def settle_in() -> None:
    """Make this child process a good one: deaf to Ctrl-C, which is for the coordinator, and gone when that is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def end(children: Iterable[BaseProcess], patience: float = 0.0) -> None:
    """Wait at most `patience` seconds for the children to end by themselves, then kill those that have not."""
    deadline = time.monotonic() + patience
    for child in children:
        if child.pid is None:  # it was never started
            continue
        child.join(max(0.0, deadline - time.monotonic()))
        if child.exitcode is None:
            child.kill()
            child.join()


def died(task: Task, worker: str, child: BaseProcess) -> Outcome:
    """Return what is to be said of a task that a worker process had when it ended by itself."""
    code = child.exitcode or 0
    how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with status {code}"
    return _lost(task, worker, WORKER_DIED, f"the worker process {how} while it had this page")


def stopped(task: Task, worker: str) -> Outcome:
    """Return what is to be said of a task whose worker we ended, since another process had left a common queue torn."""
    return _lost(task, worker, WORKER_STOPPED, "the worker process was ended because another one had died")


def _lost(task: Task, worker: str, kind: str, message: str) -> Outcome:
    now = time.monotonic()
    return Outcome(task, worker, Timings(now, now, now), failure=Failure(kind, message, transient=True))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
