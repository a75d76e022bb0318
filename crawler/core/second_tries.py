"""What failed and is tried again: after a pause, or alone.

failed ──────────────────────────▶ [delayed] ──▶ back into its host's queue when its time has come
lost with its worker, which may ──▶ [suspects] ──▶ one at a time, with nothing else in flight: if a worker dies of
have died of it                                    it again, it is known of what
"""

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count
from random import Random

from crawler.core.ledger import Ledger
from crawler.core.retry import RetryPolicy
from crawler.model import WORKER_DIED, WORKER_STOPPED, Failure, Role, Task
from crawler.urls import host

LOSSES = 5
"""How often a page may be lost with its worker before it fails, whether it is known to be to blame or not."""
GONE = frozenset({WORKER_DIED, WORKER_STOPPED})
"""The failures of workers: they say nothing of the host, and little of the page."""


class SecondTries:
    """The tasks that are to be tried again."""

    def __init__(self, policy: RetryPolicy, ledger: Ledger, random: Random) -> None:
        self._policy = policy
        self._ledger = ledger
        self._random = random
        self._delayed: list[tuple[float, int, Task]] = []
        self._ticket = count()
        self._suspects: deque[Task] = deque()
        self.on_trial: Task | None = None
        """The suspect that was sent alone last."""
        self.pages = 0
        """How many pages are to be tried again; robots.txt is none."""

    def __bool__(self) -> bool:
        return bool(self._delayed or self._suspects)

    def pause(self, task: Task, failure: Failure) -> float | None:
        """Take in that a task failed; return the seconds to wait before the next try, None if there is to be none."""
        if failure.kind not in GONE:
            # Being lost with a worker is nobody's try.
            return self._policy.wait(failure, task.attempt - self._ledger.losses(task.url), self._random)
        guilty = failure.kind == WORKER_DIED and task == self.on_trial
        return None if self._ledger.lose(task.url) >= LOSSES or guilty else 0.0

    def add(self, task: Task, failure: Failure, due: float) -> None:
        """Have a task that failed tried once more, at `due` or alone."""
        again = Task(task.url, task.role, task.depth, task.hops, task.attempt + 1, task.referrer)
        # A bystander is no suspect, unless it is there again: then it may be what the backend cannot name.
        if failure.kind == WORKER_DIED or (failure.kind == WORKER_STOPPED and self._ledger.losses(task.url) > 1):
            self._suspects.append(again)
        else:
            heapq.heappush(self._delayed, (due, next(self._ticket), again))
        self.pages += _is_page(again)
        self._ledger.tally.retries += 1

    def due(self, now: float) -> Iterator[Task]:
        """Take out what has waited long enough, one task after another."""
        while self._delayed and self._delayed[0][0] <= now:
            task = heapq.heappop(self._delayed)[2]
            self.pages -= _is_page(task)
            yield task

    def next_due(self) -> float | None:
        """Return when the next delayed task is due; None if there is none."""
        return self._delayed[0][0] if self._delayed else None

    @property
    def suspect(self) -> Task | None:
        """The task that is to be tried alone, next; None if there is none."""
        return self._suspects[0] if self._suspects else None

    def put_on_trial(self) -> Task:
        """Take out the next suspect, which is now tried alone."""
        self.on_trial = self._suspects.popleft()
        self.pages -= _is_page(self.on_trial)
        return self.on_trial

    def drain(self, name: str) -> Iterator[Task]:
        """Take out all tasks of a host."""
        suspects, delayed = self._suspects, self._delayed
        self._suspects = deque(task for task in suspects if host(task.url) != name)
        self._delayed = [entry for entry in delayed if host(entry[2].url) != name]
        heapq.heapify(self._delayed)
        for task in (*suspects, *(entry[2] for entry in delayed)):
            if host(task.url) == name:
                self.pages -= _is_page(task)
                yield task


def _is_page(task: Task) -> bool:
    return task.role is not Role.ROBOTS
