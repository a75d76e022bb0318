"""A backend without workers: a script answers. For tests, and for measuring the coordinator by itself.

coordinator ──submit──▶ script(task) ──▶ outcome, kept until it is collected
"""

from collections.abc import Callable, Sequence

from crawler.backends.base import Backend, Plan
from crawler.model import Outcome, Task


class FakeBackend(Backend):
    """Answers each task at once with what a script says; where that is None, never."""

    def __init__(self, plan: Plan, script: Callable[[Task], Outcome | None]) -> None:
        super().__init__(plan)
        self._script = script
        self._ready: list[Outcome] = []
        self.abandoned: list[Task] = []

    def start(self) -> None:
        """Nothing to start."""

    def submit(self, task: Task) -> None:
        """Ask the script."""
        outcome = self._script(task)
        if outcome is not None:
            self._ready.append(outcome)

    def collect(self, timeout: float) -> Sequence[Outcome]:  # noqa: ARG002 - what is not there will not come
        """Return what the script has said."""
        ready, self._ready = self._ready, []
        return ready

    def abandon(self, task: Task) -> None:
        """Note that the task was given up."""
        self.abandoned.append(task)

    def stop(self) -> None:
        """Nothing to stop."""
