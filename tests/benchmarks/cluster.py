"""How near the backend `dask` comes to what its workers could do: a real scheduler, real workers, one site.

`python -m tests.benchmarks.cluster [--workers N]… [--batch N]… [--each N] [--pages N] [--rounds N]` prints a table.
The ideal is all requests at once, one after another: `each` a worker, divided by the latency. CPU milliseconds a page
are given for the coordinator, the scheduler, all workers, and the server of the site, which share the machine.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from crawler.backends.dask.local import LOCAL
from crawler.compare.runs import warm
from fixtures.process import FixtureServer
from fixtures.site import Site
from tests.integration.machines import Machines
from tests.integration.shop import command, shop

LATENCY = 0.05

PARTS_FOR_A_DASHBOARD = ("worker.profile", "admin.tick", "admin.system-monitor")
QUIET = {
    f"DASK_{key.upper().replace('-', '_').replace('.', '__')}": str(value).lower()
    for key, value in LOCAL.items()
    if key.removeprefix("distributed.").startswith(PARTS_FOR_A_DASHBOARD)
}
"""How scheduler and workers are started, as `docs/scale-out.md` advises: without what they do for a dashboard."""


class Figures(NamedTuple):
    """What a crawl took."""

    rate: float
    """Pages a second."""
    coordinator: float
    """Milliseconds of CPU a page; as the next ones."""
    scheduler: float
    workers: float
    server: float


def crawl(workers: int, batch: int, each: int, pages: int, window: int) -> Figures:
    """Crawl once, with everything started anew."""
    with (
        TemporaryDirectory() as folder,
        Machines(Path(folder, "machines"), workers, environment=QUIET) as machines,
        FixtureServer(pages=pages, latency=LATENCY) as server,
    ):
        warm(server, Site(pages))
        pids = [[machines.scheduler.pid], [worker.pid for worker in machines.workers], [server.pid]]
        before = [cpu(of) for of in pids]
        settings = {
            "dask.scheduler": machines.address,
            "dask.batch": batch,
            "dask.window": window,
            "politeness.per_host": 10_000,
        }
        out = Path(folder, "crawl")
        args = [f"--set={key}={value}" for key, value in settings.items()]
        producers = max(1, each // 4)  # a list page has 20 items: one at a time is not enough
        args += [f"--producers={producers * workers}", f"--consumers={(each - producers) * workers}"]
        subprocess.run([*command(*shop(server, out, "dask")), *args], check=True)
        spent = [cpu(of) - was for of, was in zip(pids, before, strict=True)]
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    fetched = report["pages_per_second"] * report["elapsed"]
    shares = (1000 * seconds / fetched for seconds in (report["cpu_seconds"], *spent))
    return Figures(report["pages_per_second"], *shares)


def cpu(pids: Sequence[int]) -> float:
    """Return the CPU seconds that processes have used."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(time.user + time.system for time in times)


def main(arguments: Sequence[str] | None = None) -> None:
    """Crawl by each number of workers, in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--batch", type=int, nargs="+", default=[16])
    parser.add_argument("--window", type=int, default=0, help="0: six times what is done at once")
    parser.add_argument("--each", type=int, default=16, help="requests at once, a worker")
    parser.add_argument("--pages", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    cases = [(workers, batch) for batch in options.batch for workers in options.workers]
    found: dict[tuple[int, int], list[Figures]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for workers, batch in cases:
            window = options.window or -(-6 * workers * options.each // batch)
            found[workers, batch].append(crawl(workers, batch, options.each, options.pages, window))
    heads = ("workers", "batch", "pages/s", "ideal", "of it", "crawl", "sched.", "workers", "server")
    print("".join(f"{head:>9}" for head in heads))
    for (workers, batch), rounds in found.items():
        middle = Figures(*(statistics.median(values) for values in zip(*rounds, strict=True)))
        ideal = options.each * workers / LATENCY
        print(
            f"{workers:>9}{batch:>9}{middle.rate:>9.0f}{ideal:>9.0f}{middle.rate / ideal:>9.0%}"
            + "".join(f"{share:>9.2f}" for share in middle[1:])
        )


if __name__ == "__main__":
    main()
