"""The command line as a user runs it, against real servers, on every backend."""

import json
import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from crawler.backends.registry import BACKENDS
from fixtures.process import FixtureServer
from tests.integration.shop import canonical, command, lines, shop, started, truth

PAGES = 120
LIMIT = 50.0

every_backend = pytest.mark.parametrize(
    "backend", sorted(name for name, entry in BACKENDS.items() if not entry.missing)
)
every_process_backend = pytest.mark.parametrize(
    "backend", sorted(name for name in BACKENDS if BACKENDS[name].processes)
)


def run(*args: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*args), capture_output=True, text=True, timeout=LIMIT, check=False, cwd=cwd)


@every_backend
def test_the_shop_is_crawled_whole_each_page_once(backend: str, tmp_path: Path) -> None:
    with FixtureServer(pages=PAGES) as server:
        done = run(*shop(server, tmp_path, backend))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, PAGES)
        assert set(server.stats()["paths"].values()) == {1}
    pages = lines(tmp_path / "pages.jsonl")
    assert len({page["url"] for page in pages}) == len(pages)
    assert {page["outcome"] for page in pages} == {"ok"}
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["backend"], report["items"], report["outcomes"]["ok"]) == (backend, PAGES, len(pages))


@every_backend
def test_an_interrupted_crawl_saves_its_state_and_goes_on(backend: str, tmp_path: Path) -> None:
    with FixtureServer(pages=PAGES, latency=0.1) as server:
        args = shop(server, tmp_path, backend)
        with started(*args) as crawl:
            end = time.monotonic() + LIMIT
            while server.stats()["hits"] < 15:
                assert time.monotonic() < end
                time.sleep(0.02)
            crawl.send_signal(signal.SIGINT)
            assert crawl.wait(LIMIT) == 130
        before = lines(tmp_path / "items.jsonl")
        assert len(before) < PAGES
        done = run(*args, "--resume")
        assert (done.returncode, done.stderr) == (0, "")
        items = lines(tmp_path / "items.jsonl")
        assert len(items) == PAGES
        assert canonical(items) == truth(server, PAGES)
        again = {path for path, hits in server.stats()["paths"].items() if hits > 1}
        assert again == {"/robots.txt"}, "what had finished was not fetched again"


def _family(pid: int) -> list[psutil.Process]:
    """Return the processes below one that are there, their command lines known."""
    return [child for child in psutil.Process(pid).children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]


@every_process_backend
def test_ctrl_c_at_a_terminal_while_processes_start_is_an_interruption_like_any_other(
    backend: str, tmp_path: Path
) -> None:
    with FixtureServer(pages=PAGES, latency=0.1) as server:
        args = [*shop(server, tmp_path, backend), "--set=processes.start_method=spawn"]  # the slowest to start
        with started(*args, stderr=subprocess.PIPE) as crawl:
            end = time.monotonic() + LIMIT
            while not any("spawn_main" in " ".join(child.cmdline()) for child in _family(crawl.pid)):
                assert time.monotonic() < end
            os.killpg(crawl.pid, signal.SIGINT)
            _, told = crawl.communicate(timeout=LIMIT)
        assert (crawl.returncode, b"Traceback" in told) == (130, False), told.decode()
        assert run(*args, "--resume").returncode == 0
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, PAGES)


STARTED_BY = {"spawn": "spawn_main", "forkserver": "forkserver", "fork": "-m crawler"}
"""What the command line of a worker process holds, by the method that started it: a fork keeps that of its parent."""


@every_process_backend
@pytest.mark.parametrize("start_method", multiprocessing.get_all_start_methods())
def test_no_process_outlives_a_coordinator_that_is_killed(backend: str, start_method: str, tmp_path: Path) -> None:
    with FixtureServer(pages=PAGES, latency=0.1) as server:
        args = [
            *shop(server, tmp_path, backend),
            "--consumers=3",
            "--set=crawl.processes=3",
            f"--set=processes.start_method={start_method}",
        ]
        with started(*args) as crawl:
            end = time.monotonic() + LIMIT
            while server.stats()["hits"] < 10:
                assert time.monotonic() < end
                time.sleep(0.02)
            family = psutil.Process(crawl.pid).children(recursive=True)
            assert sum(STARTED_BY[start_method] in " ".join(child.cmdline()) for child in family) >= 3
            crawl.kill()
            crawl.wait(LIMIT)
            _, alive = psutil.wait_procs(family, timeout=10.0)
            assert alive == []


