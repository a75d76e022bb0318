"""How what Dask's workers have done comes home, without Dask."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import CancelledError

from crawler.backends.base import Plan
from crawler.backends.dask.answers import Done
from crawler.backends.dask.calls import Calls
from crawler.backends.dask.hand import Hand
from tests.contract.scripted import ScriptedWork

PATIENCE = 20.0


class FakeFuture:
    """A Dask task, as far as calls know it."""

    def __init__(self, key: str, worker: str) -> None:
        self.key = key
        self.worker = worker
        self.status = "pending"
        self._callbacks: list[Callable[[FakeFuture], None]] = []

    def add_done_callback(self, callback: Callable[["FakeFuture"], None]) -> None:
        self._callbacks.append(callback)

    def exception(self) -> Exception:
        return MemoryError(self.key)

    def finish(self, status: str = "finished") -> None:
        self.status = status
        for callback in self._callbacks:
            callback(self)


class FakeClient:
    """A client whose scheduler waits for ever for the results of a worker that is frozen."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = SimpleNamespace(add_callback=lambda do, call: asyncio.run_coroutine_threadsafe(do(call), loop))
        self.scheduler = self
        self.calls: list[FakeFuture] = []
        self.asked: Future[None] = Future()

    def submit(self, _visit: object, *, key: str, workers: list[str], **_: object) -> FakeFuture:
        self.calls.append(FakeFuture(key, *workers))
        return self.calls[-1]

    async def gather(self, keys: list[str]) -> dict[str, Any]:
        if any(call.worker == "at-frozen" for call in self.calls if call.key in keys):
            self.asked.set_result(None)
            await asyncio.Event().wait()
        return {"status": "OK", "data": {key: Done([]) for key in keys}}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own, as a client's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    for task in asyncio.all_tasks(loop):
        loop.call_soon_threadsafe(task.cancel)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


def test_what_a_frozen_worker_has_done_holds_up_nothing_of_others(loop: asyncio.AbstractEventLoop) -> None:
    client = FakeClient(loop)
    calls = Calls(client, "a-crawl", Plan(ScriptedWork()))  # type: ignore[arg-type]
    for name in ("frozen", "well"):
        calls.make(Hand(f"at-{name}", name), 1)
    for call in client.calls:
        call.finish()
    ((hand, answer),) = calls.come_home(PATIENCE)
    assert (hand.name, answer) == ("well", Done([]))
    client.asked.result(PATIENCE)


def test_a_call_that_fails_brings_home_why(loop: asyncio.AbstractEventLoop) -> None:
    client = FakeClient(loop)
    calls = Calls(client, "a-crawl", Plan(ScriptedWork()))  # type: ignore[arg-type]
    for status, kind in (("error", MemoryError), ("cancelled", CancelledError)):
        calls.make(Hand("at-well", "well"), 1)
        client.calls[-1].finish(status)
        ((_, error),) = calls.come_home(PATIENCE)
        assert isinstance(error, kind)
