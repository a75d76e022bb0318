"""The work of this crawler: fetch a page, read it. One meaning, whether the client blocks or not.

    task ─▶ visit.open() ─▶ client.fetch(exchange) ─▶ visit.outcome()

All but the fetch itself is the visit's, so that the performers differ only in how they wait: by blocking, by an
`await`, or by asking now and again.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.model import Outcome, Task
from crawler.work.base import AsyncPerformer, MultiPerformer
from crawler.work.clients import (
    ASYNC_CLIENTS,
    Client,
    MultiClient,
    client_modules,
    open_async_client,
    open_client,
    open_multi_client,
)
from crawler.work.exchange import Exchange
from crawler.work.parsers import PARSERS
from crawler.work.settings import WorkSettings
from crawler.work.turns import READING, SLICE
from crawler.work.visit import Desk, Visit


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What workers do: see `Work`. Plain data, so that it can be sent to a process.

    Attributes:
        client: which client fetches, by name (`crawler.work.clients`); empty for the one that fits the performer.
    """

    settings: WorkSettings
    client: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that are imported where it is opened: this one, the parser's and the client's."""
        return (__name__, PARSERS[self.settings.parser], *client_modules(self.client or "requests"))

    def open(self) -> "SitePerformer":
        """Return a performer for the calling thread."""
        return SitePerformer(self.settings, open_client(self.client or "requests", self.settings.addresses))

    def open_async(self) -> AsyncPerformer:
        """Return a performer for the running event loop."""
        from crawler.work.perform_async import AsyncSitePerformer  # and with it asyncio, which nobody else here needs

        client = open_async_client(self.client or "aiohttp", self.settings.addresses)
        return AsyncSitePerformer(self.settings, client)

    def open_multi(self) -> MultiPerformer:
        """Return a performer for the calling thread, of many tasks at once."""
        if self.client in ASYNC_CLIENTS:
            from crawler.work.looped import Looped

            return Looped(self.open_async)
        client = open_multi_client(self.client or "curl", self.settings.addresses)
        return MultiSitePerformer(self.settings, client)


class SitePerformer:
    """Does tasks one after another, with a client that blocks."""

    def __init__(self, settings: WorkSettings, client: Client) -> None:
        self._desk = Desk(settings)
        self._client = client

    def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Never raises."""
        with self._desk.visit(task, worker) as visit:
            self._client.fetch(visit.open())
        with READING.take():
            return visit.outcome()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class MultiSitePerformer:
    """Does tasks side by side, with a client that is polled."""

    def __init__(self, settings: WorkSettings, client: MultiClient) -> None:
        self._desk = Desk(settings, one_by_one=False)
        self._client = client
        self._visits: dict[Exchange, Visit] = {}
        self._fetched: deque[Visit] = deque()

    def begin(self, task: Task, worker: str) -> None:
        """Begin to fetch what the task asks for. Does not block; never raises."""
        visit = self._desk.visit(task, worker)
        with visit:
            exchange = visit.open()
            self._client.begin(exchange)
            self._visits[exchange] = visit
            return
        self._fetched.append(visit)

    def poll(self, timeout: float) -> Sequence[Outcome]:
        """Get on with all that was begun (see `MultiPerformer`)."""
        for exchange, error in self._client.poll(0.0 if self._fetched else timeout):
            visit = self._visits.pop(exchange)
            visit.fetched(error)
            self._fetched.append(visit)
        outcomes: list[Outcome] = []
        end = time.monotonic() + SLICE
        while self._fetched and (not outcomes or time.monotonic() < end):
            outcomes.append(self._fetched.popleft().outcome())
        return outcomes

    def cancel(self, task: Task) -> None:
        """Give a task up, wherever it is: it has no outcome."""
        for exchange, visit in self._visits.items():
            if visit.task == task:
                self._client.cancel(exchange)
                del self._visits[exchange]
                return
        self._fetched = deque(visit for visit in self._fetched if visit.task != task)

    def watch(self, fileno: int) -> None:
        """Have `poll` return when there is something to read at `fileno`."""
        self._client.watch(fileno)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
