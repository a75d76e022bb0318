"""The performer for an event loop: pages are fetched side by side, and read for a slice at a time.

    perform ──await──▶ client.fetch ──▶ [ fetched pages ] ──▶ read for 5 ms ──▶ outcomes
                                               ▲ ── the loop sees to its sockets ──┘

A coroutine that went on to read what it has fetched would do so in the same turn of the loop as all others whose pages
have come: with 256 of them, the last connection gets its next request a tenth of a second too late.
"""

import asyncio
import time
from collections import deque

from crawler.model import Outcome, Task
from crawler.work.clients import AsyncClient
from crawler.work.settings import WorkSettings
from crawler.work.turns import SLICE
from crawler.work.visit import Desk, Visit


class AsyncSitePerformer:
    """Does tasks side by side, with a client that awaits. To be made within a running loop."""

    def __init__(self, settings: WorkSettings, client: AsyncClient) -> None:
        self._desk = Desk(settings, one_by_one=False)
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._fetched: deque[tuple[Visit, asyncio.Future[Outcome]]] = deque()

    async def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Raises nothing but CancelledError."""
        with self._desk.visit(task, worker) as visit:
            await self._client.fetch(visit.open())
        if not self._fetched:
            self._loop.call_soon(self._read)
        outcome: asyncio.Future[Outcome] = self._loop.create_future()
        self._fetched.append((visit, outcome))
        return await outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _read(self) -> None:
        """Read some of what has been fetched, and the rest when the loop has looked at its sockets."""
        end = time.monotonic() + SLICE
        while self._fetched:
            visit, outcome = self._fetched.popleft()
            if not outcome.cancelled():
                outcome.set_result(visit.outcome())
            if self._fetched and time.monotonic() >= end:
                self._loop.call_soon(self._read)
                return
