"""A job: one crawl, from its configuration to the files that it leaves in its folder."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any

from crawler.backends.base import Backend, BackendError, Plan
from crawler.backends.registry import BACKENDS
from crawler.config import Config, for_fixture_site
from crawler.core.frontier import Frontier
from crawler.engine import Interrupts, pump
from crawler.heap import share_heap
from crawler.limits import raise_open_files, too_few_files
from crawler.model import Role
from crawler.orphans import await_orphans, leaving_no_orphans
from crawler.report import about, describe, problem
from crawler.store.database import DATABASE, StoreError, WrongFolderError, explained
from crawler.store.store import Store
from crawler.trace.switch import Untraced, remove_trace, tracing
from crawler.usage import tree_usage, usage
from crawler.work.names import private_hosts
from crawler.work.perform import SiteWork
from fixtures.process import FixtureError, FixtureServer

LEASE_GRACE = 5.0
"""Seconds beyond its time-outs that a task may take to come back."""

PORT_GRACE = 5.0
"""Seconds that a crawl of the fixture site which is taken up again waits for its port."""


class Mode(Enum):
    """What to do where the folder holds a crawl already."""

    FRESH = auto()
    """Refuse it."""
    RESUME = auto()
    RETRY_FAILED = auto()
    """Go on with it, and take up anew what had failed."""
    OVERWRITE = auto()


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended."""

    folder: Path
    report: dict[str, Any]
    """What report.json holds; nothing if it was interrupted before it began."""
    interrupted: bool
    problem: str | None = None
    """Why there was nothing to crawl, in one line."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """What a job tells while it goes on."""

    say: Callable[[str], None] = lambda _: None
    """Takes a line that a person should see."""
    watch: Callable[[Frontier], None] = lambda _: None
    """Called after each turn of the loop, many times a second."""


def fresh_folder(backend: str) -> Path:
    """Make a folder, `crawls/TIME-BACKEND`, which nobody else has; WrongFolderError if none can be made."""
    name = Path("crawls", f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{backend}")
    with _choosing(), explained(name):
        name.parent.mkdir(exist_ok=True)
        for path in (name, *(name.with_name(f"{name.name}-{number}") for number in range(1, 1000))):
            with suppress(FileExistsError):
                path.mkdir()
                return path
    raise WrongFolderError(f"{name}: a thousand crawls have begun within this second; choose an --out")


def run(
    config: Config, folder: Path, mode: Mode, watcher: Watcher, interrupts: Interrupts, *, trace: bool = False
) -> Result:
    """Crawl into `folder` and return how it ended; StoreError, BackendError or FixtureError if it could not be done.

    Args:
        trace: whether to leave there what each worker did when.
    """
    began = time.monotonic()
    if told := too_few_files(config.crawl.producers + config.crawl.consumers, raise_open_files()):
        watcher.say(told)
    if BACKENDS[config.crawl.backend].family == "threads":
        share_heap()
    with ExitStack() as stack:
        store = stack.enter_context(_open_store(config, folder, mode, watcher))
        if mode is Mode.OVERWRITE:
            remove_trace(folder)
        if mode is Mode.RETRY_FAILED:
            watcher.say(f"pages that had failed and are tried again: {store.retry_failed()}")
        if store.finished:
            watcher.say(f"{folder} holds a finished crawl: there is nothing left to do")
            return Result(folder, store.report(), interrupted=False, problem=store.meta("problem") or None)
        server: FixtureServer | None = None
        if not await_orphans(store, watcher.say, interrupts):
            return Result(folder, {}, interrupted=True)
        if not config.crawl.start_urls:
            server = stack.enter_context(_serve_fixture_site(config, store))
            watcher.say(f"no start URL: crawling the fixture site, served at {server.url} in a process of its own")
            crew = config.crawl.producers + config.crawl.consumers + config.crawl.capacity
            config = for_fixture_site(config, server.url, per_host=crew)
        around = stack.enter_context(tracing(folder, about(config)) if trace else Untraced())
        backend = _open_backend(config, _private_hosts(config, store), around, watcher)
        try:
            stack.enter_context(leaving_no_orphans(store, backend))
        except BackendError:
            if interrupts.count:
                return Result(folder, {}, interrupted=True)
            raise
        frontier = _open_frontier(config, backend, store)
        started, started_at = time.monotonic(), datetime.now(UTC)
        settled_before = frontier.tally.fetched
        keeper = around.keeper(store)
        try:
            finished = pump(frontier, backend, keeper, interrupts=interrupts, watch=watcher.watch)
        except BackendError:  # what has come back is settled, though nothing more will
            with suppress(BackendError):
                for outcome in backend.collect(0.0):
                    frontier.complete(outcome, time.monotonic())
            keeper.save(frontier.take_changes(), frontier.tally.counters)
            store.commit()
            if not interrupts.count:  # else what interrupted the crawl may have ended its workers, too
                raise
            finished = False
        elapsed = time.monotonic() - started
        processes = BACKENDS[config.crawl.backend].processes
        cost = tree_usage(besides=server.pid if server else None) if processes else usage()
        report = describe(
            config,
            frontier,
            cost,
            interrupted=not finished,
            started=started_at,
            startup=started - began,
            elapsed=elapsed,
            fetched=frontier.tally.fetched - settled_before,
        )
        why = problem(frontier) if finished else None
        store.finish(report, finished=finished and not frontier.pending, problem=why)
        return Result(folder, report, not finished, why)


def _open_store(config: Config, folder: Path, mode: Mode, watcher: Watcher) -> Store:
    resume = mode in (Mode.RESUME, Mode.RETRY_FAILED)
    in_vain = resume and not (folder / DATABASE).exists()
    if in_vain and mode is Mode.RETRY_FAILED:
        raise WrongFolderError(f"{folder} holds no crawl of which pages could have failed: name its --out")
    with _choosing():
        store = Store.open(folder, config.meaning(), resume=resume, overwrite=mode is Mode.OVERWRITE)
    if in_vain:
        watcher.say(f"{folder} holds no crawl to go on with: beginning one")
    return store


@contextmanager
def _choosing() -> Iterator[None]:
    """Have a folder that cannot be used at the beginning, when nothing is fetched yet, be the wrong one."""
    try:
        yield
    except StoreError as error:
        raise WrongFolderError(str(error)) from error


def _serve_fixture_site(config: Config, store: Store) -> FixtureServer:
    """Serve the fixture site; where a crawl of it is taken up again, on the port on which the crawl knows it."""
    fixture = config.fixture
    port = int(store.meta("fixture_port") or 0)
    give_up_at = time.monotonic() + PORT_GRACE
    while True:
        try:
            server = FixtureServer(pages=fixture.pages, latency=fixture.latency, faults=fixture.faults, port=port)
            break
        except FixtureError:
            # The server of a crawl that was killed a moment ago may still be about to end.
            if not port or time.monotonic() > give_up_at:
                raise
    store.set_meta(fixture_port=server.url.rstrip("/").rpartition(":")[2])
    return server


def _private_hosts(config: Config, store: Store) -> Mapping[str, Collection[str]]:
    """Return which of the hosts that the user named have no public address, and of what kinds theirs are.

    Decided once in the life of a crawl, at its beginning: a name that was public then is not to become private later.
    """
    if (known := store.meta("private_hosts")) is not None:
        return {str(name): list(map(str, kinds)) for name, kinds in json.loads(known).items()}
    private = private_hosts(config.named_hosts(), config.http.timeout)
    store.set_meta(private_hosts=json.dumps({name: sorted(kinds) for name, kinds in private.items()}))
    return private


def _open_backend(
    config: Config, private: Mapping[str, Collection[str]], around: Untraced, watcher: Watcher
) -> Backend:
    crawl = config.crawl
    if len(BACKENDS[crawl.backend].parsers) == 1:
        watcher.say(f"pages are read by {config.extract.parser}: no other parser can be loaded by {crawl.backend}")
    work = SiteWork(config.work_settings(private), config.client)
    plan = Plan(
        work,
        crawl.producers,
        crawl.consumers,
        crawl.capacity,
        start_method=config.processes.start_method,
        ordered=config.processes.ordered,
        processes=crawl.processes,
        preload=work.modules,
        cluster=config.cluster(),
        say=watcher.say,
    )
    return around.backend(BACKENDS[crawl.backend].load()(around.plan(plan)))


def _open_frontier(config: Config, backend: Backend, store: Store) -> Frontier:
    frontier = Frontier(
        config.rules(),
        config.scope(),
        holds=backend.holds,
        leases=leases(backend, config.http.timeout),
        recollect=store.recollect,
    )
    frontier.tally.restore(store.counters())
    frontier.start(config.crawl.start_urls, store.settled(), store.taken_up(), store.strays())
    return frontier


def leases(backend: Backend, timeout: float) -> Mapping[Role, float]:
    """Return within how many seconds a task of each crew is to be back, where a request takes at most `timeout`."""
    # Where workers may go on by themselves, a second lease is to outlast that: then its host's slot is free.
    return {crew: max(backend.orphans, timeout * backend.turns(crew) + LEASE_GRACE) for crew in backend.holds}
