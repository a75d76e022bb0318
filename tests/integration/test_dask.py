"""Crawls by a real Dask scheduler with real workers, and what befalls these: killed, frozen, of the wrong version."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from distributed import Client, Scheduler

from crawler.backends.base import Plan
from crawler.backends.dask.calls import Calls
from crawler.backends.dask.hand import Call, Hand
from fixtures.process import FixtureServer
from tests.contract.scripted import ScriptedWork
from tests.integration.breaking import CONSUMERS, PAGES, PRODUCERS, crawl, ended, until, whole
from tests.integration.machines import LIMIT, Machines
from tests.integration.shop import command, lines, shop

HOLDS = {"list": PRODUCERS, "detail": CONSUMERS}


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Two workers that no test harms."""
    with Machines(tmp_path_factory.mktemp("machines")) as machines:
        yield machines


PER_HOST, DELAY = "--set=politeness.per_host=3", "--set=politeness.delay=0.02"


@pytest.mark.parametrize(("manners", "client"), [(PER_HOST, "curl"), (DELAY, "curl"), (DELAY, "aiohttp")])
def test_politeness_holds_over_all_workers(manners: str, client: str, machines: Machines, tmp_path: Path) -> None:
    pages = 40 if "delay" in manners else PAGES
    with (
        FixtureServer(pages=pages, latency=0.01) as server,
        crawl(server, tmp_path, machines.address, manners, f"--set=http.client={client}") as process,
    ):
        assert ended(process) == (0, "")
        assert whole(tmp_path, server, pages)
        stats = server.stats()
    workers = {page["worker"].partition(".")[0] for page in lines(tmp_path / "pages.jsonl")}
    assert workers == {"machine-0", "machine-1"} or "delay" in manners, "who asks for one page at a time needs one"
    (gap,) = stats["least_gap_by_host"].values()
    if "delay" in manners:
        assert gap is not None
        assert gap >= 0.02
    assert stats["most_at_once"] <= (1 if "delay" in manners else 3)
    assert set(stats["paths"].values()) == {1}


def test_workers_of_another_version_get_nothing_to_do(machines: Machines, tmp_path: Path) -> None:
    told = "import crawler; crawler.__version__ = '99'; from crawler.cli import main; main()"
    with FixtureServer(pages=PAGES) as server:
        args = command(*shop(server, tmp_path, "dask"), f"--set=dask.scheduler={machines.address}")
        args[1:3] = ["-c", told]
        done = subprocess.run(args, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert server.stats()["hits"] == 0
    assert done.returncode == 1
    assert "and not 99: install that there" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_workers_that_join_later_get_their_share_unless_they_are_of_another_version(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        Machines(tmp_path / "machines", 1) as machines,
        FixtureServer(pages=PAGES, latency=0.05) as server,
        crawl(server, out, machines.address, "--consumers=3", quiet=False) as process,
    ):
        until(lambda: server.stats()["hits"] > 3)
        machines.workers[0].send_signal(signal.SIGSTOP)  # so that there is still something to do when they have joined
        machines.add_worker(version="0.0.7")
        machines.add_worker()
        machines.wait()
        machines.workers[0].send_signal(signal.SIGCONT)
        status, told = ended(process)
        assert status == 0
        assert "worker machine-1 gets nothing to do: it has crawler 0.0.7 and not" in " ".join(told.split())
        assert whole(out, server)
    workers = {page["worker"].partition(".")[0] for page in lines(out / "pages.jsonl")}
    assert workers == {"machine-0", "machine-2"}


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_costs_nothing_but_what_it_had(ending: signal.Signals, tmp_path: Path) -> None:
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=PAGES, latency=0.1) as server,
        crawl(server, tmp_path / "out", machines.address) as process,
    ):
        until(lambda: server.stats()["hits"] > PAGES // 3)
        machines.workers[0].send_signal(ending)
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server)
        stats = server.stats()
    assert stats["hits"] - len(stats["paths"]) <= sum(HOLDS.values())
    assert stats["most_at_once"] <= 8, "more than per_host, while it ended"


