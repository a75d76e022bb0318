"""One run: a fixture server started afresh, a crawl in a process of its own, and its records against the truth."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from crawler.compare.cores import Cores, pinned
from crawler.compare.load import load
from crawler.compare.model import Case, Ideal, Measurement
from crawler.compare.others import Others
from crawler.compare.toml import document
from crawler.compare.tree import Watch, end
from crawler.config import Config, Workload
from fixtures.faulty import FaultySite
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site

WARMING = 256
"""Connections by which the server's pages are all asked for once, before a crawl."""

LIMITING = 32
"""Connections by which the server's own limit is measured, and the seconds that it takes."""
LIMITING_SECONDS = 0.5

SOCKET_PATH = 103
"""The bytes that the path of a Unix socket may have on every system (Linux takes 107), and those that multiprocessing
puts behind TMPDIR for one of its own: `/pymp-XXXXXXXX/listener-XXXXXXXX`."""
SOCKET_NAME = 32

PATIENT = 1_000_000
"""Requests to one host at once: what the workers can do is to be measured, not the crawl's manners."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs take place, the same for all."""

    base: Config
    """What was configured besides; what a comparison decides itself is put over it."""
    cores: Cores
    producers: int = 4
    limit: float = 120.0
    """Seconds after which a crawl is killed, and counts as wrong."""


