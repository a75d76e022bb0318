"""The Dask tasks that are under way: visits to workers, and what they bring home."""

from itertools import count
from queue import Empty
from typing import Any

from distributed import Client, as_completed

from crawler.backends.base import Plan
from crawler.backends.dask.hand import Call, Hand
from crawler.backends.dask.worker import Visit

VISIT = 1.0
"""Seconds that a call waits at a worker for something to be done."""


class Calls:
    """Calls to workers, by a client."""

    def __init__(self, client: Client, crawl: str, plan: Plan) -> None:
        self._client = client
        self._crawl = crawl
        self._plan = plan
        self._numbers = count(1)
        self._hands: dict[Call, Hand] = {}
        self._returned = as_completed(loop=client.loop, with_results=True, raise_errors=False)

    def make(self, hand: Hand, at_once: int) -> None:
        """Visit a worker, with as many of the tasks that wait for it as go with one call; or with none.

        Of all that it has, it is to do at most `at_once` tasks at the same time.
        """
        cluster = self._plan.cluster
        tasks = hand.take(cluster.batch, at_once)
        call = self._client.submit(
            Visit(self._crawl, hand.epoch, self._plan.work, tasks, at_once, VISIT, cluster.orphan_timeout),
            key=f"{self._crawl}-{next(self._numbers)}",
            workers=[hand.address],
            allow_other_workers=False,
            retries=0,
            pure=False,
        )
        hand.calls[call] = at_once
        self._hands[call] = hand
        self._returned.add(call)

    def come_home(self, timeout: float) -> list[tuple[Hand, Any]]:
        """Return what the calls have brought that are back, and from whom, after at most `timeout` seconds."""
        try:
            home = [self._returned.queue.get(timeout=timeout) if timeout > 0 else self._returned.queue.get_nowait()]
        except Empty:
            return []
        home += self._returned.next_batch(block=False)
        return [(self._end(call), result) for call, result in home if call in self._hands]

    def forget(self, hand: Hand) -> None:
        """Wait no more for the calls to a worker, and have the scheduler drop them."""
        for call in list(hand.calls):
            self._end(call)
            call.cancel()

    def _end(self, call: Call) -> Hand:
        """Take a call out of those that are under way; return whose it was."""
        hand = self._hands.pop(call)
        hand.end(call)
        return hand
