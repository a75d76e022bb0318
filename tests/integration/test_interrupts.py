"""Signals that go to a crawl with all its processes, as from a service manager, or when a terminal goes."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from crawler.backends.registry import BACKENDS
from fixtures.process import FixtureServer
from tests.integration.test_command_line import LIMIT, PAGES, canonical, lines, run, shop, started, truth

every_process_backend = pytest.mark.parametrize("backend", [name for name in BACKENDS if BACKENDS[name].processes])


every_way_to_stop = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])


@every_way_to_stop
@every_process_backend
def test_a_signal_to_all_processes_of_a_crawl_is_an_interruption_like_any_other(
    backend: str, number: signal.Signals, tmp_path: Path
) -> None:
    with FixtureServer(pages=PAGES, latency=0.1) as server:
        args = [arg for arg in shop(server, tmp_path, backend) if arg != "--quiet"]
        with started(*args, stderr=subprocess.PIPE) as crawl:
            end = time.monotonic() + LIMIT
            while server.stats()["hits"] < 10:
                assert time.monotonic() < end
            os.killpg(crawl.pid, number)
            _, told = crawl.communicate(timeout=LIMIT)
        assert (crawl.returncode, b"Traceback" in told) == (130, False), told.decode()
        assert b"interrupted; the state is saved. To go on: " in told
        assert (tmp_path / "report.json").exists()
        assert run(*args, "--resume").returncode == 0
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, PAGES)


def test_a_crawl_whose_terminal_has_gone_goes_on(tmp_path: Path) -> None:
    """As under `nohup`: what it would show is lost, and nothing else."""
    try:
        ours, its = os.openpty()
    except OSError as error:  # as in a container without /dev/pts
        pytest.skip(f"there are no terminals: {error}")
    with FixtureServer(pages=PAGES, latency=0.1) as server:
        args = [arg for arg in shop(server, tmp_path, "queue") if arg != "--quiet"]
        with started(*args, stderr=its) as crawl:
            os.close(its)
            while b"pages/s" not in os.read(ours, 4096):
                pass
            os.close(ours)
            assert crawl.wait(LIMIT) == 0
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, PAGES)
