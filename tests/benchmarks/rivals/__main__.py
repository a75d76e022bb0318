"""Our backends beside Scrapy, Crawlee and wget2: `make bench`, or `python -m tests.benchmarks.rivals --help`.

Every contender crawls the same catalogue from the same server, as a user would run it: ours by the command line,
robots.txt obeyed, crawl.db and both files written. Rounds are interleaved, the order is shuffled, ratios are paired
within a round, and whoever does not bring exactly the catalogue's records is shown as wrong. CPU seconds and memory are
those of the whole tree of processes.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from crawler.compare.statistics import estimate
from crawler.compare.toml import toml
from crawler.compare.tree import Watch, end
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site
from tests.benchmarks.rivals.catalogue import served

HERE = Path(__file__).parent
LIMIT = 600.0
REFERENCE = "Scrapy, tuned"


class Figures(NamedTuple):
    """What a run took."""

    wall: float
    cpu: float
    memory: int
    problem: str | None


class Contender(NamedTuple):
    """A program that crawls the catalogue."""

    command: Callable[[str, Path], list[str]]
    """From the site's URL and the folder in which it runs."""
    items: str | None = "items.jsonl"
    """The file with its records; None where it only downloads."""
    report: str | None = None
    """The file in which it says itself what CPU time all its processes took."""
    status: int = 0
    """What it ends with."""


def ours(backend: str, concurrency: int, *extra: str) -> Contender:
    """Return our command line with a backend."""
    settings = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS)}
    more = {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    told = [f"--set={key}={toml(value)}" for key, value in {**settings, **more}.items()]
    told += [f"--set=politeness.per_host={concurrency}", f"--consumers={concurrency}", "--producers=4", *extra]

    def command(url: str, folder: Path) -> list[str]:
        start = [sys.executable, "-m", "crawler", "--quiet", f"--backend={backend}"]
        return [*start, f"--start-url={url}", f"--out={folder}/out", *told]

    return Contender(command, "out/items.jsonl", "out/report.json")


def rivals(python: Path, concurrency: int) -> dict[str, Contender]:
    """Return the others, those that are installed."""

    def script(name: str, *extra: str) -> Contender:
        return Contender(
            lambda url, folder: [
                str(python), str(HERE / name), url, str(folder / "items.jsonl"), str(concurrency), *extra
            ]
        )  # fmt: skip

    found = {}
    if python.exists():
        found = {
            REFERENCE: script("by_scrapy.py", "tuned"),
            "Scrapy": script("by_scrapy.py"),
            "Crawlee, Parsel": script("by_crawlee.py"),
        }
    if wget2 := shutil.which("wget2"):
        found["wget2, which only downloads"] = Contender(
            lambda url, folder: [wget2, "-q", "-r", "-l0", f"--max-threads={concurrency}", "-P", str(folder), url],
            None,
            status=8,  # there are links that lead nowhere
        )
    return found


def run(contender: Contender, url: str, expected: set[str]) -> Figures:
    """Run a contender once."""
    with TemporaryDirectory(prefix="crawler-bench-") as scratch:
        folder = Path(scratch)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.time()
        with (folder / "told").open("w", encoding="utf-8") as told:
            process = subprocess.Popen(
                contender.command(url, folder), cwd=folder, stdout=told, stderr=told, env=os.environ | _here()
            )
        watch = Watch(process)
        if not watch.watch(LIMIT):
            end(process)
            return Figures(LIMIT, 0.0, 0, "it did not end")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = (watch.ended_at or time.time()) - began
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if process.returncode != contender.status:
            return Figures(wall, cpu, watch.peak_memory, _last(folder / "told"))
        if contender.report:  # what a fork server has forked is nobody's child that could be asked
            cpu = max(cpu, json.loads((folder / contender.report).read_text(encoding="utf-8"))["cpu_seconds"])
        problem = _problem(contender, folder, expected)
        return Figures(wall, cpu, watch.peak_memory, problem)


def _here() -> Mapping[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])])}


def _problem(contender: Contender, folder: Path, expected: set[str]) -> str | None:
    if contender.items is None:
        return None
    items = [json.loads(line) for line in (folder / contender.items).read_text(encoding="utf-8").splitlines()]
    found = {json.dumps(item, sort_keys=True) for item in items}
    if found == expected and len(items) == len(expected):
        return None
    return f"{len(items)} items, {len(found & expected)} of {len(expected)} right"


def _last(file: Path) -> str:
    return (file.read_text(encoding="utf-8").strip().splitlines() or ["it failed"])[-1]


def table(measured: Mapping[str, Sequence[Figures]], pages: int) -> str:
    """Return the figures as a Markdown table: medians, and ratios with their 95% intervals."""
    reference = measured.get(REFERENCE)
    lines = [
        "| | pages/s | times Scrapy, wall | times Scrapy, CPU | CPU ms a page | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    speed = {name: estimate([pages / one.wall for one in runs]).median for name, runs in measured.items()}
    for name in sorted(measured, key=lambda name: -speed[name]):
        runs = measured[name]
        problem = next((one.problem for one in runs if one.problem), None)
        if problem:
            lines.append(f"| {name} | wrong: {problem} | | | | |")
            continue
        ratios = ["", ""]
        if reference is not None:
            for place, key in enumerate(("wall", "cpu")):
                ratio = estimate([getattr(a, key) / getattr(b, key) for a, b in zip(reference, runs, strict=True)])
                ratios[place] = f"{ratio.median:.1f} ({ratio.low:.1f}–{ratio.high:.1f})"
        cpu = estimate([1000 * one.cpu / pages for one in runs]).median
        memory = estimate([float(one.memory) for one in runs]).median / 2**20
        lines.append(f"| {name} | {speed[name]:,.0f} | {ratios[0]} | {ratios[1]} | {cpu:.2f} | {memory:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure all in turn, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--only", default="", metavar="NAME,…", help="those whose names begin so")
    parser.add_argument("--rivals", type=Path, default=Path(".venv-rivals/bin/python"), help="the rivals' Python")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    number = options.concurrency
    contenders = {name: ours(name, number) for name in ("curl-multi", "asyncio", "queue", "thread-pool")}
    contenders["sharded, 2 processes"] = ours("sharded", number, "--set=crawl.processes=2")
    contenders["process-pool, 4 processes"] = ours("process-pool", 4)
    contenders |= rivals(options.rivals.absolute(), number)
    if options.only:
        wanted = tuple(options.only.split(","))
        contenders = {name: one for name, one in contenders.items() if name.startswith(wanted)}
    site, draw = Site(options.pages), Random(options.seed)
    measured: dict[str, list[Figures]] = {name: [] for name in contenders}
    with served(site) as (url, server):
        expected = {
            json.dumps({"url": url.rstrip("/") + path, **record}, sort_keys=True)
            for path, record in site.items(url.rstrip("/"))
        }
        for count in range(options.rounds):
            for name in draw.sample(list(contenders), len(contenders)):
                figures = run(contenders[name], url, expected)
                measured[name].append(figures)
                print(f"round {count + 1}: {name}: {figures.wall:.2f} s {figures.problem or ''}", file=sys.stderr)
    print(f"{options.pages:,} pages by {server}, {number} at once, {options.rounds} rounds\n")
    print(table(measured, options.pages))


if __name__ == "__main__":
    main()
