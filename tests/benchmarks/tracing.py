"""What tracing costs: the same crawl of the fixture site with and without it, in turn, in processes of their own.

`python -m tests.benchmarks.tracing [--pages N] [--rounds N] [BACKEND]…` prints, for each backend, the CPU time that a
page takes without tracing and what tracing adds, in microseconds: the median of the rounds, in each of which both are
run, now one first and now the other. It is the CPU time of the coordinator and its workers, their start in it, up to
the end of the crawl: it changes less with what else the machine does than the time on the wall.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.document import place, record, table

BACKENDS = ("queue", "asyncio", "process-pool")


def crawl(backend: str, pages: int, folder: Path, *, trace: bool) -> float:
    """Crawl and return the microseconds of CPU that a page took."""
    settings = [f"--set=fixture.pages={pages}", "--set=fixture.latency=0", f"--backend={backend}", "--producers=2"]
    command = [sys.executable, "-m", "crawler", "--quiet", "--overwrite", f"--out={folder}", *settings]
    subprocess.run([*command, *(["--trace"] if trace else [])], check=True)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return float(report["cpu_seconds"]) / sum(report["outcomes"].values()) * 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    parser.add_argument("backends", nargs="*", default=BACKENDS)
    options = parser.parse_args(arguments)
    rows = []
    for backend in options.backends:
        without, added = [], []
        for turn in range(options.rounds):
            with TemporaryDirectory() as folder:
                costs = {
                    on: crawl(backend, options.pages, Path(folder), trace=on) for on in (turn % 2 == 0, turn % 2 == 1)
                }
            without.append(costs[False])
            added.append(costs[True] - costs[False])
        share = 100 * median(added) / median(without)
        rows.append((backend, f"{median(without):.0f}", f"{median(added):.0f}", f"{share:.1f}%"))
    columns = ("backend", "CPU µs a page", "tracing adds", "share")
    text = f"{table(columns, rows)}\n\n{options.rounds} rounds of {options.pages:,} pages; {place()}."
    print(text)
    if options.record:
        record("tracing", text)


if __name__ == "__main__":
    main()
