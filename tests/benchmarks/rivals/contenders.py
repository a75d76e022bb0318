"""Who crawls the catalogue: ours as a user would run them, and what users would pick instead."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from crawler.compare.toml import toml
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS
from tests.benchmarks.rivals.results import Kind

HERE = Path(__file__).parent
REFERENCE = "Scrapy, tuned"
"""The one that ratios are to."""
BY_HAND = "libcurl and Lexbor, by hand"
"""The least that this work costs on a machine."""


class Contender(NamedTuple):
    """A program that crawls the catalogue."""

    command: Callable[[str, Path], list[str]]
    """From the site's URL and the folder in which it runs."""
    kind: Kind
    items: str | None = "items.jsonl"
    """The file with its records; None where it only downloads."""
    report: str | None = None
    """The file in which it says itself what CPU time all its processes took."""
    status: int = 0
    """What it ends with."""


def contenders(python: Path, concurrency: int) -> dict[str, Contender]:
    """Return all that are installed by name; `python` is the one of the rivals' environment."""
    found = {name: _ours(name, concurrency) for name in ("curl-multi", "asyncio", "queue", "thread-pool")}
    found["sharded, 2 processes"] = _ours("sharded", concurrency, "--set=crawl.processes=2")
    found["process-pool, 4 processes"] = _ours("process-pool", 4)
    found[BY_HAND] = _by_script(Path(sys.executable), "by_hand.py", Kind.BARE, concurrency)
    if python.exists():
        found[REFERENCE] = _by_script(python, "by_scrapy.py", Kind.RIVAL, concurrency, "tuned")
        found["Scrapy"] = _by_script(python, "by_scrapy.py", Kind.RIVAL, concurrency)
        found["Crawlee, Parsel"] = _by_script(python, "by_crawlee.py", Kind.RIVAL, concurrency)
    if wget2 := shutil.which("wget2"):
        found["wget2, which only downloads"] = Contender(
            lambda url, folder: [wget2, "-q", "-r", "-l0", f"--max-threads={concurrency}", "-P", str(folder), url],
            Kind.BARE,
            None,
            status=8,  # there are links that lead nowhere
        )
    return found


def environment() -> Mapping[str, str]:
    """Return the variables that all run with: bytecode is kept, as what is installed has its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])])}


def versions(python: Path) -> dict[str, str]:
    """Return the versions of what is measured besides us, and of what serves them."""
    found = {}
    for name, option in (("nginx", "-v"), ("wget2", "--version")):
        if program := shutil.which(name):
            told = subprocess.run([program, option], capture_output=True, text=True, check=False)
            if number := re.search(r"\d+(\.\d+)+", told.stdout + told.stderr):
                found[name] = number[0]
    if python.exists():
        ask = "import importlib.metadata as m, sys; [print(name, m.version(name)) for name in sys.argv[1:]]"
        command = [str(python), "-c", ask, "Scrapy", "Twisted", "uvloop", "crawlee", "parsel"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        found |= dict(line.split() for line in told.stdout.splitlines())
    return found


def _ours(backend: str, concurrency: int, *extra: str) -> Contender:
    """Return our command line with a backend."""
    settings = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS)}
    more = {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    told = [f"--set={key}={toml(value)}" for key, value in {**settings, **more}.items()]
    told += [f"--set=politeness.per_host={concurrency}", f"--consumers={concurrency}", "--producers=4", *extra]

    def command(url: str, folder: Path) -> list[str]:
        start = [sys.executable, "-m", "crawler", "--quiet", f"--backend={backend}"]
        return [*start, f"--start-url={url}", f"--out={folder}/out", *told]

    return Contender(command, Kind.OURS, "out/items.jsonl", "out/report.json")


def _by_script(python: Path, script: str, kind: Kind, concurrency: int, *extra: str) -> Contender:
    def command(url: str, folder: Path) -> list[str]:
        return [str(python), str(HERE / script), url, str(folder / "items.jsonl"), str(concurrency), *extra]

    return Contender(command, kind)
