"""One run of a contender, its records held against the truth, and whole rounds of them."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from crawler.compare.tree import Watch, end
from fixtures.site import Site
from tests.benchmarks.rivals.catalogue import served
from tests.benchmarks.rivals.contenders import Contender, environment
from tests.benchmarks.rivals.results import Figures

LIMIT = 600.0
"""Seconds after which a run is ended, and counts as wrong."""


class Catalogue(NamedTuple):
    """A catalogue that is served."""

    url: str
    server: str
    list_pages: int
    expected: Collection[str]
    """Its records, as canonical JSON."""


@contextmanager
def catalogue(pages: int) -> Iterator[Catalogue]:
    """Serve a catalogue of so many detail pages while the block runs."""
    site = Site(pages)
    with served(pages) as (url, server):
        base = url.rstrip("/")
        expected = {_canonical({"url": base + path, **record}) for path, record in site.items(base)}
        yield Catalogue(url, server, site.list_pages, expected)


def rounds(
    contenders: Mapping[str, Contender], goal: Catalogue, number: int, seed: int
) -> dict[str, tuple[Figures, ...]]:
    """Run all of them so many times, in another order each time."""
    draw = Random(seed)
    measured: dict[str, list[Figures]] = {name: [] for name in contenders}
    for count in range(1, number + 1):
        for name in draw.sample(list(contenders), len(contenders)):
            measured[name].append(run(contenders[name], goal))
            _tell(f"round {count}", name, measured[name][-1])
    return {name: tuple(figures) for name, figures in measured.items()}


def once(contenders: Mapping[str, Contender], goal: Catalogue) -> dict[str, Figures]:
    """Run each of them once."""
    measured = {}
    for name, contender in contenders.items():
        measured[name] = run(contender, goal)
        _tell("the larger catalogue", name, measured[name])
    return measured


def run(contender: Contender, goal: Catalogue) -> Figures:
    """Run a contender once."""
    with TemporaryDirectory(prefix="crawler-bench-") as scratch:
        folder = Path(scratch)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.time()
        with (folder / "told").open("w", encoding="utf-8") as told:
            process = subprocess.Popen(
                contender.command(goal.url, folder), cwd=folder, stdout=told, stderr=told, env=environment()
            )
        try:
            watch = Watch(process)
            if not watch.watch(LIMIT):
                return Figures(LIMIT, 0.0, 0, "it did not end")
        finally:
            end(process)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = (watch.ended_at or time.time()) - began
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if process.returncode != contender.status:
            return Figures(wall, cpu, watch.peak_memory, _last(folder / "told"))
        if contender.report:  # what a fork server has forked is nobody's child that could be asked
            cpu = max(cpu, json.loads((folder / contender.report).read_text(encoding="utf-8"))["cpu_seconds"])
        return Figures(wall, cpu, watch.peak_memory, _problem(contender, folder, goal.expected))


def _problem(contender: Contender, folder: Path, expected: Collection[str]) -> str | None:
    """Return why its records, or what it downloaded, are not the catalogue's; None if they are."""
    if contender.items is None:
        pages = sum(1 for file in folder.glob("*/item/*") if file.stat().st_size)
        return None if pages == len(expected) else f"{pages} of {len(expected)} detail pages"
    with (folder / contender.items).open(encoding="utf-8") as lines:
        found = [_canonical(json.loads(line)) for line in lines]
    right = {item for item in found if item in expected}
    if len(found) == len(right) == len(expected):
        return None
    return f"{len(found)} items, {len(right)} of {len(expected)} right"


def _canonical(item: Mapping[str, object]) -> str:
    return json.dumps(item, sort_keys=True)


def _last(file: Path) -> str:
    return (file.read_text(encoding="utf-8").strip().splitlines() or ["it failed"])[-1]


def _tell(when: str, name: str, figures: Figures) -> None:
    print(f"{when}: {name}: {figures.wall:.2f} s {figures.problem or ''}", file=sys.stderr, flush=True)
