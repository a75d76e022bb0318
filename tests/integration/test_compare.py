"""`compare` as a user runs it: real servers, real crawls, tiny sizes."""

import json
import subprocess
import time
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from subprocess import run
from tempfile import TemporaryDirectory

import psutil
import pytest

from crawler.compare.baseline import read
from crawler.compare.load import load
from crawler.compare.runs import paths
from fixtures.process import FixtureServer
from fixtures.site import Site
from tests.integration.shop import command

SMALL = ("--backends=queue,asyncio", "--consumers=2", "--latency=0", "--no-explain")


def compare(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command("compare", *args), capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.timeout(280)
def test_two_backends_are_measured_on_a_faulty_site_and_held_against_a_baseline(tmp_path: Path) -> None:
    done = compare(*SMALL, "--workloads=flaky", "--pages=25", "--set=compare.flaky.backoff=0", f"--out={tmp_path}")
    assert done.returncode == 0, done.stderr
    made = read(tmp_path / "report.json")
    (scene,) = made.scenes
    assert {(result.label, result.problem) for result in scene.results} == {
        ("queue", None),
        ("asyncio (aiohttp)", None),
    }
    assert made.workloads["flaky"].pages == 25
    for result in scene.ranked:
        assert len(result.rounds) == 3
        figures = result.rounds[0]
        assert figures.wall == pytest.approx(figures.startup + figures.crawl + figures.shutdown, abs=0.01)
        assert min(figures.startup, figures.crawl, figures.cpu_per_1000, figures.context_switches) > 0
        assert figures.peak_memory > 10_000_000
        assert figures.pages_per_second < scene.server_limit
    for name in ("report.md", "report.html"):
        assert "queue" in (tmp_path / name).read_text(encoding="utf-8")
    assert "asyncio" in done.stdout

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    for result in report["scenes"][0]["results"]:
        for name in ("median", "low", "high"):
            result["figures"]["pages_per_second"][name] *= 1000
    (tmp_path / "before.json").write_text(json.dumps(report), encoding="utf-8")
    args = (
        "--workloads=flaky",
        "--pages=25",
        "--set=compare.flaky.backoff=0",
        f"--baseline={tmp_path / 'before.json'}",
    )
    slower = compare(*SMALL, *args, "--json")
    assert slower.returncode == 1
    assert "slower than the baseline: queue (requests) on flaky, 2 consumers, selectolax" in slower.stderr
    assert json.loads(slower.stdout)["scenes"]


@pytest.mark.timeout(150)
def test_a_crawl_that_does_not_end_is_killed_and_not_ranked(tmp_path: Path) -> None:
    args = ("--workloads=io", "--backends=queue", "--pages=20", "--latency=4", "--set=http.timeout=100", "--rounds=1")
    settings = ("--limit=1", "--no-explain", f"--out={tmp_path}")
    done = compare(*args, *settings)
    assert done.returncode == 1, done.stderr
    (result,) = read(tmp_path / "report.json").scenes[0].results
    assert result.rank is None
    assert result.problem == "not done after 1 s"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--workloads=oi", "--workloads: there is no 'oi'"),
        ("--backends=queu", "did you mean queue?"),
        ("--consumers=4,many", "--consumers 4,many: write numbers"),
        ("--consumers=0", "--consumers 0: write numbers"),
        ("--parsers=bs4", "--parsers: there is no 'bs4'"),
        ("--clients=request", "did you mean requests?"),
        ("--start-methods=vfork", "'vfork' is not a way to start processes"),
        ("--baseline=nowhere.json", "nowhere.json: cannot be read"),
        ("--set=compare.io.page=3", "did you mean pages?"),
    ],
)
def test_wrong_options_are_told_in_one_line_before_anything_starts(option: str, told: str) -> None:
    done = compare(option)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no folder that root cannot write into")
def test_a_folder_that_cannot_be_written_into_is_told_before_anything_starts() -> None:
    done = compare("--no-explain", "--out=/proc/self")
    assert done.returncode == 2
    assert done.stderr.startswith("crawler: --out /proc/self: cannot be written")
    assert done.stderr.count("\n") == 1


