"""Crawls that are ended with kill -9: what is resumed is exactly what an uninterrupted crawl brings."""

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fixtures.process import FixtureServer
from tests.integration.killing import LIMIT, kill_and_resume, serve, uninterrupted
from tests.integration.shop import AVAILABLE, canonical, command, lines, shop, started, truth

KILLS = 3
every_backend = pytest.mark.parametrize("backend", AVAILABLE)

Expected = tuple[dict[str, tuple[str, str | None]], int]


@pytest.fixture(scope="module")
def server() -> Iterator[FixtureServer]:
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def expected(server: FixtureServer, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    return uninterrupted(server, tmp_path_factory.mktemp("expected"))


@every_backend
def test_nothing_is_lost_or_doubled_by_kills(
    backend: str, server: FixtureServer, expected: Expected, tmp_path: Path
) -> None:
    figures = kill_and_resume([backend], KILLS, random.Random(f"{backend} 1"), server, tmp_path, expected)
    assert figures.kills, "at least one came in time"
    assert (figures.lost, figures.doubled, figures.wrong) == (0, 0, 0)


def test_a_crawl_goes_on_with_any_other_backend(server: FixtureServer, expected: Expected, tmp_path: Path) -> None:
    names = random.Random(1).sample(AVAILABLE, len(AVAILABLE))
    figures = kill_and_resume(names, min(len(names), 6), random.Random(2), server, tmp_path, expected)
    assert (figures.lost, figures.doubled, figures.wrong) == (0, 0, 0)


@every_backend
def test_when_the_coordinator_alone_is_killed_all_that_it_started_ends(backend: str, tmp_path: Path) -> None:
    args = ("--quiet", f"--backend={backend}", "--consumers=3", f"--out={tmp_path}")
    args = (*args, "--set=fixture.pages=2000", "--set=fixture.latency=0.05")
    with started(*args) as crawl:
        _await_an_item(crawl, tmp_path)
        children = psutil.Process(crawl.pid).children(recursive=True)
        assert children, "the fixture server at least"
        crawl.kill()
        crawl.wait(LIMIT)
        _, alive = psutil.wait_procs(children, timeout=10.0)
        assert not alive


def test_a_crawl_of_the_fixture_site_is_resumed_on_the_port_it_knows(tmp_path: Path) -> None:
    args = ("--quiet", f"--out={tmp_path}", "--set=fixture.pages=100", "--set=fixture.latency=0.05", "--resume")
    with started(*args) as crawl:
        _await_an_item(crawl, tmp_path)
    assert len(lines(tmp_path / "items.jsonl")) < 100
    subprocess.run(command(*args), check=True, timeout=LIMIT)
    items = lines(tmp_path / "items.jsonl")
    assert len({item["url"] for item in items}) == len(items) == 100


def test_failed_pages_are_taken_up_again_when_told(tmp_path: Path) -> None:
    with FixtureServer(pages=100, faults=["error", "reset", "truncated"]) as server:
        args = [*shop(server, tmp_path, "queue"), "--set=retry.attempts=1"]
        assert subprocess.run(command(*args), timeout=LIMIT, check=False).returncode == 0
        failed = [page["url"] for page in lines(tmp_path / "pages.jsonl") if page["outcome"] == "failed"]
        assert failed
        server_hits = server.stats()["hits"]
        assert subprocess.run(command(*args, "--resume"), timeout=LIMIT, check=False).returncode == 0
        assert server.stats()["hits"] == server_hits, "a finished crawl does nothing"
        assert subprocess.run(command(*args, "--retry-failed"), timeout=LIMIT, check=False).returncode == 0
        pages = lines(tmp_path / "pages.jsonl")
        assert {page["outcome"] for page in pages} == {"ok"}
        assert len({page["url"] for page in pages}) == len(pages)
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, 100)


def _await_an_item(crawl: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until the first item is in the file."""
    end = time.monotonic() + LIMIT
    while not (folder / "items.jsonl").exists() or not (folder / "items.jsonl").stat().st_size:
        assert time.monotonic() < end
        with pytest.raises(subprocess.TimeoutExpired):
            crawl.wait(0.05)