def test_workers_whose_tasks_are_asyncio_s_hold_many_requests_a_thread_and_lose_nothing_when_killed(
    tmp_path: Path,
) -> None:
    held = ("--set=http.client=aiohttp", "--set=politeness.per_host=32", "--consumers=36", "--producers=4")
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=PAGES, latency=0.5) as server,
        crawl(server, tmp_path / "out", machines.address, *held) as process,
    ):
        until(lambda: server.stats()["in_flight"] == 32)  # the two have four threads each
        machines.workers[0].kill()
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server)
        stats = server.stats()
    assert stats["most_at_once"] == 32, "politeness holds while one dies"
    assert stats["hits"] - len(stats["paths"]) <= 36 + 4


def test_workers_that_are_asked_to_go_drop_what_they_do_before_others_get_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=PAGES, latency=0.3) as server,
        Client(machines.address, set_as_default=False) as client,
        crawl(server, out, machines.address) as process,
    ):
        until(lambda: server.stats()["in_flight"] == 8)
        client.retire_workers(names=["machine-0"])
        machines.add_worker(options=["--lifetime=1s"])  # it joins, works, and leaves by itself
        assert ended(process) == (0, "")
        assert whole(out, server)
        stats = server.stats()
        assert machines.workers[0].wait(LIMIT) == 0
    workers = {page["worker"].partition(".")[0] for page in lines(out / "pages.jsonl")}
    assert workers >= {"machine-1", "machine-2"}
    assert stats["most_at_once"] <= 8, "more than per_host, while they left"
    assert stats["hits"] - len(stats["paths"]) <= 2 * sum(HOLDS.values())


def test_what_a_worker_had_that_is_off_the_list_and_was_not_told_so_waits_until_it_has_surely_ended(
    tmp_path: Path,
) -> None:
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=12, latency=1.0) as server,
        Client(machines.address, set_as_default=False) as client,
        crawl(server, tmp_path / "out", machines.address, "--set=dask.orphan_timeout=2") as process,
    ):
        until(lambda: server.stats()["in_flight"] == 8)
        client.retire_workers(names=["machine-0"], close_workers=False)
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server, 12)
        assert server.stats()["most_at_once"] <= 8


def test_a_delay_is_kept_while_the_worker_that_has_the_page_is_killed(tmp_path: Path) -> None:
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=20, latency=0.1) as server,
        crawl(server, tmp_path / "out", machines.address, "--set=politeness.delay=0.1") as process,
    ):
        until(lambda: server.stats()["hits"] > 5 and server.stats()["in_flight"])
        machines.workers[0].kill()  # the first of two that have nothing to do gets the next page
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server, 20)
        (gap,) = server.stats()["least_gap_by_host"].values()
    assert gap is not None
    assert gap >= 0.1


def test_what_is_under_way_stays_within_the_window_and_the_scheduler_forgets_what_is_done(
    machines: Machines, tmp_path: Path
) -> None:
    counts: list[int] = []
    with (
        FixtureServer(pages=PAGES, latency=0.02) as server,
        Client(machines.address, set_as_default=False) as client,
        crawl(server, tmp_path, machines.address, "--set=dask.window=3", "--set=dask.batch=2") as process,
    ):
        while process.poll() is None:
            counts.append(client.run_on_scheduler(_count_tasks))
        assert ended(process) == (0, "")
        assert whole(tmp_path, server)
        assert server.stats()["most_at_once"] <= 3 * 2
    assert 0 < max(counts) < 20, "there are two for each worker, and some on their way out: not the crawl's hundred"


