"""Sites without end, and hosts that do not answer: by way of the command line."""

import json
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from fixtures.faults import FAULTS
from fixtures.process import FixtureServer
from tests.contract.servers import RawServer, answer, html
from tests.integration.shop import canonical, command, lines, shop, truth

PAGES = 300
LIMIT = 50.0
ENDLESS = sorted(name for name, told in FAULTS.items() if told.startswith("endless"))


@pytest.mark.parametrize("backend", ["queue", "asyncio"])
def test_a_site_with_every_trap_is_crawled_to_its_end_with_all_that_is_real(backend: str, tmp_path: Path) -> None:
    bounds = [f"--set=traps.{name}" for name in ("calendar_pages=60", "session_ids=20", "circling_paths=60")]
    with FixtureServer(pages=PAGES, faults=ENDLESS) as server:
        subprocess.run(
            [*command(*shop(server, tmp_path, backend)), *bounds, "--consumers=16"], check=True, timeout=LIMIT
        )
        right = truth(server, PAGES)
    items = lines(tmp_path / "items.jsonl")
    assert canonical(items) == right
    surplus = json.loads((tmp_path / "report.json").read_text())["surplus"]
    assert {"calendar-pages", "session-ids", "repeated-segments", "circling-paths"} <= surplus.keys()
    pages = lines(tmp_path / "pages.jsonl")
    assert len(pages) < 2_000
    assert {page["outcome"] for page in pages} == {"ok"}, "what is left is counted, not a line each"


def test_a_long_pagination_is_no_trap(tmp_path: Path) -> None:
    last = 1_500

    def script(connection: socket.socket, head: bytes) -> bool:
        number = int(head.split(b" ")[1].rpartition(b"=")[2] or 0) if b"?page=" in head.split(b"\r\n")[0] else 0
        links = "".join(f'<a href="/list?page={n}">x</a>' for n in (3 * number + 1, 3 * number + 2, 3 * number + 3))
        connection.sendall(answer("404 Not Found") if b"/robots.txt" in head else html(links.encode()))
        return True

    with RawServer(script) as server:
        args = ("--quiet", f"--start-url={server.url}", f"--out={tmp_path}", f"--max-pages={last}", "--consumers=16")
        limits = ("--set=traps.query_variants=100", "--set=traps.calendar_pages=100", "--set=traps.session_ids=100")
        subprocess.run([*command(*args), *limits], check=True, timeout=LIMIT)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["outcomes"]["ok"], report["surplus"]) == (last, {})


@pytest.mark.parametrize("backend", ["queue", "asyncio"])
def test_a_host_that_keeps_failing_is_given_up_and_each_of_its_pages_says_so(backend: str, tmp_path: Path) -> None:
    links = html("".join(f'<a href="/{number}">x</a>' for number in range(200)).encode())

    def script(connection: socket.socket, head: bytes) -> bool:
        path = head.split(b" ")[1]
        answers = {b"/": links, b"/robots.txt": answer("404 Not Found")}
        connection.sendall(answers.get(path, answer("503 Service Unavailable")))
        return True

    with RawServer(script) as server:
        args = ("--quiet", f"--backend={backend}", f"--start-url={server.url}", f"--out={tmp_path}")
        quickly = ("--set=politeness.max_backoff=0.05", "--set=retry.backoff=0.01", "--set=politeness.give_up_after=20")
        subprocess.run([*command(*args), *quickly], check=True, timeout=LIMIT)
        assert len(server.requests) < 100
    reasons = Counter(page["reason"] for page in lines(tmp_path / "pages.jsonl") if page["outcome"] == "failed")
    assert reasons.keys() <= {"host-given-up", "status-503"}, "some had their three tries before it was over"
    assert reasons["host-given-up"] > 150
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["outcomes"] == {"ok": 1, "skipped": 0, "failed": 200}
    assert "status-503" in next(iter(report["hosts_given_up"].values()))


def test_pages_that_are_not_there_give_no_host_up(tmp_path: Path) -> None:
    links = html("".join(f'<a href="/{number}">x</a>' for number in range(100)).encode())

    def script(connection: socket.socket, head: bytes) -> bool:
        connection.sendall(links if head.startswith(b"GET / ") else answer("404 Not Found"))
        return True

    with RawServer(script) as server:
        args = ("--quiet", f"--start-url={server.url}", f"--out={tmp_path}", "--set=politeness.give_up_after=5")
        subprocess.run(command(*args), check=True, timeout=LIMIT)
    assert {page["reason"] for page in lines(tmp_path / "pages.jsonl")} == {None, "status-404"}
