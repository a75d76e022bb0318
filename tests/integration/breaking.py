"""Crawls by a Dask cluster of which something breaks: for the tests, and by itself, to say what that costs.

`python -m tests.integration.breaking [--kills N] [--freezes N] [--schedulers N] [--timeout SECONDS]` prints a table.
Each run has a scheduler and two workers of its own. One of these is killed or frozen, or the scheduler is killed, when
a third of the pages have been asked for.
"""

import argparse
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fixtures.process import FixtureServer
from tests.integration.machines import LIMIT, Machines
from tests.integration.shop import canonical, command, lines, shop, truth

PAGES = 120
CONSUMERS = 12
PRODUCERS = 2
PER_HOST = 8
"""The default."""

PATIENCE = 120.0
"""Seconds in which a crawl with a frozen worker has ended, with the default time-out."""


class Figures(NamedTuple):
    """What a break came to."""

    status: int
    """Of the crawl's process, after which `--resume` goes on where it is not 0."""
    seconds: float
    """From the break until that process had ended."""
    lost: int
    """Pages of the site whose records are not in items.jsonl."""
    doubled: int
    """Lines too many in either file."""
    again: int
    """Requests for what had been asked for before."""
    at_once: int
    """Requests that the server had at once, at most."""


@contextmanager
def crawl(
    server: FixtureServer, out: Path, address: str, *args: str, quiet: bool = True
) -> Iterator["subprocess.Popen[str]"]:
    """Start a crawl by the scheduler at that address; it is killed if the test ends before it does."""
    args = (f"--consumers={CONSUMERS}", f"--producers={PRODUCERS}", "--set=retry.backoff=0.02", *args)
    args = (*shop(server, out, "dask"), f"--set=dask.scheduler={address}", *args)
    args = args if quiet else tuple(arg for arg in args if arg != "--quiet")
    with subprocess.Popen(command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until(what: Callable[[], Any]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def ended(process: "subprocess.Popen[str]", limit: float = LIMIT) -> tuple[int, str]:
    """Wait for the end of a crawl; return its status and what it has told."""
    out, err = process.communicate(timeout=limit)
    return process.returncode, out + err


def missing(out: Path, server: FixtureServer, number: int = PAGES) -> tuple[int, int]:
    """Return how many records of the site's a crawl has not brought, and how many lines it has written twice."""
    items, pages = lines(out / "items.jsonl"), lines(out / "pages.jsonl")
    twice = sum(len(some) - len({line["url"] for line in some}) for some in (items, pages))
    return len(truth(server, number) - canonical(items)), twice


def whole(out: Path, server: FixtureServer, number: int = PAGES) -> bool:
    """Say whether a crawl has brought every page, each once."""
    return missing(out, server, number) == (0, 0)


def break_one(what: str, timeout: float) -> Figures:
    """Crawl, and break that in the middle: a worker by `kill` or `freeze`, or the `scheduler`."""
    with (
        TemporaryDirectory() as folder,
        FixtureServer(pages=PAGES, latency=0.05) as server,
        Machines(Path(folder, "machines")) as machines,
    ):
        out = Path(folder, "out")
        with crawl(server, out, machines.address, f"--set=http.timeout={timeout}") as process:
            until(lambda: server.stats()["hits"] > PAGES // 3)
            victim = machines.scheduler if what == "scheduler" else machines.workers[0]
            victim.send_signal(signal.SIGSTOP if what == "freeze" else signal.SIGKILL)
            broken = time.monotonic()
            status, _ = ended(process, PATIENCE)
            seconds = time.monotonic() - broken
        if status:
            resume = command(*shop(server, out, "queue"), "--resume", f"--set=http.timeout={timeout}")
            subprocess.run(resume, check=True, timeout=PATIENCE)
        stats = server.stats()
        return Figures(
            status, seconds, *missing(out, server), stats["hits"] - len(stats["paths"]), stats["most_at_once"]
        )


def main() -> None:
    """Break as many crawls as told, and print what came of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="runs in which a worker is killed")
    parser.add_argument("--freezes", type=int, default=3, help="runs in which a worker is frozen")
    parser.add_argument("--schedulers", type=int, default=3, help="runs in which the scheduler is killed")
    parser.add_argument("--timeout", type=float, default=15.0, help="http.timeout, in seconds")
    options = parser.parse_args()
    held = CONSUMERS + PRODUCERS
    print(f"{PAGES} pages; at most {held} with the workers, {PER_HOST} at once; time-out {options.timeout:g} s")
    print("".join(f"{head:>11}" for head in ("broken", "status", "after s", "lost", "doubled", "again", "at once")))
    bad = False
    for what, runs in (("kill", options.kills), ("freeze", options.freezes), ("scheduler", options.schedulers)):
        for _ in range(runs):
            found = break_one(what, options.timeout)
            bad |= bool(found.lost or found.doubled or found.at_once > PER_HOST)
            bad |= found.status != (what == "scheduler")
            numbers = (found.lost, found.doubled, found.again, found.at_once)
            print(
                f"{what:>11}{found.status:>11}{found.seconds:>11.1f}" + "".join(f"{n:>11}" for n in numbers), flush=True
            )
    raise SystemExit(bad)


if __name__ == "__main__":
    main()
