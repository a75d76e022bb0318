"""A backend that is spoiled on purpose: the baseline finds it, and the split names the cause."""

import os
import subprocess
from pathlib import Path

import pytest

from crawler.compare.baseline import read
from crawler.compare.cores import divide
from crawler.compare.model import Ideal, Split
from crawler.compare.runs import Place
from crawler.compare.split import Part
from crawler.compare.tracing import trace
from crawler.config import Config
from tests.integration.shop import command
from tests.unit.compare.values import SCENE, case

PAGES = 8
SECONDS = 0.2

ARGS = ("--backends=queue", "--workloads=io", "--latency=0", f"--pages={PAGES}", "--consumers=2", "--producers=1")

# Python runs a module of this name at its start, in the crawl's process too: it is the real hand-off that is spoilt.
SPOILT = """
import time
from crawler.backends.queue import QueueHandoff

{side} = QueueHandoff.{side}

def slow(self, *args):
    time.sleep({seconds})
    return {side}(self, *args)

QueueHandoff.{side} = slow
"""


def spoil(folder: Path, side: str) -> None:
    (folder / "sitecustomize.py").write_text(SPOILT.format(side=side, seconds=SECONDS), encoding="utf-8")


def compare(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command("compare", *ARGS, *args), capture_output=True, text=True, timeout=150, check=False)


@pytest.mark.timeout(300)
def test_a_sleep_in_the_hand_off_is_found_by_the_baseline_and_named_by_the_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    sound, spoilt = tmp_path / "sound", tmp_path / "spoilt"
    assert compare(f"--out={sound}").returncode == 0
    spoil(tmp_path, "put")
    done = compare(f"--out={spoilt}", f"--baseline={sound / 'report.json'}")
    assert done.returncode == 1, done.stderr
    told = next(line for line in done.stderr.splitlines() if line.startswith("slower than the baseline"))
    assert "queue (requests) on io, 2 consumers" in told
    assert "hand-off and locks takes" in told
    (result,) = read(spoilt / "report.json").scenes[0].results
    assert result.split is not None
    assert result.split.timeline is not None
    assert (spoilt / result.split.timeline).is_file()


def test_it_is_named_too_where_it_is_the_worker_that_sleeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    spoil(tmp_path, "get")
    workload = Config().compare.workload("io").changed(pages=PAGES, latency=0.0)
    two = case("queue", SCENE._replace(consumers=2))
    found = trace(two, workload, Ideal(1.0, "latency", 1.0, 1.0), Place(Config(), divide(), producers=1))
    assert isinstance(found, Split)
    assert (
        found.seconds[Part.HAND_OFF.key] > PAGES * SECONDS / 2
    )  # it slept so long for each page, mostly with one waiting
