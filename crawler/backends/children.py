"""What every process backend owes its children: a safe start, a sure end, and a word on how it came."""

import os
import signal
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple

from crawler.backends.base import PARTING, Backend, BackendError, OutcomesFirst, Plan
from crawler.model import Outcome, Role

START_LIMIT = 60.0
"""Seconds within which processes that were started must be ready to work."""

TRIES = 3
"""How often a process that ends before it can work is started again."""


OF_TERMINALS = {signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])}
"""Signals that a terminal sends to a whole group of processes: at Ctrl-C, and when it goes."""


class Ready(NamedTuple):
    """The first word of a worker process: it can work."""

    worker: str


class Unable(NamedTuple):
    """The other first word: it cannot, and why."""

    worker: str
    reason: str

    def __str__(self) -> str:
        return f"worker {self.worker} cannot work: {self.reason}"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def context(method: str = "auto", preload: Sequence[str] = ()) -> BaseContext:
    """Return how processes are started: by the method of that name, or by the one that is safe everywhere.

    `spawn` starts a new Python: slow, and nothing is carried over. `fork` copies this process as it is: quick, but a
    lock that another thread holds at that moment is held in the copy for ever, and connections are then shared.
    `forkserver` forks from a process that was started while it was clean, and that has loaded the modules
    named in `preload`. It is `auto` where there is one; else `spawn` is.

    Where `fork` is asked for it is used while this process has one thread, as it has when a crawl begins. What has to
    be started anew later, when there are threads, is started in the safe way.
    """
    methods = get_all_start_methods()
    if method == "auto" or (method == "fork" and threading.active_count() > 1):
        method = "forkserver" if "forkserver" in methods else "spawn"
    chosen = get_context(method)
    if method == "forkserver":
        chosen.set_forkserver_preload(list(preload))
    return chosen


@contextmanager
def starting() -> Iterator[None]:
    """Start processes here: none hears what stops a crawl, and that one cannot be started is said in one line."""
    try:
        Path.cwd()  # asked first: what multiprocessing starts for itself would say it in a traceback
    except OSError as error:
        raise BackendError("a process cannot be started: the current folder is no more: go to another") from error
    try:
        with _deaf():
            yield
    except (OSError, EOFError) as error:
        raise BackendError(f"a process cannot be started: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return why a process cannot be started, and the way out where it is not in the system's words."""
    if "AF_UNIX path too long" in str(error):
        return f"TMPDIR, {gettempdir()}, is too long a name for a socket in it: set another"
    return str(error) or type(error).__name__


@contextmanager
def _deaf() -> Iterator[None]:
    """Block what a terminal sends, and SIGTERM, for this thread and for what it starts, from its first instruction on.

    A terminal's Ctrl-C goes to the whole group of processes, as the SIGTERM of a service manager does, and would be the
    end of one that is still importing what it needs to ignore it, and of the fork server, without which nothing can be
    started any more. This process gets them afterwards, or by another thread.
    """
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    deaf = {*OF_TERMINALS, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
    try:
        resource_tracker.ensure_running()  # now: it unblocks two of them where it starts its own process
        signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle_in() -> None:
    """Make this child process a good one: deaf to Ctrl-C, which is for the coordinator, and gone when that is.

    SIGTERM ends it: that is how pools end their processes.
    """
    for number in OF_TERMINALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def ended(children: Iterable[BaseProcess]) -> list[BaseProcess]:
    """Return those of the children that have ended, their exit status known."""
    started = {child.sentinel: child for child in children if child.pid is not None}
    gone = [started[sentinel] for sentinel in wait(list(started), 0.0) if isinstance(sentinel, int)]
    for child in gone:
        child.join(PARTING)  # its pipes are closed a moment before its status can be had
    return gone


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


def worker_name(crew: Role, process: BaseProcess) -> str:
    """Return what a pooled process is called, after its crew and the number that multiprocessing has given it."""
    return f"{crew.value}-{process.name.rpartition('-')[2]}"


def names(children: Iterable[BaseProcess]) -> dict[int, str]:
    """Return the children's names by process id."""
    return {child.pid: child.name for child in children if child.pid is not None}


class ProcessBackend(Backend):
    """A backend that waits until it hears something of its processes: an outcome, that one is ready, that one ended."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._late: list[Outcome] = []
        """What came to be known while something else was being done."""
        self._first = OutcomesFirst()
        self._vain = 0

    @abstractmethod
    def _hear(self, timeout: float) -> Iterator[Outcome]:
        """Wait at most `timeout` seconds for something to be heard; yield the outcomes that it brings, if any."""

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Listen until there are outcomes, or until `timeout` seconds have passed.

        An error is raised by the next call if there are outcomes beside it.
        """
        late, self._late = self._late, []
        return self._first.take(late, self._await(0.0 if late else timeout))

    def _await(self, timeout: float) -> Iterator[Outcome]:
        deadline = time.monotonic() + timeout
        heard = False
        while not heard:
            left = deadline - time.monotonic()
            for outcome in self._hear(max(left, 0.0)):
                heard = True
                yield outcome
            if left <= 0:
                return

    def _started_in_vain(self, worker: str) -> None:
        """Note that a process ended before it could work; BackendError if that goes on."""
        self._vain += 1
        if self._vain > TRIES:
            raise BackendError(f"{worker} ended before it could work, {TRIES + 1} times in a row")

    def _listen_until(self, all_ready: Callable[[], bool]) -> None:
        """Listen until every worker can work, so that the crawl's time does not contain their start."""
        deadline = time.monotonic() + START_LIMIT
        while not all_ready():
            left = deadline - time.monotonic()
            if left <= 0:
                raise BackendError(f"the worker processes did not start within {START_LIMIT:.0f} s")
            self._late += self._hear(left)