def test_no_more_requests_are_made_at_once_than_asked_for_however_many_workers_come(tmp_path: Path) -> None:
    held = ("--consumers=4", "--set=dask.window=2", "--set=politeness.per_host=64")
    with (
        Machines(tmp_path / "machines", 1) as machines,
        FixtureServer(pages=PAGES, latency=0.2) as server,
        crawl(server, tmp_path / "out", machines.address, *held) as process,
    ):
        until(lambda: server.stats()["in_flight"] == 4 + PRODUCERS)
        machines.workers[0].send_signal(signal.SIGSTOP)  # so that there is still something to do when they have joined
        for _ in range(3):
            machines.add_worker()
        machines.wait()
        machines.workers[0].send_signal(signal.SIGCONT)
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server)
        assert server.stats()["most_at_once"] == 4 + PRODUCERS
    workers = {page["worker"].partition(".")[0] for page in lines(tmp_path / "out" / "pages.jsonl")}
    assert workers == {f"machine-{number}" for number in range(4)}


def _count_tasks(dask_scheduler: Scheduler) -> int:
    return len(dask_scheduler.tasks)


POISON = """
import os
from crawler.work.perform import MultiSitePerformer

def dask_setup(worker):
    begin = MultiSitePerformer.begin
    MultiSitePerformer.begin = lambda its, task, name: os._exit(9) if "/item/7-" in task.url else begin(its, task, name)
"""


@pytest.mark.parametrize(("workers", "options"), [(2, ["--nanny"]), (4, [])])
def test_a_page_that_kills_its_worker_is_found_and_its_neighbours_are_not_blamed(
    workers: int, options: list[str], tmp_path: Path
) -> None:
    poison = tmp_path / "poison.py"
    poison.write_text(POISON)
    options = [*options, f"--preload={poison}"]
    with (
        Machines(tmp_path / "machines", workers, options=options) as machines,
        FixtureServer(pages=30, latency=0.02) as server,
        crawl(server, tmp_path / "out", machines.address, "--set=dask.worker_timeout=40") as process,
    ):
        assert ended(process) == (0, "")
    failed = [page for page in lines(tmp_path / "out" / "pages.jsonl") if page["outcome"] != "ok"]
    assert [page["reason"] for page in failed] == ["worker-died"]
    assert "/item/7-" in failed[0]["url"]
    assert len(lines(tmp_path / "out" / "items.jsonl")) == 29


NO_CLIENT = """
import sys
sys.modules["pycurl"] = None

def dask_setup(worker):
    pass
"""


def test_a_worker_that_joins_without_the_client_gets_nothing_and_one_that_is_alone_ends_the_crawl(
    tmp_path: Path,
) -> None:
    preload = tmp_path / "no_client.py"
    preload.write_text(NO_CLIENT)
    without = [f"--preload={preload}"]
    with FixtureServer(pages=PAGES, latency=0.3) as server, Machines(tmp_path / "machines", 1) as machines:
        patient = "--set=dask.orphan_timeout=60"
        with crawl(server, tmp_path / "out", machines.address, patient, quiet=False) as process:
            until(lambda: server.stats()["in_flight"] == 8)
            machines.workers[0].send_signal(signal.SIGSTOP)  # so that there is still something to do when it has joined
            machines.add_worker(options=without)
            machines.wait()
            machines.workers[0].send_signal(signal.SIGCONT)
            status, told = ended(process)
        assert status == 0
        assert "worker machine-1 gets nothing to do: it cannot work: " in " ".join(told.split())
        assert whole(tmp_path / "out", server)
        assert set(server.stats()["paths"].values()) == {1}
        machines.workers[0].kill()
        machines.workers[0].wait(LIMIT)
        with crawl(server, tmp_path / "none", machines.address) as process:
            status, told = ended(process)
        assert (status, len(told.splitlines())) == (1, 1)
        assert "worker machine-1 cannot work: " in told


