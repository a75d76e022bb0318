"""How the backends of threads and loops end while pages are under way."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from crawler.backends.base import PARTING
from crawler.backends.registry import BACKENDS
from crawler.model import Role, Task
from crawler.work.addresses import AddressRule
from crawler.work.clients import missing
from crawler.work.perform import SiteWork
from crawler.work.settings import WorkSettings
from tests.contract.scripted import RELEASE, ScriptedWork
from tests.contract.servers import RawServer
from tests.contract.test_backends import PATIENCE, detail, make, nothing_is_left_behind

__all__ = ["nothing_is_left_behind"]

IN_PROCESS = {name: entry for name, entry in BACKENDS.items() if not entry.processes and not entry.missing}
every_pair = pytest.mark.parametrize(
    ("name", "client"),
    [(name, client) for name, entry in IN_PROCESS.items() for client in entry.clients if missing(client) is None],
)


class SlowSite:
    """A site that takes a request and answers nothing until it is closed."""

    def __init__(self) -> None:
        self.asked = Event()
        self._closed = Event()
        self._server = RawServer(lambda *_: self.asked.set() or self._closed.wait(60.0))

    def __enter__(self) -> "SlowSite":
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.__exit__()

    def page(self) -> Task:
        return Task(self._server.url, Role.DETAIL)


@pytest.fixture
def site() -> Iterator[SlowSite]:
    with SlowSite() as site:
        yield site


@every_pair
@pytest.mark.parametrize("abandoned", [False, True], ids=["awaited", "written off"])
def test_the_end_is_orderly_while_a_client_waits_for_its_answer(
    name: str, client: str, abandoned: bool, site: SlowSite
) -> None:
    settings = WorkSettings(timeout=60.0, addresses=AddressRule(allow_private=True), parser=BACKENDS[name].parsers[0])
    with make(name, work=SiteWork(settings, client)) as backend:
        backend.submit(site.page())
        end = time.monotonic() + PATIENCE
        while not site.asked.is_set():
            assert backend.collect(0.02) == []
            assert time.monotonic() < end
        if abandoned:
            backend.abandon(site.page())
        began = time.monotonic()
    assert time.monotonic() - began < PARTING + 5.0


@pytest.mark.parametrize("name", ["rlock", "queue", "condition", "semaphore", "thread-pool"])
def test_a_page_that_is_nearly_done_is_waited_for_and_its_connections_are_closed(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=2, capacity=1) as backend:
        backend.submit(detail("slow"))
        end = time.monotonic() + PATIENCE
        while not list(tmp_path.glob("opened-*")):
            assert time.monotonic() < end
    assert len(list(tmp_path.glob("closed-*"))) == len(list(tmp_path.glob("opened-*")))


@pytest.mark.parametrize("name", ["rlock", "queue", "condition", "semaphore"])
def test_a_page_that_comes_after_the_end_closes_its_connections_itself(name: str, tmp_path: Path) -> None:
    with make(name, work=ScriptedWork(tmp_path), consumers=2, capacity=1) as backend:
        backend.submit(detail("hang"))
        end = time.monotonic() + PATIENCE
        while not list(tmp_path.glob("hang-*")):
            assert backend.collect(0.02) == []
            assert time.monotonic() < end
        began = time.monotonic()
    assert PARTING <= time.monotonic() - began < PARTING + 5.0
    RELEASE.set()
    while len(list(tmp_path.glob("closed-*"))) < len(list(tmp_path.glob("opened-*"))):
        assert time.monotonic() < end
    RELEASE.clear()