def test_neither_a_baseline_nor_a_crawl_is_overwritten(tmp_path: Path) -> None:
    small = ("--workloads=io", "--backends=queue", "--pages=5", "--latency=0", "--rounds=1", "--no-explain")
    crawled, compared = tmp_path / "crawled", tmp_path / "compared"
    run(command("crawl", "--quiet", "--set=fixture.pages=5", f"--out={crawled}"), check=True)
    before = (crawled / "report.json").read_bytes()
    refused = compare(*small, f"--out={crawled}")
    assert (refused.returncode, (crawled / "report.json").read_bytes()) == (2, before)
    assert refused.stderr.startswith(f"crawler: --out {crawled}: holds a crawl")

    (compared / "timelines").mkdir(parents=True)
    (compared / "timelines" / "mine.html").touch()
    assert compare(*small[:-1], f"--out={compared}").returncode == 0
    assert len(list((compared / "timelines").iterdir())) == 2
    assert compare(*small, f"--out={compared}").returncode == 0  # explains nothing
    assert [file.name for file in (compared / "timelines").iterdir()] == ["mine.html"]
    before = (compared / "report.json").read_bytes()
    for option in ("--quiet", "--overwrite", "--resume"):
        refused = run(command("crawl", option, f"--out={compared}"), capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        told = f"crawler: {compared} holds a comparison, with a report.json of its own: choose another --out\n"
        assert refused.stderr == told
    refused = compare(*small, f"--out={compared}", f"--baseline={compared / 'report.json'}")
    assert "would replace the baseline" in refused.stderr
    refused = compare(*small, f"--baseline={compared / 'report.json'}")
    assert "--baseline: fewer than 3 rounds show nothing: give --rounds 3 or more" in refused.stderr
    assert (compared / "report.json").read_bytes() == before


@pytest.mark.parametrize("after", ["traced", "round 2/"])
def test_ctrl_c_ends_a_comparison_with_a_report_of_the_whole_rounds(after: str, tmp_path: Path) -> None:
    args = ("--workloads=io", "--backends=queue", "--pages=20", "--latency=0", "--rounds=500", f"--out={tmp_path}")
    with subprocess.Popen(command("compare", *args), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        until = next(line for line in process.stderr if line.startswith(after))
        process.send_signal(SIGINT)
        said = process.stderr.read()
    assert until
    assert process.returncode == 130
    if after == "traced":
        assert "interrupted" in said
        assert not (tmp_path / "report.json").exists()
    else:
        assert "interrupted: what follows is of the rounds that were whole" in said
        made = read(tmp_path / "report.json")
        assert made.interrupted
        assert made.rounds == len(made.scenes[0].results[0].rounds) >= 1


@pytest.mark.parametrize("number", [SIGINT, SIGTERM, SIGHUP])
def test_however_a_comparison_is_ended_nothing_of_its_crawl_stays(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="t-", dir="/tmp") as scratch:  # a short name: there are to be sockets below it
        monkeypatch.setenv("TMPDIR", scratch)
        args = ("--workloads=io", "--backends=process-queue", "--latency=0.5", "--rounds=1", "--no-explain")
        with subprocess.Popen(command("compare", *args), stderr=subprocess.DEVNULL) as process:
            end = time.monotonic() + 60
            while not list(Path(scratch).glob("crawler-compare-*/pymp-*/listener-*")):  # there are worker processes
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            assert process.wait(30) == 130
        _, alive = psutil.wait_procs(family, timeout=10.0)
        assert alive == []
        assert list(Path(scratch).iterdir()) == []


def test_the_load_generator_asks_for_each_page_once() -> None:
    every = paths(Site(50))
    with FixtureServer(pages=50, faults=["reset", "truncated"]) as server:
        load(server.url, every, 7, method="HEAD")
        assert server.stats()["paths"] == dict.fromkeys(every, 1)
        server.reset()
        assert server.stats()["hits"] == 0


def test_bulk_makes_pages_longer_and_leaves_their_records() -> None:
    plain, bulky = Site(30), Site(30, bulk=4)
    assert plain.record(7, "http://a/") == bulky.record(7, "http://a/")
    assert len(bulky.detail(bulky.item(7)).body) > 1.4 * len(plain.detail(plain.item(7)).body)
