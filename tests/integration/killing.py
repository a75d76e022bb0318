"""Crawls that are killed again and again, and what that costs: for the tests, and by itself as a soak.

`python -m tests.integration.killing [--rounds N] [--seed N] [BACKEND]…` prints a table.
"""

import argparse
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from fixtures.faults import FINITE
from fixtures.process import FixtureServer
from tests.integration.shop import AVAILABLE, canonical, command, lines, shop, truth

PAGES = 150
CONSUMERS = 6
LATENCY = 0.02
LIMIT = 60.0
"""Seconds in which a crawl that is left alone has ended, on the slowest machine."""

SETTINGS = (f"--consumers={CONSUMERS}", "--producers=2", "--set=retry.backoff=0.02", "--set=crawl.capacity=4")


class Figures(NamedTuple):
    """What some kills came to."""

    backend: str
    kills: int
    lost: int
    """Pages of the site that are not in pages.jsonl, or whose record is not in items.jsonl."""
    doubled: int
    """Lines too many in either file."""
    again: int
    """Requests that an uninterrupted crawl does not make."""
    wrong: int
    """Pages that ended otherwise than in an uninterrupted crawl."""


def serve() -> FixtureServer:
    """Serve the site that is crawled, with all faults under which a crawl ends."""
    return FixtureServer(pages=PAGES, latency=LATENCY, faults=FINITE, retry_after=0)


def settled(folder: Path) -> dict[str, tuple[str, str | None]]:
    """Return how each URL ended."""
    return {page["url"]: (page["outcome"], page["reason"]) for page in lines(folder / "pages.jsonl")}


def uninterrupted(server: FixtureServer, folder: Path) -> tuple[dict[str, tuple[str, str | None]], int]:
    """Crawl without a kill; return how each URL ended, and how many requests that took."""
    subprocess.run([*command(*shop(server, folder, "queue")), *SETTINGS], check=True, timeout=LIMIT)
    hits = server.stats()["hits"]
    server.reset()
    return settled(folder), hits


def kill_and_resume(
    backends: Sequence[str],
    kills: int,
    draw: random.Random,
    server: FixtureServer,
    folder: Path,
    expected: tuple[dict[str, tuple[str, str | None]], int],
) -> Figures:
    """Crawl with the first of `backends`, kill and resume `kills` times with the next of them each time."""
    server.reset()
    done = 0
    for number in range(kills):
        done += _crawl_and_kill(backends[number % len(backends)], draw, server, folder)
    backend = backends[kills % len(backends)]
    last = [*command(*shop(server, folder, backend), "--resume"), *SETTINGS]
    subprocess.run(last, check=True, timeout=LIMIT)
    pages, items = lines(folder / "pages.jsonl"), lines(folder / "items.jsonl")
    ends, right = settled(folder), truth(server, PAGES, FINITE)
    counted = [Counter(line["url"] for line in some) for some in (pages, items)]
    return Figures(
        backends[0] if len(backends) == 1 else "in turn",
        done,
        lost=len(expected[0].keys() - ends.keys()) + len(right - canonical(items)),
        doubled=sum(number - 1 for counts in counted for number in counts.values()),
        again=server.stats()["hits"] - expected[1],
        wrong=sum(ends.get(url) != end for url, end in expected[0].items()) + len(ends.keys() - expected[0].keys()),
    )


def _crawl_and_kill(backend: str, draw: random.Random, server: FixtureServer, folder: Path) -> bool:
    """Kill a crawl with all of its processes: at some moment of its start, or after so many requests.

    Return whether it was; it may have ended before.
    """
    crawl = subprocess.Popen(
        [*command(*shop(server, folder, backend), "--resume"), *SETTINGS],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if draw.random() < 0.25:
            _wait(crawl, draw.uniform(0.05, 0.5))
        else:
            wanted = server.stats()["hits"] + draw.randint(1, PAGES // 2)
            end = time.monotonic() + LIMIT
            while server.stats()["hits"] < wanted and crawl.poll() is None and time.monotonic() < end:
                _wait(crawl, draw.uniform(0.005, 0.03))
    finally:
        alive = crawl.poll() is None
        if alive:
            os.killpg(crawl.pid, signal.SIGKILL)
        crawl.wait()
    return alive


def _wait(crawl: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait until a crawl has ended, but no longer than that."""
    with suppress(subprocess.TimeoutExpired):
        crawl.wait(seconds)


def main() -> None:
    """Kill crawls for as many rounds as told, and print what came of it."""
    parser = argparse.ArgumentParser(description="Kill crawls with kill -9, resume them, and count what is lost.")
    parser.add_argument("backends", nargs="*", default=AVAILABLE, metavar="BACKEND")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--kills", type=int, default=5, help="kills in a round")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}, {PAGES} pages, {options.rounds} rounds of {options.kills} kills; faults: {FINITE}")
    print(f"{'backend':14}{'kills':>8}{'lost':>8}{'doubled':>9}{'wrong':>8}{'fetched again':>15}")
    bad = False
    with TemporaryDirectory() as scratch, serve() as server:
        expected = uninterrupted(server, Path(scratch, "expected"))
        for backends in [*([name] for name in options.backends), options.backends]:
            draw, sums = random.Random(options.seed), [0] * 5
            for number in range(options.rounds):
                folder = Path(scratch, f"{backends[0]}-{len(backends)}-{number}")
                figures = kill_and_resume(backends, options.kills, draw, server, folder, expected)
                sums = [a + b for a, b in zip(sums, figures[1:], strict=True)]
            total = Figures(figures.backend, *sums)
            bad = bad or bool(total.lost or total.doubled or total.wrong)
            print(
                f"{total.backend:14}{total.kills:8}{total.lost:8}{total.doubled:9}{total.wrong:8}{total.again:15}",
                flush=True,
            )
    raise SystemExit(bad)


if __name__ == "__main__":
    main()
