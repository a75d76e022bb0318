"""The same crawl on every backend, each in a process of its own, side by side.

All crawl one fixture site, served by a process of its own and warmed up first, with the same workers, client and parser
as far as their kind allows. Every one must bring the same records: one that does not is shown as wrong, not as fast.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crawler.backends.registry import BACKENDS
from crawler.report import versions
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS

RUN_LIMIT = 600.0
"""Seconds after which a crawl is stopped and counted as failed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What every backend is given to do."""

    pages: int = 1000
    """Detail pages."""
    latency: float = 0.05
    """Seconds that the server takes for each page."""
    producers: int = 4
    consumers: int = 16

    @property
    def ideal(self) -> float:
        """Seconds for the detail pages if the workers did nothing but wait for them."""
        return self.pages * self.latency / self.consumers


@dataclass(frozen=True, slots=True)
class Run:
    """What one backend made of it. Times in seconds, memory in bytes."""

    backend: str
    wall: float
    """From the start of the process to its end."""
    startup: float
    crawl: float
    pages_per_second: float
    efficiency: float
    """The ideal time against the time of the crawl; at most 1, but for the rounding."""
    cpu_seconds: float
    peak_memory: int
    problem: str | None = None
    """Why its figures do not count."""


def measure(workload: Workload, backends: Sequence[str], extra: Sequence[str] = ()) -> Iterator[Run]:
    """Yield the run of each backend, as it is done; `extra` are more arguments for `crawl`."""
    expected: frozenset[str] | None = None
    with (
        TemporaryDirectory(prefix="crawler-compare-") as scratch,
        FixtureServer(pages=workload.pages, latency=workload.latency) as server,
    ):
        folder = Path(scratch)
        _crawl("queue", workload, server.url, folder / "warm-up", extra)
        for backend in backends:
            wall, problem = _crawl(backend, workload, server.url, folder / backend, extra)
            if problem is not None:
                yield Run(backend, wall, 0.0, 0.0, 0.0, 0.0, 0.0, 0, problem)
                continue
            report = json.loads((folder / backend / "report.json").read_text(encoding="utf-8"))
            found = frozenset((folder / backend / "items.jsonl").read_text(encoding="utf-8").splitlines())
            expected = expected or found
            if len(found) != workload.pages:
                problem = f"{len(found)} records instead of {workload.pages}"
            elif found != expected:
                problem = f"{len(found ^ expected) // 2} records differ from those of {backends[0]}"
            yield Run(
                backend,
                wall=round(wall, 3),
                startup=report["startup"],
                crawl=report["elapsed"],
                pages_per_second=report["pages_per_second"],
                efficiency=round(workload.ideal / report["elapsed"], 3),
                cpu_seconds=report["cpu_seconds"],
                peak_memory=report["peak_memory"],
                problem=problem,
            )


def as_json(workload: Workload, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the comparison for machines."""
    return {
        "workload": {**asdict(workload), "ideal": workload.ideal},
        "runs": [asdict(run) for run in runs],
        "versions": versions(),
    }


COLUMNS = ("backend", "wall s", "start s", "crawl s", "pages/s", "of the ideal", "CPU s", "peak MB", "")


def cells(run: Run) -> tuple[str, ...]:
    """Return a run as a row of the table."""
    if run.problem is not None:
        return (run.backend, f"{run.wall:.2f}", "", "", "", "", "", "", f"wrong: {run.problem}")
    return (
        run.backend,
        f"{run.wall:.2f}",
        f"{run.startup:.2f}",
        f"{run.crawl:.2f}",
        f"{run.pages_per_second:.0f}",
        f"{run.efficiency:.0%}",
        f"{run.cpu_seconds:.2f}",
        f"{run.peak_memory / 1e6:.0f}",
        "",
    )


def as_markdown(workload: Workload, runs: Sequence[Run]) -> str:
    """Return the comparison as a Markdown table."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, runs)]
    # A problem may be told in a site's words: those are neither to become HTML nor to end the cell.
    lines = (" | ".join(escape(cell, quote=False).replace("|", "\\|") for cell in row) for row in rows)
    return f"{describe(workload)}\n\n" + "".join(f"| {line} |\n" for line in lines)


def describe(workload: Workload) -> str:
    """Return in one line what was compared."""
    return (
        f"{workload.pages} detail pages, {workload.latency * 1000:g} ms latency, {workload.producers} producers and "
        f"{workload.consumers} consumers: ideally {workload.ideal:.2f} s"
    )


def known(names: Sequence[str]) -> Sequence[str]:
    """Return the backends of these names, or all that this machine can run."""
    return names or tuple(name for name, entry in BACKENDS.items() if not entry.missing)


def _crawl(backend: str, workload: Workload, url: str, folder: Path, extra: Sequence[str]) -> tuple[float, str | None]:
    """Crawl in a process of its own; return its wall time in seconds, and what went wrong."""
    command = [sys.executable, "-m", "crawler", "crawl", "--quiet", f"--backend={backend}", f"--start-url={url}"]
    command += [f"--out={folder}", f"--producers={workload.producers}", f"--consumers={workload.consumers}"]
    settings: dict[str, object] = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS)}
    settings |= {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    settings["politeness.per_host"] = 1_000_000
    command += [f"--set={key}={_toml(value)}" for key, value in settings.items()]
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            [*command, *extra], capture_output=True, text=True, timeout=RUN_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return time.monotonic() - began, f"not done after {RUN_LIMIT:.0f} s"
    wall = time.monotonic() - began
    return wall, None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[-1]


def _toml(value: object) -> str:
    """Return a value as TOML: JSON, but for tables."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