def test_without_a_start_url_the_fixture_site_is_crawled(tmp_path: Path) -> None:
    done = run("--set", "fixture.pages=40", "--set", "fixture.latency=0", cwd=tmp_path)
    assert done.returncode == 0
    assert "fixture site" in done.stderr
    assert "40" in done.stdout
    (folder,) = (tmp_path / "crawls").iterdir()
    assert folder.name.endswith("-queue")
    assert len(lines(folder / "items.jsonl")) == 40


def test_a_folder_that_holds_a_crawl_is_refused_resumed_or_overwritten(tmp_path: Path) -> None:
    with FixtureServer(pages=PAGES) as server:
        args = shop(server, tmp_path, "queue")
        assert run(*args, "--max-pages=30").returncode == 0
        assert len(lines(tmp_path / "pages.jsonl")) == 30
        refused = run(*args)
        assert refused.returncode == 2
        assert "--resume or --overwrite" in refused.stderr
        other = run(*args, "--resume", "--set=extract.parser=bs4-lxml")
        assert (other.returncode, "extract.parser" in other.stderr) == (2, True)
        assert run(*args, "--resume").returncode == 0
        assert canonical(lines(tmp_path / "items.jsonl")) == truth(server, PAGES)
        assert run(*args, "--overwrite", "--max-pages=5").returncode == 0
        assert len(lines(tmp_path / "pages.jsonl")) == 5


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["--backend=queu"], 2, "did you mean queue?"),
        (["--set=crawl.consumer=1"], 2, "did you mean consumers?"),
        (["--set=crawl.consumers=x"], 2, "crawl.consumers"),
        (["--start-url=ftp://x/"], 2, "not an http or https URL"),
        (["--config=nowhere.toml"], 2, "nowhere.toml"),
        (["--no-such-option"], 2, "--no-such-option"),
        (["craw"], 2, "did you mean crawl?"),
        (["https://shop.test/"], 2, "there is no command 'https://shop.test/'; write --start-url before a URL"),
        (
            ["crawl", "--resume", "crawls/one"],
            2,
            "'crawls/one' belongs to no option: write --start-url before a URL, --out",
        ),
        (["--quiet", "compare"], 2, "'compare' is a command: put it first, before any option"),
        (["fetch", "127.0.0.1:8931/"], 2, "did you mean http://127.0.0.1:8931/?"),
        (["robots", "example.test"], 2, "did you mean https://example.test?"),
        (["advise", "example.test"], 2, "did you mean https://example.test?"),
        (["--resume"], 2, "--out"),
        (["--out="], 2, "it names no folder"),
        (["--retry-failed", "--out=crawl"], 2, "crawl holds no crawl of which pages could have failed"),
        (['--set=site.list=["shop/*"]'], 2, "site.list: 'shop/*' matches no path, as each begins with a slash: write"),
        (['--set=site.deny=["http://a.test/x/*"]'], 2, "write it as '/x/*'"),
        (
            ['--set=site.deny=["/x#y"]'],
            2,
            "site.deny: '/x#y' matches no path, as none has what follows a #: write it as",
        ),
        (["--start-url=http://127.0.0.1:9/", "--set=retry.attempts=1"], 1, "no start page could be fetched"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(args: list[str], code: int, told: str, tmp_path: Path) -> None:
    quiet = ["--quiet"] if args[0].startswith("--") else []
    done = run(*args, *quiet, cwd=tmp_path)
    assert done.returncode == code
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_help_is_whole_in_80_columns_and_calls_the_program_as_it_was_started(tmp_path: Path) -> None:
    narrow = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parents[2])}
    script = tmp_path / "crawler"  # as an installation makes it
    script.write_text(f"#!{sys.executable}\nfrom crawler.__main__ import main\nmain()\n")
    script.chmod(0o755)
    for args, name in (([str(script)], "crawler"), (command(), "python -m crawler")):
        told = subprocess.run([*args, "--help"], env=narrow, capture_output=True, text=True, check=True, timeout=LIMIT)
        assert told.stdout.startswith(f"Usage: {name} [OPTIONS]")
        assert "..." not in told.stdout.replace("[ARGS]...", "")


