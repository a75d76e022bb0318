"""A worker as the coordinator sees it."""

from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any, TypeAlias

from distributed import Future

from crawler.backends.dask.answers import Answer, Message
from crawler.backends.losses import lost
from crawler.backends.plain import pack_task, unpack
from crawler.model import WORKER_STOPPED, Outcome, Task

Call: TypeAlias = "Future[Answer]"
"""A visit that is under way."""


class Hand:
    """What a worker is doing, and what it is to be sent."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name
        self.epoch = 0
        """Of what is sent to it: it ends with the performer that has it there."""
        self.tasks: dict[int, tuple[Task, str]] = {}
        """What it has been sent and not answered, by number, and the name under which that is done."""
        self.waiting: deque[Task] = deque()
        """What it is to be sent."""
        self.calls: dict[Call, int] = {}
        """The visits to it that are under way, and how many tasks each lets it do at once."""
        self._allowed = 0
        self._most = 0
        self._free: list[str] = []
        """The names of slots that were given to tasks and have come back."""
        self._slots = count()
        self._numbers = count(1)

    @property
    def load(self) -> int:
        """How many tasks it has, sent or not."""
        return len(self.tasks) + len(self.waiting)

    @property
    def busy(self) -> int:
        """How many tasks it may be doing at this moment, at most."""
        return min(self._most, len(self.tasks))

    def take(self, most: int, at_once: int) -> list[Message]:
        """Return the next tasks to be sent, as messages, with which it is let do so many at once."""
        self._most = max(self.busy, at_once)
        messages: list[Message] = []
        for _ in range(min(most, len(self.waiting))):
            task, number = self.waiting.popleft(), next(self._numbers)
            name = self._free.pop() if self._free else f"{self.name}.{next(self._slots)}"
            self.tasks[number] = (task, name)
            messages.append((number, name, *pack_task(task)))
        return messages

    def take_back(self) -> None:
        """Have all that it has been sent wait again: it has begun nothing of that."""
        self.waiting.extendleft(task for task, _ in reversed(self.tasks.values()))
        self.tasks.clear()

    def end(self, call: Call) -> None:
        """Take in that a visit is over: from then on what it does at once is what that one allowed, or one after it."""
        self._allowed = max(self.calls.values())
        del self.calls[call]

    def does(self, number: int) -> None:
        """Take in how many tasks it was doing when the last visit left."""
        self._most = min(self._most, max(number, self._allowed))

    def done(self, message: Sequence[Any]) -> Outcome | None:
        """Return the outcome that came as a message; None if it is not awaited."""
        number, *values = message
        if number not in self.tasks:
            return None
        task, name = self.tasks.pop(number)
        self._free.append(name)
        return unpack(task, name, values)

    def lose(self, kind: str, how: str) -> list[Outcome]:
        """Return what became of what it had been sent, now that it is no more.

        Where it had one task and died, that is to blame. Where it had more, nobody knows which was: so none is called
        the culprit. They are tried again, and one by one if that befalls them twice.
        """
        sent = list(self.tasks.values())
        self.tasks.clear()
        if len(sent) > 1:
            kind, how = WORKER_STOPPED, f"{how} while it had {len(sent)} pages, this among them"
        else:
            how = f"{how} while it had this page"
        return [lost(task, name, kind, f"the worker process {how}") for task, name in sent]
