"""The fixture site crawled through the command line, as a site of the user's own, and the truth to hold it against."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crawler.backends.registry import BACKENDS
from crawler.compare.toml import toml
from fixtures.faulty import FaultySite
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site

AVAILABLE = sorted(name for name, entry in BACKENDS.items() if not entry.missing)
"""The backends that this machine has."""


def command(*args: str) -> list[str]:
    """Return the command line that crawls."""
    return [sys.executable, "-m", "crawler", *args]


@contextmanager
def started(*args: str, stderr: int = subprocess.DEVNULL) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a crawl that is killed, with all of its processes, if the test ends before it does."""
    with subprocess.Popen(command(*args), stderr=stderr, start_new_session=True) as crawl:
        try:
            yield crawl
        finally:
            with suppress(ProcessLookupError):
                os.killpg(crawl.pid, signal.SIGKILL)


def shop(server: FixtureServer, out: Path, backend: str) -> list[str]:
    """Return the arguments that crawl the fixture site as a site of the user's."""
    settings: dict[str, Any] = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS)}
    settings |= {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    args = [f"--set={key}={toml(value)}" for key, value in settings.items()]
    return ["--quiet", f"--backend={backend}", f"--start-url={server.url}", f"--out={out}", *args]


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def canonical(items: Iterable[dict[str, Any]]) -> set[str]:
    """Return items in a form in which they can be compared as sets."""
    return {json.dumps(item, sort_keys=True) for item in items}


def truth(server: FixtureServer, pages: int, faults: Iterable[str] = ()) -> set[str]:
    """Return what the site itself says that its pages hold."""
    base = server.url.rstrip("/")
    expected = FaultySite(Site(pages), faults).expected(base)
    return canonical({"url": base + path, **record} for path, record in expected)
