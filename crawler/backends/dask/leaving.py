"""Workers that were asked to go: off the scheduler's list, and perhaps still at what they had.

That is not to be tried elsewhere until the worker has said that it has dropped it, or can be at it no longer.
"""

import time

from crawler.backends.dask.hand import Hand
from crawler.model import WORKER_STOPPED, Outcome


class Leaving:
    """The workers that are on their way out."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[Hand, float]] = {}
        """By address: each, and until when it may be at work at most."""

    def __contains__(self, address: str) -> bool:
        return address in self._until

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
        return hand.lose(WORKER_STOPPED, "has left")

    def overdue(self) -> list[Outcome]:
        """Return what became of the tasks of those that did not say so in time."""
        now = time.monotonic()
        silent = [address for address, (_, until) in self._until.items() if until < now]
        return [outcome for address in silent for outcome in self.dropped(address)]
