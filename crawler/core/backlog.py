"""Tasks that wait, most of them on disk: a queue of which only the front is in memory.

    append ──▶ [ numbers of what the crawl took up, 8 bytes each … ] ──recollect──▶ [ window of tasks ] ──▶ pop

Whatever the crawl takes up is stored, in order; so its number is enough to get a task back, and what asks for it is
handed in: this module does no I/O. What must go first, as a retry, is put before the window and stays in memory.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from crawler.model import Task

WINDOW = 200
"""Tasks that a queue holds in memory, and gets back at once, while there is room."""
SCANT_WINDOW = 8
"""The same where there is none."""
ROOM = 20_000
"""Tasks that the windows of all queues hold in memory before they get scant."""

Recollect = Callable[[Sequence[int]], Sequence[Task]]
"""Returns the tasks of these numbers, in their order."""


class Shelf:
    """What all queues of a crawl share: how tasks are got back, and how many more may be kept in memory."""

    def __init__(self, recollect: Recollect | None = None) -> None:
        """Get tasks back by `recollect`; without it, none is ever let go of."""
        self.recollect = recollect
        self.room = ROOM


class Backlog:
    """A queue of tasks: first in, first out, but for what is put first."""

    __slots__ = ("_first", "_gone", "_numbers", "_shelf", "_tasks")

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._tasks: deque[Task] = deque()
        self._first = 0
        """How many of the tasks have no number: they stand in front."""
        self._numbers = array("Q")
        self._gone = 0
        """How many of the numbers have been popped."""

    def __len__(self) -> int:
        return self._first + len(self._numbers) - self._gone

    def append(self, task: Task, number: int) -> None:
        """Let a task wait behind all others; `number` is the place that it has among all that was taken up."""
        shelf = self._shelf
        loaded = len(self._tasks) - self._first
        in_memory = shelf.recollect is None or (loaded < WINDOW and shelf.room > 0)
        if in_memory and loaded == len(self._numbers) - self._gone:
            self._tasks.append(task)
            shelf.room -= 1
        self._numbers.append(number)

    def put_first(self, task: Task) -> None:
        """Let a task wait before all others."""
        self._tasks.appendleft(task)
        self._first += 1

    def pop(self) -> Task:
        """Return the task whose turn it is; IndexError if none waits."""
        if self._first:
            self._first -= 1
            return self._tasks.popleft()
        return self._take(WINDOW if self._shelf.room > 0 else SCANT_WINDOW)[1]

    def drain(self) -> Iterator[Task]:
        """Take out all tasks, one after another."""
        while self:
            yield self.pop()

    def drain_numbered(self) -> Iterator[tuple[int, Task]]:
        """Take out all tasks and their numbers, one after another; none of them may have been put first."""
        while self:
            yield self._take(WINDOW)

    def _take(self, window: int) -> tuple[int, Task]:
        """Return the next task that has a number, and that; where none is in memory, get so many back."""
        shelf = self._shelf
        number = self._numbers[self._gone]
        if not self._tasks:
            assert shelf.recollect is not None, "without it every task is kept"
            self._tasks.extend(shelf.recollect(self._numbers[self._gone : self._gone + window]))
            shelf.room -= len(self._tasks)
        self._gone += 1
        shelf.room += 1
        if self._gone >= WINDOW and 2 * self._gone >= len(self._numbers):
            del self._numbers[: self._gone]
            self._gone = 0
        return number, self._tasks.popleft()