def test_a_worker_without_this_package_or_without_an_answer_is_told_in_one_line(tmp_path: Path) -> None:
    with Machines(tmp_path / "machines", 0) as machines, FixtureServer(pages=PAGES) as server:
        machines.add_worker(version="")
        machines.wait()
        with crawl(server, tmp_path / "none", machines.address) as process:
            none = ended(process)
        machines.workers[0].send_signal(signal.SIGSTOP)
        with crawl(server, tmp_path / "frozen", machines.address, "--set=dask.check_timeout=0.5") as process:
            frozen = ended(process)
        assert server.stats()["hits"] == 0
    for (status, told), reason in (none, "has no package crawler: install it there"), (frozen, "did not answer within"):
        assert (status, len(told.splitlines())) == (1, 1)
        assert f"worker machine-0 {reason}" in told


def test_a_crawl_that_was_killed_goes_on_when_its_workers_have_surely_ended(machines: Machines, tmp_path: Path) -> None:
    manners = ("--set=politeness.per_host=3", "--set=dask.orphan_timeout=2")
    with FixtureServer(pages=6, latency=1.5) as server:
        with crawl(server, tmp_path, machines.address, *manners):
            until(lambda: server.stats()["in_flight"] == 3)
        args = [arg for arg in command(*shop(server, tmp_path, "queue"), "--resume", *manners) if arg != "--quiet"]
        done = subprocess.run(args, check=False, timeout=LIMIT, capture_output=True, text=True)
        assert done.returncode == 0
        assert "the last run has not parted from its workers: waiting 4 s" in " ".join(done.stderr.split())
        assert whole(tmp_path, server, 6)
        assert server.stats()["most_at_once"] <= 3


def test_a_scheduler_that_is_killed_is_told_in_one_line_and_the_crawl_goes_on_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with FixtureServer(pages=PAGES, latency=0.05) as server:
        with Machines(tmp_path / "machines") as machines, crawl(server, out, machines.address) as process:
            until(lambda: server.stats()["hits"] > PAGES // 3)
            machines.scheduler.kill()
            status, told = ended(process)
            assert (status, len(told.splitlines())) == (1, 1)
            assert f"the connection to the Dask scheduler at {machines.address} is lost" in told
            for worker in machines.workers:
                worker.wait(LIMIT)  # it does not outlive its scheduler
        done = subprocess.run(command(*shop(server, out, "queue"), "--resume"), check=False, timeout=LIMIT)
        assert done.returncode == 0
        assert whole(out, server)


def test_a_crawl_ends_although_a_worker_is_frozen(tmp_path: Path) -> None:
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=PAGES, latency=0.05) as server,
        crawl(server, tmp_path / "out", machines.address, "--set=http.timeout=1") as process,
    ):
        until(lambda: server.stats()["hits"] > PAGES // 3)
        machines.workers[1].send_signal(signal.SIGSTOP)
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server)


@pytest.mark.parametrize("paused", ["scheduler", "coordinator"])
def test_workers_that_were_not_visited_for_too_long_go_on_when_they_are(paused: str, tmp_path: Path) -> None:
    held = ("--consumers=30", "--set=politeness.per_host=32", "--set=dask.orphan_timeout=2")
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=40, latency=3.0) as server,  # seconds: more than nobody visits them
        crawl(server, tmp_path / "out", machines.address, *held) as process,
    ):
        until(lambda: server.stats()["in_flight"] > 5)
        victim = machines.scheduler if paused == "scheduler" else process
        victim.send_signal(signal.SIGSTOP)
        until(lambda: not server.stats()["in_flight"])  # the workers have dropped what they had
        victim.send_signal(signal.SIGCONT)
        assert ended(process, 30.0) == (0, "")  # before leases run out
        assert whole(tmp_path / "out", server, 40)


def test_what_a_frozen_worker_has_done_holds_up_nothing_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over: list[Call] = []
    fetch = Calls._fetch
    monkeypatch.setattr(Calls, "_fetch", lambda _, call: over.append(call))
    with (
        Machines(tmp_path / "machines") as machines,
        Client(machines.address, set_as_default=False) as client,
    ):
        calls = Calls(client, "a-crawl", Plan(ScriptedWork()))
        for address, worker in client.scheduler_info(n_workers=-1)["workers"].items():
            calls.make(Hand(address, worker["name"]), 1)
        until(lambda: len(over) == 2)
        machines.workers[0].send_signal(signal.SIGSTOP)
        for call in over:
            fetch(calls, call)  # both at one moment
        ((hand, _),) = calls.come_home(LIMIT)
        assert hand.name == "machine-1"
        machines.workers[0].send_signal(signal.SIGCONT)
        ((hand, _),) = calls.come_home(LIMIT)
        assert hand.name == "machine-0"