def test_a_crawl_that_had_nothing_to_crawl_is_no_success_when_it_is_resumed(tmp_path: Path) -> None:
    args = ("--start-url=http://127.0.0.1:9/", "--set=retry.attempts=1", "--quiet", f"--out={tmp_path}")
    told = "no start page could be fetched"
    for more in ((), ("--resume",), ("--retry-failed",)):
        done = run(*args, *more)
        assert (done.returncode, told in done.stderr) == (1, True)


def test_where_there_is_no_crawl_to_go_on_with_one_begins_and_it_is_said(tmp_path: Path) -> None:
    done = run("--resume", f"--out={tmp_path}", "--set=fixture.pages=5", "--set=fixture.latency=0")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == f"{tmp_path} holds no crawl to go on with: beginning one"


def test_a_folder_that_cannot_be_used_is_the_command_lines_fault(tmp_path: Path) -> None:
    (tmp_path / "crawl.db").write_text("no database")
    for more in ((), ("--resume",)):
        done = run("--quiet", f"--out={tmp_path}", *more)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "its crawl.db is not a database" in done.stderr


@pytest.mark.parametrize("name", ["nö", "new\nline", "\udcff"])
def test_a_folder_whose_name_cannot_be_shown_is_shown_all_the_same(name: str, tmp_path: Path) -> None:
    strict = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    args = command("--set=fixture.pages=5", "--set=fixture.latency=0", f"--out={name}")
    done = subprocess.run(args, cwd=tmp_path, env=strict, capture_output=True, check=False, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(b"files in")


@every_process_backend
def test_where_no_process_can_be_started_it_is_told_why(backend: str, tmp_path: Path) -> None:
    gone, deep = tmp_path / "gone", tmp_path / ("long" * 30)
    deep.mkdir()
    args = command(
        f"--backend={backend}", "--quiet", "--overwrite", f"--out={tmp_path / 'out'}", "--set=fixture.pages=5"
    )
    left = (1, ["crawler: a process cannot be started: the current folder is no more: go to another"])
    long = (
        1,
        [f"crawler: a process cannot be started: TMPDIR, {deep}, is too long a name for a socket in it: set another"],
    )
    if sys.version_info >= (3, 14):  # where multiprocessing then takes another folder
        long = (0, [])
    for before, told in ((f"mkdir {gone} && cd {gone} && rmdir {gone}", left), (f"export TMPDIR={deep}", long)):
        done = subprocess.run(
            ["sh", "-c", f"{before} && exec {shlex.join(args)}"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        assert (done.returncode, done.stderr.splitlines()) == told


def test_the_command_line_puts_right_what_a_file_says_of_backend_and_client(tmp_path: Path) -> None:
    advice = tmp_path / "advice.toml"
    advice.write_text('[crawl]\nbackend = "curl-multi"\n[http]\nclient = "curl"\n[fixture]\npages = 5\nlatency = 0\n')
    given = (f"--config={advice}", "--quiet")
    for number, by in enumerate((["--backend=asyncio"], ["--set=crawl.backend=asyncio"])):
        told = run(*given, *by, "--out=other", cwd=tmp_path)
        source = "--set" if number else "the command line"
        assert told.stderr == f"crawler: {source}: http.client: backend asyncio cannot use 'curl', only aiohttp\n"
        assert told.returncode == 2
        assert run(*given, *by, "--set=http.client=auto", f"--out={number}", cwd=tmp_path).returncode == 0
        assert len(lines(tmp_path / str(number) / "items.jsonl")) == 5


@pytest.mark.parametrize("started_as", ["module", "command", "command here", "script"])
def test_the_command_to_resume_with_can_be_typed_as_it_is_told(started_as: str, tmp_path: Path) -> None:
    """It is told in the user's folder, with nothing on the PATH that leads to this Python."""
    program = [sys.executable, "-m", "crawler"]
    if started_as != "module":
        file = tmp_path / {"command": "bin/crawl er", "command here": "crawl er", "script": "go.py"}[started_as]
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!{sys.executable}\nfrom crawler.__main__ import main\nmain()\n")
        file.chmod(0o755)
        program = [sys.executable, file.name] if started_as == "script" else [str(file)]
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    args = ["--set", "fixture.pages=40", "--set", "fixture.latency=0.1", "--out", "a folder"]
    with subprocess.Popen([*program, *args], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as crawl:
        end = time.monotonic() + LIMIT
        while not (tmp_path / "a folder" / "crawl.db").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        crawl.send_signal(signal.SIGINT)
        _, told = crawl.communicate(timeout=LIMIT)
    assert crawl.returncode == 130
    (again,) = re.findall("To go on: (.*)", told)
    done = subprocess.run(["sh", "-c", again], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path / "a folder" / "items.jsonl")) == 40


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_keep_no_crawl_from_its_end(closed: str, tmp_path: Path) -> None:
    args = command("--set=fixture.pages=5", "--set=fixture.latency=0", f"--out={tmp_path}")
    done = subprocess.run(f"{shlex.join(args)} {closed}", shell=True, capture_output=True, timeout=LIMIT, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert len(lines(tmp_path / "items.jsonl")) == 5
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["items"] == 5


@pytest.mark.parametrize("module", ["crawler.cli", "click", "crawler.config.tables"])
def test_ctrl_c_while_modules_are_loaded_is_no_traceback(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
from crawler.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_told_in_one_line(tmp_path: Path) -> None:
    crawl = ("--set=fixture.pages=5", "--set=fixture.latency=0", f"--out={tmp_path}")
    failed = (1, "crawler: cannot go on: No space left on device")
    finished = (0, "the summary cannot be written: No space left on device")
    for args, end in ((crawl, finished), (("backends",), failed), (("fetch", "http://127.0.0.1:9/"), failed)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command(*args), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr.splitlines()[-1]) == end
        assert "Traceback" not in done.stderr
    assert len(lines(tmp_path / "items.jsonl")) == 5


def test_it_is_no_failure_that_nobody_reads_what_is_printed(tmp_path: Path) -> None:
    crawl = ("--set=fixture.pages=5", "--set=fixture.latency=0", f"--out={tmp_path}")
    for args in (crawl, ("backends",), ("--version",), ("--help",), ("hazards", "deadlock")):
        with _unread() as pipe:
            done = subprocess.run(command(*args), stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr, "Broken" in done.stderr) == (0, False, False)


def test_a_crawl_goes_on_when_nobody_reads_of_its_progress(tmp_path: Path) -> None:
    crawl = ("--set=fixture.pages=5", "--set=fixture.latency=0", f"--out={tmp_path}")
    with _unread() as pipe:
        done = subprocess.run(command(*crawl), stdout=subprocess.PIPE, stderr=pipe, check=False)
    assert (done.returncode, b"items" in done.stdout) == (0, True)
    assert len(lines(tmp_path / "items.jsonl")) == 5
    assert (tmp_path / "report.json").exists()


@contextmanager
def _unread() -> Iterator[int]:
    """Yield a pipe that nobody reads from any more."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has interpreters")
def test_a_backend_that_this_python_has_not_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run("--backend=interpreters", cwd=tmp_path)
    assert done.returncode == 2
    assert "interpreters needs Python 3.14 or later" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["deadlock", "join-before-drain"])
def test_a_hazard_can_be_run_from_anywhere_and_ends_by_itself(name: str, tmp_path: Path) -> None:
    done = run("hazards", name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    labels = [line.split()[0] for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert labels == [f"{name}:", "try", "seen", "why", "cure", "seen", "read"]


def test_one_url_can_be_looked_at_closely() -> None:
    with FixtureServer(pages=PAGES) as server:
        page = json.loads(run("fetch", server.url, "--set=extract.fields.title=title").stdout)
        assert (page["status"], page["reason"], page["taken_up"]) == (200, None, "detail")
        assert page["record"]["title"]
        page = json.loads(run("fetch", server.url, '--set=site.list=["/category/*"]').stdout)
        assert page["taken_up"] == "filtered"
        assert page["links_taken_up"].keys() == {"list", "filtered", "offsite"}
        assert sum(page["links_taken_up"].values()) == len(page["links"])
        rules = json.loads(run("robots", f"{server.url}search?q=x").stdout)
        assert (rules["status"], rules["allowed"]) == (200, False)
    told = run("backends").stdout
    assert all(name in told for name in BACKENDS)
