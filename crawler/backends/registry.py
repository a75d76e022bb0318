"""The backends by name: to add one, write its file and add its line here.

Nothing is imported before it is chosen, so a backend whose library is missing troubles only those who ask for it.
"""

from dataclasses import dataclass
from importlib import import_module

from crawler.backends.base import Backend

THREADS = ("requests",)
"""The clients that block their thread, the best first."""
LOOP = ("aiohttp",)
"""The clients for an event loop."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a backend without importing it."""

    where: str
    """`module:class`, the module in this package."""
    clients: tuple[str, ...]
    """The HTTP clients that can do its work; the first is its best."""
    primitive: str
    purpose: str

    def load(self) -> type[Backend]:
        """Import the backend."""
        module, _, name = self.where.partition(":")
        backend: type[Backend] = getattr(import_module(f"crawler.backends.{module}"), name)
        return backend


# fmt: off
BACKENDS = {
    "rlock": Entry("rlock:RLockBackend", THREADS, "shared list + threading.RLock", "seeing why one would rather be woken than look again"),
    "queue": Entry("queue:QueueBackend", THREADS, "queue.Queue", "most crawls: bounded, fair, hard to get wrong"),
    "semaphore": Entry("semaphore:SemaphoreBackend", THREADS, "threading.BoundedSemaphore", "throttling calls whose threads one does not own"),
    "thread-pool": Entry("thread_pool:ThreadPoolBackend", THREADS, "ThreadPoolExecutor", "work that waits: futures, cancellation, no thread a page"),
    "process-pool": Entry("process_pool:ProcessPoolBackend", THREADS, "ProcessPoolExecutor", "work that computes: big pages, slow parsers, all cores"),
    "asyncio": Entry("asyncio_loop:AsyncioBackend", LOOP, "asyncio event loop", "very many slow answers at once, on one thread"),
}
# fmt: on