def run(case: Case, workload: Workload, ideal: Ideal, place: Place) -> Measurement:
    """Run a case once. FixtureError or LoadError if there is no server; all else is a problem of the measurement."""
    with stage(case, workload, place) as ready:
        return crawl(ready, ideal, place)


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a run needs: it has its own."""

    folder: Path
    """With config.toml in it, and to leave things in."""
    site: FaultySite
    server: FixtureServer

    @property
    def out(self) -> Path:
        """The folder of the crawl."""
        return self.folder / "out"

    @property
    def temporary(self) -> dict[str, str]:
        """The variable that has the crawl put its temporary files here, so that they go even if it is killed.

        Empty where the path is too long for the sockets in it.
        """
        fits = len(os.fsencode(self.folder)) + SOCKET_NAME <= SOCKET_PATH
        return {"TMPDIR": str(self.folder)} if fits else {}


@contextmanager
def stage(case: Case, workload: Workload, place: Place) -> Iterator[Stage]:
    """Set a stage, and strike it after; FixtureError or LoadError if there is no server."""
    site = FaultySite(Site(workload.pages, bulk=workload.bulk), workload.faults)
    with TemporaryDirectory(prefix="crawler-compare-") as scratch, _server(workload, place.cores) as server:
        warm(server, site.site)
        folder = Path(scratch)
        (folder / "config.toml").write_text(_configuration(case, workload, place, server.url), encoding="utf-8")
        yield Stage(folder, site, server)


def warm(server: FixtureServer, site: Site) -> None:
    """Have the server render all pages of its site once, and forget that it was asked. LoadError if it does not answer.

    A page that is rendered while a crawl waits for it keeps all others waiting too.
    """
    load(server.url, paths(site), WARMING, method="HEAD")
    server.reset()


def server_limit(workload: Workload, cores: Cores) -> float:
    """Return the pages a second that the server delivers to a bare load generator, with no latency and no faults."""
    every = paths(Site(workload.pages, bulk=workload.bulk))
    with _server(workload.changed(latency=0.0, faults=[]), cores) as server, pinned(cores.crawl):
        load(server.url, every, LIMITING)  # renders them
        best, give_up_at = 0.0, time.monotonic() + LIMITING_SECONDS
        while not best or time.monotonic() < give_up_at:
            best = max(best, load(server.url, every, LIMITING))
    return best


def paths(site: Site) -> list[str]:
    """Return the paths of all pages that a crawl fetches, list pages first."""
    return [*site.list_paths(), *(site.item(number).path for number in range(1, site.pages + 1))]


def _server(workload: Workload, cores: Cores) -> FixtureServer:
    with pinned(cores.server):
        return FixtureServer(pages=workload.pages, latency=workload.latency, faults=workload.faults, bulk=workload.bulk)


def _configuration(case: Case, workload: Workload, place: Place, url: str) -> str:
    """Return the configuration file of a crawl."""
    tree: dict[str, dict[str, Any]] = place.base.dump()
    for table in ("compare", "fixture"):
        del tree[table]
    tree["crawl"] |= {"backend": case.backend, "start_urls": [url], "max_pages": 0, "max_depth": 0}
    tree["crawl"] |= {"producers": place.producers, "consumers": case.scene.consumers}
    if case.start_method is not None:
        tree["processes"]["start_method"] = case.start_method
    tree["site"] = {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)}
    tree["http"]["client"] = case.client
    tree["retry"]["backoff"] = workload.backoff
    tree["politeness"] |= {"per_host": PATIENT, "delay": 0.0}
    tree["extract"] = {"parser": case.scene.parser, "fields": FIELDS}
    return document(tree)


def crawl(ready: Stage, ideal: Ideal, place: Place, options: Sequence[str] = ()) -> Measurement:
    """Crawl in a process of its own, through the command line; `options` are put on it besides."""
    folder = ready.folder
    # -P and the path: a folder `crawler` where the user happens to be must not be taken for this one.
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-m", "crawler", "crawl", "--quiet", f"--config={folder / 'config.toml'}"]
    with TemporaryFile() as complaints:
        others = Others(place.cores.crawl | place.cores.server, ready.server.pid)
        began = time.time()
        with pinned(place.cores.crawl):
            process = subprocess.Popen(  # noqa: S603 - our own command line
                [*command, f"--out={ready.out}", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env={**os.environ, "PYTHONPATH": path, **ready.temporary},
                process_group=0,  # Ctrl-C at a terminal is for us, and we end it
            )
        try:
            watch = Watch(process)
            in_time = watch.watch(place.limit)
        finally:
            end(process)
        wall = (watch.ended_at or time.time()) - began
        if not in_time:
            return Measurement(wall, f"not done after {place.limit:g} s")
        if process.returncode != 0:
            complaints.seek(0)
            lines = complaints.read().decode(errors="replace").strip().splitlines()
            said = lines[-1].removeprefix("crawler: ") if lines else f"ended with status {process.returncode}"
            return Measurement(wall, said.replace(f"{folder}{os.sep}", ""))
    report = json.loads((ready.out / "report.json").read_text(encoding="utf-8"))
    strangers = others.cores(report["cpu_seconds"])
    if problem := _difference(ready.site, ready.server.url, ready.out / "items.jsonl"):
        return Measurement(wall, problem)
    return replace(_measurement(report, began, wall, watch.peak_memory, ideal), others=strangers)


def _measurement(report: dict[str, Any], began: float, wall: float, peak_memory: int, ideal: Ideal) -> Measurement:
    """Return the figures of a crawl that went well."""
    startup = datetime.fromisoformat(report["started_at"]).timestamp() - began
    elapsed = float(report["elapsed"])
    fetched = report["outcomes"]["ok"] + report["outcomes"]["failed"]
    return Measurement(
        wall=wall,
        startup=startup,
        crawl=elapsed,
        shutdown=max(0.0, wall - startup - elapsed),
        pages_per_second=fetched / elapsed,
        efficiency=ideal.seconds / elapsed,
        cpu_per_1000=report["cpu_seconds"] / fetched * 1000,
        peak_memory=peak_memory or report["peak_memory"],
        latency_p50_ms=report["latency_ms"]["p50"],
        latency_p99_ms=report["latency_ms"]["p99"],
        context_switches=report["context_switches"],
        handoff_p50_ms=report["handoff_ms"]["p50"],
        handoff_p99_ms=report["handoff_ms"]["p99"],
    )


def _difference(site: FaultySite, url: str, items: Path) -> str | None:
    """Return how the records differ from the site's own truth; None if they do not."""
    base = url.rstrip("/")
    expected = {_canonical({"url": base + path, **record}) for path, record in site.expected(base)}
    found = list(_records(items))
    if len(found) != len(expected):
        return f"{len(found)} records instead of {len(expected)}"
    wrong = expected.symmetric_difference(found)
    return f"{-(-len(wrong) // 2)} of {len(expected)} records are not what their pages say" if wrong else None


def _records(items: Path) -> Iterator[str]:
    with items.open(encoding="utf-8") as lines:
        for line in lines:
            yield _canonical(json.loads(line))


def _canonical(item: dict[str, Any]) -> str:
    return json.dumps(item, sort_keys=True)