def test_a_worker_that_was_frozen_and_written_off_works_again_when_it_is_woken(tmp_path: Path) -> None:
    with (
        Machines(tmp_path / "machines") as machines,
        FixtureServer(pages=PAGES, latency=0.5) as server,
        crawl(server, tmp_path / "out", machines.address, "--set=http.timeout=1.5") as process,
    ):
        until(lambda: server.stats()["in_flight"] == 8)
        machines.workers[0].send_signal(signal.SIGSTOP)
        until(lambda: max(server.stats()["paths"].values()) > 1)  # what it had is tried elsewhere: it is written off
        machines.workers[0].send_signal(signal.SIGCONT)
        machines.workers[1].kill()
        assert ended(process) == (0, "")
        assert whole(tmp_path / "out", server)
        assert server.stats()["most_at_once"] <= 8


def test_a_crawl_whose_workers_are_all_frozen_goes_on_when_they_can_be_at_nothing_any_more(tmp_path: Path) -> None:
    out, manners = tmp_path / "out", ("--set=http.timeout=1", "--set=dask.orphan_timeout=3")
    with Machines(tmp_path / "machines") as machines, FixtureServer(pages=PAGES, latency=0.5) as server:
        with crawl(server, out, machines.address, *manners, "--set=dask.worker_timeout=0") as process:
            until(lambda: server.stats()["in_flight"] == 8)
            for worker in machines.workers:
                worker.send_signal(signal.SIGSTOP)
            status, told = ended(process)
            assert (status, len(told.splitlines())) == (1, 1)
        hits = server.stats()["hits"]
        args = [arg for arg in command(*shop(server, out, "queue"), "--resume") if arg != "--quiet"]
        with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            until(lambda: server.stats()["hits"] > hits)
            for worker in machines.workers:
                worker.send_signal(signal.SIGCONT)
            status, told = ended(process)
        assert status == 0
        assert "the last run has not parted from its workers: waiting" in " ".join(told.split())
        assert whole(out, server)
        assert server.stats()["most_at_once"] <= 8


def test_whoever_has_no_certificate_of_ours_cannot_connect(tmp_path: Path) -> None:
    ours, theirs = _certificates(tmp_path, "ours"), _certificates(tmp_path, "theirs")
    with (
        Machines(tmp_path / "machines", 1, ours) as machines,
        FixtureServer(pages=PAGES) as server,
    ):
        for number, certificates in enumerate((ours, theirs, {})):
            files = [f"--set=dask.{key.removesuffix('_file')}={file}" for key, file in certificates.items()]
            address = machines.address if certificates else machines.address.replace("tls", "tcp")
            patience = LIMIT if certificates is ours else 1.0
            files.append(f"--set=dask.connect_timeout={patience}")
            with crawl(server, tmp_path / str(number), address, *files) as process:
                status, told = ended(process)
            if certificates is ours:
                assert (status, told) == (0, "")
                assert whole(tmp_path / "0", server)
            else:
                assert (status, len(told.splitlines())) == (1, 1)
                assert f"the Dask scheduler at {address} cannot be reached" in told


def _certificates(folder: Path, name: str) -> dict[str, Path]:
    """Make an authority and a certificate of its; return the files, by the names of Dask's options."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {f"tls_{what}": folder / f"{name}-{what}.pem" for what in ("ca_file", "cert", "key")}
    authority.cert_pem.write_to_path(files["tls_ca_file"])
    certificate.cert_chain_pems[0].write_to_path(files["tls_cert"])
    certificate.private_key_pem.write_to_path(files["tls_key"])
    return files
