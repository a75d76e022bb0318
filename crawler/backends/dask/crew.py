"""The workers that get tasks, and which of them gets one."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from crawler.backends.dask.hand import Hand
from crawler.model import Task


class Crew:
    """The workers that are there, and the tasks that wait for one."""

    def __init__(self, at_once: int) -> None:
        """Take in how many tasks all of them may do at once; workers beyond that number get none."""
        self._at_once = at_once
        self._hands: dict[str, Hand] = {}
        self._homeless: deque[Task] = deque()

    def __iter__(self) -> Iterator[Hand]:
        return iter(tuple(self._hands.values()))

    def __len__(self) -> int:
        return len(self._hands)

    def get(self, address: str) -> Hand | None:
        """Return the worker of that address, if it is there."""
        return self._hands.get(address)

    @property
    def addresses(self) -> list[str]:
        """Of all of them."""
        return list(self._hands)

    @property
    def busy(self) -> int:
        """How many tasks they may be doing at this moment, at most."""
        return sum(hand.busy for hand in self)

    def parts(self) -> Iterator[tuple[Hand, int]]:
        """Return how many tasks each is to do at once. Who has been here longest gets one more if they do not divide.

        So whoever has something to do keeps a part, since it only moves up.
        """
        each, more = divmod(self._at_once, max(1, len(self)))
        return ((hand, each + (number < more)) for number, hand in enumerate(self))

    @property
    def load(self) -> int:
        """How many tasks there are, sent or not."""
        return sum(hand.load for hand in self) + len(self._homeless)

    def join(self, hand: Hand) -> None:
        """Take in a worker; it gets what nobody was there for."""
        self._hands[hand.address] = hand
        hand.waiting += self._homeless
        self._homeless.clear()

    def part(self, hand: Hand) -> None:
        """Have nothing more to do with a worker; others get what it had not been sent."""
        del self._hands[hand.address]
        for task in hand.waiting:
            self.submit(task)
        hand.waiting.clear()

    def submit(self, task: Task) -> None:
        """Give a task to the worker that has least to do."""
        if self._hands:
            min(islice(self, self._at_once), key=lambda hand: hand.load).waiting.append(task)
        else:
            self._homeless.append(task)

    def recall(self) -> list[Task]:
        """Take back what has not been sent."""
        tasks = list(self._homeless)
        self._homeless.clear()
        for hand in self:
            tasks += hand.waiting
            hand.waiting.clear()
        return tasks
