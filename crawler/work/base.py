"""What a backend needs to know of the work that its workers do: how to open a performer, and how to ask it.

A backend is handed a `Work` and knows nothing of HTTP or HTML. Whatever the work, it is opened where it is done:
a performer holds connections, and those are never shared between threads nor inherited by a process.
"""

from collections.abc import Sequence
from typing import Protocol

from crawler.model import Outcome, Task


class Performer(Protocol):
    """Does tasks one after another, in one thread."""

    def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Blocks; never raises."""

    def close(self) -> None:
        """Close the connections."""


class AsyncPerformer(Protocol):
    """Does tasks side by side, in one event loop."""

    async def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Raises nothing but CancelledError."""

    async def close(self) -> None:
        """Close the connections."""


class MultiPerformer(Protocol):
    """Does tasks side by side, in the thread that polls it."""

    def begin(self, task: Task, worker: str) -> None:
        """Begin to fetch what the task asks for. Does not block; never raises."""

    def poll(self, timeout: float) -> Sequence[Outcome]:
        """Get on with all that was begun; return some of what has been fetched and read.

        Waits at most `timeout` seconds for the first, or until there is something to read where it was told to watch.
        More may be ready by then: it returns soon, so that what follows can begin.
        """

    def cancel(self, task: Task) -> None:
        """Give a task up, wherever it is: it has no outcome."""

    def watch(self, fileno: int) -> None:
        """Have `poll` return when there is something to read at `fileno`."""

    def close(self) -> None:
        """Close the connections."""


class Work(Protocol):
    """Opens performers. Picklable, since it is sent to processes."""

    def open(self) -> Performer:
        """Return a performer for the calling thread."""

    def open_async(self) -> AsyncPerformer:
        """Return a performer for the running event loop."""

    def open_multi(self) -> MultiPerformer:
        """Return a performer for the calling thread, of many tasks at once."""
