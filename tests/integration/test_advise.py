"""`advise` as a user runs it, on a fixture site that stands for his."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from crawler.config import check
from fixtures.process import FixtureServer
from tests.integration.shop import command

PATTERNS = ('--set=site.list=["/", "/category/*"]', '--set=site.detail=["/item/*"]', "--set=extract.fields.title=h1")


def advise(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command("advise", *args), capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.timeout(200)
def test_a_site_is_asked_for_a_few_pages_and_the_advice_is_a_configuration(tmp_path: Path) -> None:
    with FixtureServer(pages=60, latency=0.01) as server:
        small = ("--pages=6", "--rounds=1", "--backends=queue", "--set=politeness.per_host=1", f"--out={tmp_path}")
        done = advise(server.url, *small, *PATTERNS)
        stats = server.stats()
    assert done.returncode == 0, done.stderr
    assert stats["hits"] <= 6 + 1  # and robots.txt
    assert stats["most_at_once"] == 1
    assert "/robots.txt" in stats["paths"]
    assert not any(path.startswith(("/search", "/cart")) for path in stats["paths"])
    config = check(tomllib.loads(done.stdout), "the advice")
    assert (config.crawl.backend, config.crawl.consumers) == ("queue", 1)
    assert config.crawl.start_urls == [server.url]
    assert "with 1 field of yours" in done.stdout
    assert (tmp_path / "report.html").is_file()


def test_where_a_delay_is_asked_for_nothing_is_compared() -> None:
    with FixtureServer(pages=20) as server:
        done = advise(server.url, "--pages=2", "--set=politeness.delay=0.1", *PATTERNS)
    assert done.returncode == 0, done.stderr
    assert "0.1 s apart" in done.stdout
    assert "round 1" not in done.stderr
    assert check(tomllib.loads(done.stdout), "the advice").crawl.consumers == 1


def test_what_cannot_be_advised_on_is_told_in_one_line() -> None:
    with FixtureServer(pages=20) as server:
        forbidden = advise(f"{server.url}search?q=a")
        missing = advise(f"{server.url}nowhere")
    for done, told in ((forbidden, "robots.txt forbids it"), (missing, "404"), (advise("nonsense"), "not an http")):
        assert done.returncode in (1, 2)
        assert told in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
