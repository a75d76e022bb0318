"""What every process backend owes its children: a start that is safe, and an end that is sure."""

import os
import signal
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from threading import Thread


def context() -> BaseContext:
    """Return how processes are started: `forkserver` where there is one, else `spawn`.

    A plain fork copies a process whose threads may be holding locks, and whose connections the child would then share.
    A fork server has neither: it is started while it is clean, loads the worker's modules once, and forks from that.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    chosen = get_context("forkserver")
    chosen.set_forkserver_preload(["crawler.work.preload"])
    return chosen


def settle_in() -> None:
    """Make this child process a good one: deaf to Ctrl-C, which is for the coordinator, and gone when that is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
