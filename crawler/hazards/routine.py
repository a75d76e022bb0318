"""The crawler's own workers, with something else to do than to fetch pages."""

import time
from collections.abc import Callable

from crawler.backends.base import Backend
from crawler.hazards.base import HazardError
from crawler.hazards.watchdog import LIMIT
from crawler.model import Outcome, Role, Task, Timings
from crawler.work.base import AsyncPerformer, MultiPerformer


class Routine:
    """A `Work`, and its own performer, that calls a function with each task; what that raises ends the worker."""

    def __init__(self, do: Callable[[Task], object]) -> None:
        self._do = do

    def open(self) -> "Routine":
        """Return itself: it has no connections."""
        return self

    def open_async(self) -> AsyncPerformer:
        """Refuse: it blocks."""
        raise NotImplementedError("a routine is for threads")

    def open_multi(self) -> MultiPerformer:
        """Refuse: it blocks."""
        raise NotImplementedError("a routine is for threads")

    def perform(self, task: Task, worker: str) -> Outcome:
        """Call the function."""
        started = time.monotonic()
        self._do(task)
        now = time.monotonic()
        return Outcome(task, worker, Timings(started, now, now), 200)

    def close(self) -> None:
        """Do nothing."""


def page(number: int) -> Task:
    """Return the task of a detail page."""
    return Task(f"http://shop.test/item/{number}", Role.DETAIL)


def gather(backend: Backend, number: int) -> list[Outcome]:
    """Collect so many outcomes.

    Raises:
        BackendError: a worker cannot work.
        HazardError: they do not come in time.
    """
    outcomes: list[Outcome] = []
    end = time.monotonic() + LIMIT
    while len(outcomes) < number:
        left = end - time.monotonic()
        if left <= 0:
            raise HazardError(f"after {LIMIT:.0f} s the workers had done {len(outcomes)} of {number} tasks")
        outcomes += backend.collect(left)
    return outcomes
