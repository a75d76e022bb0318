"""What a traced crawl shows, on every backend in the registry, with the site and the clients of a real one."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.backends.base import Backend, Plan
from crawler.backends.registry import BACKENDS
from crawler.core.frontier import Frontier
from crawler.core.rules import CrawlRules
from crawler.engine import pump
from crawler.model import WORKER_DIED, Role, Task
from crawler.store.store import Store
from crawler.trace.around import Tracing
from crawler.trace.drawing import picture
from crawler.trace.lanes import Kind, Picture
from crawler.urls import HostSet, Scope
from crawler.work.addresses import AddressRule
from crawler.work.base import Work
from crawler.work.perform import SiteWork
from crawler.work.settings import FieldSpec, WorkSettings
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, LIST_PATTERNS
from tests.contract.scripted import RELEASE, ScriptedWork

PAGES = 45
MANY_AT_ONCE = {"asyncio", "curl-multi", "sharded", "dask"}
"""The backends of which one thread has many requests, and none of them the CPU for itself; they pickle none."""
PATIENCE = 20.0

every_backend = pytest.mark.parametrize("name", sorted(name for name, entry in BACKENDS.items() if not entry.missing))
every_process_backend = pytest.mark.parametrize("name", sorted(name for name in BACKENDS if BACKENDS[name].processes))


@pytest.fixture(scope="module")
def server() -> Iterator[FixtureServer]:
    with FixtureServer(pages=PAGES, latency=0.002) as server:
        yield server


@pytest.fixture(autouse=True)
def release() -> Iterator[None]:
    """Let go what hangs in this process."""
    RELEASE.clear()
    yield
    RELEASE.set()


def traced(name: str, tracing: Tracing, work: Work) -> Backend:
    plan = Plan(work, producers=1, consumers=3, capacity=3)
    return tracing.backend(BACKENDS[name].load()(tracing.plan(plan)))


def crawl(name: str, folder: Path, work: Work, start: str, scope: Scope) -> Picture:
    """Crawl, leave the trace in the folder, and return what it shows."""
    tracing = Tracing(folder, {"backend": name})
    with Store.open(folder, {}) as store, tracing, traced(name, tracing, work) as backend:
        leases = dict.fromkeys((Role.LIST, Role.DETAIL), 60.0)
        frontier = Frontier(CrawlRules(consumers=3), scope, holds=backend.holds, leases=leases)
        frontier.start([start])
        assert pump(frontier, backend, tracing.keeper(store))
    return picture(tracing.recorder.recording)


@every_backend
def test_the_trace_shows_each_worker_and_each_request_as_it_was(
    name: str, server: FixtureServer, tmp_path: Path
) -> None:
    entry, addresses = BACKENDS[name], AddressRule(allow_private=True)
    settings = WorkSettings(fields=(FieldSpec("title", "h1"),), parser=entry.parsers[0], addresses=addresses)
    work = SiteWork(settings, entry.client)
    scope = Scope(HostSet(), list_patterns=LIST_PATTERNS, detail_patterns=DETAIL_PATTERNS)
    before = server.stats()["hits"]
    found = crawl(name, tmp_path, work, server.url, scope)

    assert len(found.trips) == server.stats()["hits"] - before
    assert {trip.result for trip in found.trips} == {"ok"}
    assert all(trip.title for trip in found.trips if trip.task.role is Role.DETAIL)
    assert {type(trip.task) for trip in found.trips} == {Task}
    for trip in found.trips:
        times = trip.timings
        assert times.connected is not None
        assert times.answered is not None
        assert 0 <= trip.submitted <= trip.handed_over <= trip.collected <= found.wall
        assert trip.submitted <= times.started <= times.connected <= times.answered <= times.fetched <= times.finished
        assert times.finished <= trip.collected
        assert times.parse_cpu is not None
        assert (times.fetch_cpu is None) == (name in MANY_AT_ONCE)

    assert {lane.name for lane in found.workers} == {trip.worker for trip in found.trips}, (
        "each does one task at a time"
    )
    assert len(found.workers) >= 2
    for lane in found.lanes:
        assert [span.began for span in lane.spans] == [0.0, *(span.ended for span in lane.spans)][:-1]
        assert lane.spans[-1].ended == found.wall
    assert found.left_out == found.marks_left_out == 0

    told = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))
    names = [event["args"]["name"] for event in told["traceEvents"] if event["name"] == "thread_name"]
    assert names == [lane.name for lane in found.lanes]
    assert f"<h1>{name}: " in (tmp_path / "timeline.html").read_text(encoding="utf-8")


@every_backend
def test_what_is_pickled_on_its_way_is_known_to_have_been(name: str, tmp_path: Path) -> None:
    found = crawl(name, tmp_path, ScriptedWork(), "http://a.test/list/0", _scripted_scope())
    assert len(found.trips) == 51
    pickles = (BACKENDS[name].processes or name == "interpreters") and name not in MANY_AT_ONCE
    for trip in found.trips:
        assert (trip.there is not None) == (trip.back is not None) == pickles
        if trip.there is not None and trip.back is not None:
            there, back = trip.there, trip.back
            assert trip.submitted <= there.began <= there.pickled <= there.arrived <= there.unpickled
            assert there.unpickled <= trip.timings.started
            assert trip.timings.finished <= back.began <= back.pickled <= back.arrived <= back.unpickled
            assert back.unpickled <= trip.collected
            assert min(there.size, back.size) > 50
    shown = {kind for lane in found.workers for kind in lane.seconds()}
    assert (Kind.CROSS in shown) == pickles


@pytest.mark.parametrize(("name", "looks"), [("rlock", True), ("condition", True), ("queue", False)])
def test_a_primitive_that_can_tells_each_look(name: str, looks: bool, tmp_path: Path) -> None:
    found = crawl(name, tmp_path, ScriptedWork(), "http://a.test/list/0", _scripted_scope())
    of_lane = {lane.name: sum(mark.what == "look" for mark in lane.marks) for lane in found.lanes}
    assert all(of_lane.values()) if looks else not any(of_lane.values())
    if looks:
        assert sum(of_lane.values()) >= 2 * len(found.trips), "one to put it, one to take it"


@every_process_backend
def test_a_worker_that_died_is_seen(name: str, tmp_path: Path) -> None:
    tracing = Tracing(tmp_path, {"backend": name})
    with traced(name, tracing, ScriptedWork()) as backend:
        deadly = Task("http://a.test/die", Role.DETAIL)
        backend.submit(deadly)
        end = time.monotonic() + PATIENCE
        while not (outcomes := backend.collect(1.0)):
            assert time.monotonic() < end
    assert [outcome.task for outcome in outcomes] == [deadly]
    found = picture(tracing.recorder.recording)
    assert [trip.result for trip in found.trips] == [WORKER_DIED]
    assert [span.kind for lane in found.workers for span in lane.spans if span.trip == 0] == [Kind.LOST]


@every_backend
def test_what_is_around_a_backend_passes_on_what_is_recalled_and_given_up(name: str, tmp_path: Path) -> None:
    tracing = Tracing(tmp_path, {"backend": name})
    with traced(name, tracing, ScriptedWork()) as backend:
        plain = BACKENDS[name].load()(backend.plan)
        assert (backend.holds, backend.turns(Role.DETAIL)) == (plain.holds, plain.turns(Role.DETAIL))
        plain.stop()
        hanging = [Task(f"http://a.test/hang/{n}", Role.DETAIL) for n in range(backend.holds[Role.DETAIL])]
        for task in hanging:
            backend.submit(task)
        recalled = list(backend.recall())
        assert set(recalled) <= set(hanging)
        assert {type(task) for task in recalled} <= {Task}
        for task in set(hanging) - set(recalled):
            backend.abandon(task)
        backend.submit(Task("http://a.test/ok", Role.DETAIL))
        end = time.monotonic() + PATIENCE
        done: set[str] = set()
        while "http://a.test/ok" not in done:
            assert time.monotonic() < end
            for task in set(hanging) - set(recalled):
                backend.abandon(task)  # again each time: it may only now have been begun
            done |= {outcome.task.url for outcome in backend.collect(1.0)}


def _scripted_scope() -> Scope:
    return Scope(HostSet(), list_patterns=["/list/*"], detail_patterns=["/ok/*"])
