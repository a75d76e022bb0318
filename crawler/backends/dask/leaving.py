"""Workers that may still be at what they had, though the crawl can do no more with them.

That is not to be tried elsewhere until the worker has said that it has dropped it, or can be at it no longer.
"""

import time
from collections.abc import Iterator

from crawler.backends.dask.hand import Hand
from crawler.model import WORKER_STOPPED, Outcome


class Leaving:
    """The workers that are on their way out, or not heard of any more."""

    def __init__(self, how: str) -> None:
        """Take in what is to be said of each: how it was lost."""
        self._how = how
        self._until: dict[str, tuple[Hand, float]] = {}
        """By address: each, and until when it may be at work at most."""

    def __contains__(self, address: str) -> bool:
        return address in self._until

    def __iter__(self) -> Iterator[str]:
        return iter(self._until)

    def __getitem__(self, address: str) -> Hand:
        return self._until[address][0]

    @property
    def busy(self) -> int:
        """How many tasks they may be doing at this moment, at most."""
        return sum(hand.busy for hand, _ in self._until.values())

    @property
    def longest(self) -> float:
        """Seconds until the last of them has surely ended."""
        return max((until - time.monotonic() for _, until in self._until.values()), default=0.0)

    def add(self, hand: Hand, seconds: float) -> None:
        """Take in a worker that may be at work for so long, unless it says before that it is not."""
        self._until[hand.address] = (hand, time.monotonic() + seconds)

    def dropped(self, address: str) -> list[Outcome]:
        """Return what became of the tasks of a worker that has dropped them."""
        hand, _ = self._until.pop(address)
        return hand.lose(WORKER_STOPPED, self._how)

    def overdue(self) -> list[Outcome]:
        """Return what became of the tasks of those that did not say so in time."""
        now = time.monotonic()
        silent = [address for address, (_, until) in self._until.items() if until < now]
        return [outcome for address in silent for outcome in self.dropped(address)]
