"""The Dask tasks that are under way: visits to workers, and what they bring home.

    make ──submit──▶ a visit is over ──done callback──▶ gather, each by itself ──▶ [ home ] ──▶ come_home

Dask's own ways to results ask for all that are ready at one moment by one request, which waits for each worker that has
one: what a healthy worker has done would lie behind what a frozen one has, until both had missed their leases.
"""

from contextlib import suppress
from itertools import count
from queue import SimpleQueue
from typing import Any

from distributed import CancelledError, Client

from crawler.backends.base import Plan, drain
from crawler.backends.dask.hand import Call, Hand
from crawler.backends.dask.worker import Visit

VISIT = 1.0
"""Seconds that a call waits at a worker for something to be done."""


class Calls:
    """Calls to workers, by a client."""

    def __init__(self, client: Client, crawl: str, plan: Plan) -> None:
        assert client.scheduler is not None, "they are as long as there is a connection"
        assert client.loop is not None
        self._client = client
        self._scheduler = client.scheduler
        self._loop = client.loop
        self._crawl = crawl
        self._plan = plan
        self._numbers = count(1)
        self._hands: dict[Call, Hand] = {}
        self._home: SimpleQueue[tuple[Call, Any]] = SimpleQueue()

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
        call.add_done_callback(self._fetch)

    def come_home(self, timeout: float) -> list[tuple[Hand, Any]]:
        """Return what the calls have brought that are back, and from whom, after at most `timeout` seconds."""
        home = drain(self._home, timeout)
        return [(self._end(call), result) for call, result in home if call in self._hands]

    def forget(self, hand: Hand) -> None:
        """Wait no more for the calls to a worker, and have the scheduler drop them."""
        for call in list(hand.calls):
            self._end(call)
            call.cancel()

    def _fetch(self, call: Call) -> None:
        """Have fetched what a call has brought that is over; in a thread of Dask's."""
        match call.status:
            case "error":
                self._home.put((call, call.exception()))
            case "cancelled":
                self._home.put((call, CancelledError()))
            case _:
                self._loop.add_callback(self._gather, call)

    async def _gather(self, call: Call) -> None:
        """Fetch it; in the client's loop."""
        with suppress(OSError):  # the scheduler is gone, which is heard
            answer = await self._scheduler.gather(keys=[call.key])
            if answer["status"] == "OK":  # else its worker is gone, which is heard, or will be written off
                self._home.put((call, answer["data"][call.key]))

    def _end(self, call: Call) -> Hand:
        """Take a call out of those that are under way; return whose it was."""
        hand = self._hands.pop(call)
        hand.end(call)
        return hand
