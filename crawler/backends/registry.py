"""The backends by name: to add one, write its file and add its line here.

Nothing is imported before it is chosen, so a backend whose library is missing troubles only those who ask for it.
"""

import platform
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from crawler.backends.base import Backend
from crawler.work.clients import missing
from crawler.work.parsers import PARSERS

THREADS = ("curl", "requests")
"""The clients that block their thread, the best first."""
LOOP = ("aiohttp",)
"""The clients for an event loop."""
MULTI = ("curl",)
"""The clients of many URLs at once that are polled."""
SHARDS = (*MULTI, *LOOP)
"""Those, or else an event loop that is polled."""
NO_C = ("bs4-html",)
"""The parsers that need no module in C: such a module must allow being loaded more than once in a process."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a backend without importing it."""

    where: str
    """`module:class`, the module in this package."""
    clients: tuple[str, ...]
    """The HTTP clients that can do its work; the first is its best."""
    primitive: str
    purpose: str
    parsers: tuple[str, ...] = tuple(PARSERS)
    """The HTML parsers that its workers can load, the best first."""
    processes: bool = False
    """Whether its workers are processes, which can be killed, and started by one method or another."""
    runs_on: str = "threads"
    """What its workers are, if not processes."""
    python: tuple[int, int] = (3, 11)
    """The Python that first has its primitive."""
    machines: bool = False
    """Whether it is for several machines."""
    module: str = ""
    """The module that it needs beyond this package's own needs, if any,"""
    extra: str = ""
    """and the extra that brings it."""

    @property
    def family(self) -> str:
        """What its workers are: `threads`, `processes`, `interpreters` or `event loop`."""
        return "processes" if self.processes else self.runs_on

    @property
    def blocks(self) -> bool:
        """Whether a worker waits for its request, and so has one at a time; else a loop has many in flight."""
        return "requests" in self.clients

    @property
    def missing(self) -> str | None:
        """What it needs and this machine has not, in words; None if it can be used."""
        if sys.version_info < self.python:
            return f"needs Python {'.'.join(map(str, self.python))} or later, this is {platform.python_version()}"
        if self.module and find_spec(self.module) is None:
            return f"needs {self.module}: pip install '.[{self.extra}]', or {self.module} alone"
        return missing(self.client)

    @property
    def client(self) -> str:
        """The best client of those that are installed; the best of all where none is."""
        return next((name for name in self.clients if missing(name) is None), self.clients[0])

    def load(self) -> type[Backend]:
        """Import the backend."""
        module, _, name = self.where.partition(":")
        backend: type[Backend] = getattr(import_module(f"crawler.backends.{module}"), name)
        return backend


# fmt: off
BACKENDS = {
    "rlock": Entry("rlock:RLockBackend", THREADS, "shared list + threading.RLock", "seeing why one would rather be woken than look again"),
    "condition": Entry("condition:ConditionBackend", THREADS, "shared list + threading.Condition", "seeing how one waits without looking: what a queue has inside"),
    "queue": Entry("queue:QueueBackend", THREADS, "queue.Queue", "most crawls: bounded, fair, hard to get wrong"),
    "semaphore": Entry("semaphore:SemaphoreBackend", THREADS, "threading.BoundedSemaphore", "throttling calls whose threads one does not own"),
    "thread-pool": Entry("thread_pool:ThreadPoolBackend", THREADS, "ThreadPoolExecutor", "work that waits: futures, cancellation, no thread a page"),
    "process-pool": Entry("process_pool:ProcessPoolBackend", THREADS, "ProcessPoolExecutor", "work that computes: big pages, slow parsers, all cores", processes=True),
    "process-queue": Entry("process_queue:ProcessQueueBackend", THREADS, "Process + multiprocessing.Queue", "seeing what a queue between processes costs, and what breaks it", processes=True),
    "process-pipe": Entry("process_pipe:ProcessPipeBackend", THREADS, "a Process and a Pipe each", "crawls that must survive what kills a process: one dies, one is replaced", processes=True),
    "pool-manager": Entry("pool_manager:PoolManagerBackend", THREADS, "multiprocessing.Pool + Manager().Queue()", "seeing imap against imap_unordered, and why one prefers an executor", processes=True),
    "interpreters": Entry("interpreters:InterpretersBackend", ("requests",), "InterpreterPoolExecutor", "work that computes, without processes; where the libraries allow it", NO_C, runs_on="interpreters", python=(3, 14)),
    "asyncio": Entry("asyncio_loop:AsyncioBackend", LOOP, "asyncio event loop", "very many slow answers at once, on one thread", runs_on="event loop"),
    "curl-multi": Entry("curl_multi:CurlMultiBackend", MULTI, "libcurl's multi interface", "the most pages a core: the waiting and the protocol are done in C", runs_on="event loop"),
    "sharded": Entry("sharded:ShardedBackend", SHARDS, "processes that hold many requests each", "the most pages a machine: every core waits, and every core reads", processes=True),
    "dask": Entry("dask.backend:DaskBackend", SHARDS, "a Dask scheduler and its workers", "more pages than one machine can fetch", processes=True, machines=True, module="distributed", extra="dask"),
}
# fmt: on
