"""What a backend needs to know of the work that its workers do: how to open a performer, and how to ask it.

A backend is handed a `Work` and knows nothing of HTTP or HTML. Whatever the work, it is opened where it is done:
a performer holds connections, and those are never shared between threads nor inherited by a process.
"""

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


class Work(Protocol):
    """Opens performers. Picklable, since it is sent to processes."""

    def open(self) -> Performer:
        """Return a performer for the calling thread."""

    def open_async(self) -> AsyncPerformer:
        """Return a performer for the running event loop."""
