"""A scheduler as a client sees it: how it is reached, which workers it has, and who comes and goes."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, NamedTuple

from distributed import Client, LocalCluster, Security

import crawler
from crawler.backends.base import PARTING, BackendError, Cluster
from crawler.backends.dask import worker


class Joined(NamedTuple):
    """A worker is there; with a problem, it cannot be used."""

    address: str
    name: str
    problem: str | None = None


class Left(NamedTuple):
    """A worker is gone: by itself, or as it had been told to. Then it may still be about to end."""

    address: str
    expected: bool


class Dropped(NamedTuple):
    """A worker that closes has dropped all that it was doing."""

    address: str


News = Joined | Left | Dropped


def silence() -> None:
    """Have Dask log nothing: what there is to be said, the crawl says in one line."""
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("distributed", "tornado"))]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Connected:
    """A client of a scheduler, and what is heard of its workers."""

    def __init__(self, scheduler: "str | LocalCluster", cluster: Cluster, *, check: bool = True) -> None:
        """Connect; BackendError if that is not to be done in time.

        Args:
            scheduler: it, or its address.
            cluster: how to reach it.
            check: whether its workers might have another version of this package.
        """
        silence()
        self._cluster = cluster
        self._check = check
        self._news: SimpleQueue[News] = SimpleQueue()
        self.address = scheduler if isinstance(scheduler, str) else scheduler.scheduler_address
        try:
            security = _security(cluster)
            self.client = Client(
                scheduler, timeout=cluster.connect_timeout, security=security, set_as_default=False, name="crawler"
            )
        except (OSError, ValueError) as error:
            raise BackendError(f"the Dask scheduler at {self.address} cannot be reached: {_line(error)}") from None
        silence()
        self._hears = Event()
        try:
            self._listen()
        except BaseException:
            self.close()
            raise

    @property
    def lost(self) -> bool:
        """Whether the scheduler is gone."""
        return bool(self.client.status != "running")

    def examine(self) -> list[Joined]:
        """Return the workers that there are now; BackendError if it cannot be had."""
        limit = self._cluster.check_timeout + PARTING
        try:
            found: list[Joined] = self.client.sync(self._examine_all, callback_timeout=limit)
        except (OSError, TimeoutError) as error:
            raise BackendError(f"the Dask scheduler at {self.address} does not answer: {_line(error)}") from None
        return found

    def usable(self) -> list[Joined]:
        """Return the workers that there are; BackendError if there is none in time, or one that cannot be used."""
        deadline = time.monotonic() + self._cluster.check_timeout
        found = self.examine()
        while not found and (left := deadline - time.monotonic()) > 0:
            found = [event for event in self.news(timeout=left) if isinstance(event, Joined)]
        if not found:
            raise BackendError(f"the Dask scheduler at {self.address} has no workers: start some with `dask worker`")
        for joined in found:
            if joined.problem:
                raise BackendError(f"worker {joined.name} {joined.problem}")
        return found

    def news(self, timeout: float = 0.0) -> list[News]:
        """Return what has been heard of workers, after at most `timeout` seconds for the first."""
        heard = []
        try:
            heard.append(self._news.get(timeout=timeout) if timeout else self._news.get_nowait())
            while True:
                heard.append(self._news.get_nowait())
        except Empty:
            return heard

    def tell(self, workers: list[str], function: Callable[[str], None], argument: str) -> bool:
        """Have workers call a function; return whether all have done so within a moment."""

        async def run() -> bool:
            done = await self.client.run(function, argument, workers=workers, on_error="ignore") if workers else {}
            return len(done) == len(workers)

        with suppress(OSError, TimeoutError):
            return bool(self.client.sync(run, callback_timeout=PARTING))
        return False

    def close(self) -> None:
        """Part with the scheduler."""
        self.client.close(timeout=PARTING)

    def _listen(self) -> None:
        """Hear of workers from now on: it is certain only when one hears oneself, since nobody confirms it."""
        self.client.subscribe_topic("all", self._heard)
        assert self.client.scheduler is not None, "it is as long as there is a connection"
        deadline = time.monotonic() + self._cluster.connect_timeout
        while not self._hears.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                raise BackendError(f"the Dask scheduler at {self.address} tells nothing of its workers")
            told = {"action": "listening", "client": self.client.id}
            self.client.sync(self.client.scheduler.log_event, topic="all", msg=told, callback_timeout=left)
            self._hears.wait(0.05)

    def _heard(self, event: tuple[float, Any]) -> None:
        """Take in an event of the scheduler's; in the client's loop."""
        match event[1]:
            case {"action": "add-worker", "worker": str(address)}:
                task = asyncio.ensure_future(self._examine_all(address))
                task.add_done_callback(self._examined)
            case {"action": "listening", "client": self.client.id}:
                self._hears.set()
            case {"action": worker.DROPPED, "worker": str(address)}:
                self._news.put(Dropped(address))
            case {"action": "remove-worker", "worker": str(address), **rest}:
                self._news.put(Left(address, bool(rest.get("expected"))))

    def _examined(self, task: "asyncio.Task[list[Joined]]") -> None:
        if not task.cancelled() and task.exception() is None:
            for joined in task.result():
                self._news.put(joined)

    async def _examine_all(self, address: str | None = None) -> list[Joined]:
        """Look at one worker, or at all of them."""
        assert self.client.scheduler is not None, "it is as long as there is a connection"
        identity = await self.client.scheduler.identity(n_workers=-1)
        workers = {key: info for key, info in identity["workers"].items() if address in (None, key)}
        return await asyncio.gather(*(self._examine(key, str(info["name"])) for key, info in workers.items()))

    async def _examine(self, address: str, name: str) -> Joined:
        """Ask a worker for its version of this package, in a way that works if it has none."""
        if not self._check:
            return Joined(address, name)
        asked = self.client.run(version, "crawler", workers=[address], on_error="return")
        try:
            (found,) = (await asyncio.wait_for(asked, self._cluster.check_timeout)).values()
        except TimeoutError:
            return Joined(address, name, f"did not answer within {self._cluster.check_timeout:g} s")
        if isinstance(found, PackageNotFoundError):
            return Joined(address, name, "has no package crawler: install it there")
        if found != crawler.__version__:
            return Joined(address, name, f"has crawler {found} and not {crawler.__version__}: install that there")
        return Joined(address, name)


def _security(cluster: Cluster) -> Security | None:
    if not cluster.tls_ca:
        return None
    return Security(
        tls_ca_file=cluster.tls_ca,
        tls_client_cert=cluster.tls_cert,
        tls_client_key=cluster.tls_key,
        require_encryption=True,
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
