"""The work of this crawler: fetch a page, read it. One meaning, whether the client blocks or not.

    task ─▶ visit.open() ─▶ client.fetch(exchange) ─▶ visit.outcome()

All but the fetch itself is the visit's, so that the two performers differ in an `await` only.
"""

from dataclasses import dataclass

from crawler.model import Outcome, Task
from crawler.work.clients import AsyncClient, Client, open_async_client, open_client
from crawler.work.settings import WorkSettings
from crawler.work.visit import Desk


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What workers do: see `Work`. Plain data, so that it can be sent to a process.

    Attributes:
        client: which client fetches, by name (`crawler.work.clients`); empty for the one that fits the performer.
    """

    settings: WorkSettings
    client: str = ""

    def open(self) -> "SitePerformer":
        """Return a performer for the calling thread."""
        return SitePerformer(self.settings, open_client(self.client or "requests", self.settings.addresses))

    def open_async(self) -> "AsyncSitePerformer":
        """Return a performer for the running event loop."""
        client = open_async_client(self.client or "aiohttp", self.settings.addresses)
        return AsyncSitePerformer(self.settings, client)


class SitePerformer:
    """Does tasks one after another, with a client that blocks."""

    def __init__(self, settings: WorkSettings, client: Client) -> None:
        self._desk = Desk(settings)
        self._client = client

    def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Never raises."""
        with self._desk.visit(task, worker) as visit:
            self._client.fetch(visit.open())
        return visit.outcome()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncSitePerformer:
    """Does tasks side by side, with a client that awaits."""

    def __init__(self, settings: WorkSettings, client: AsyncClient) -> None:
        self._desk = Desk(settings)
        self._client = client

    async def perform(self, task: Task, worker: str) -> Outcome:
        """Fetch what the task asks for and read it. Raises nothing but CancelledError."""
        with self._desk.visit(task, worker) as visit:
            await self._client.fetch(visit.open())
        return visit.outcome()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
