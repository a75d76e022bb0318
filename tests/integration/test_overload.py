"""A host that asks for patience gets it, as a whole: by way of the command line, by Retry-After and by robots.txt."""

import json
import socket
import subprocess
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.contract.servers import RawServer, Script, answer, html
from tests.integration.shop import command, lines

LIMIT = 50.0
LINKS = html("".join(f'<a href="/{number}">x</a>' for number in range(4)).encode())

both = pytest.mark.parametrize("backend", ["queue", "asyncio"])


class Busy:
    """A script that turns `/1` away at the first hit, and notes when it did and when each request came."""

    def __init__(self, status: str, header: Callable[[], str], robots: str = "") -> None:
        self.status = status
        self.header = header
        self.robots = answer("200 OK", robots.encode(), "Content-Type: text/plain")
        self.came: list[tuple[bytes, float]] = []
        self.answered: list[float] = []
        self.turned_away = False

    def __call__(self, connection: socket.socket, head: bytes) -> bool:
        path = head.split(b" ")[1]
        self.came.append((path, time.monotonic()))
        reply = {b"/": LINKS, b"/robots.txt": self.robots}.get(path, html(b"<p>x"))
        if path == b"/1" and not self.turned_away:
            self.turned_away = True
            reply = answer(self.status, b"later", f"Retry-After: {self.header()}")
        self.answered.append(time.monotonic())
        connection.sendall(reply)
        return True


def crawl(script: Script, out: Path, *args: str) -> dict[str, tuple[str, int]]:
    """Crawl what the script serves; return the outcome of each page and how often it was asked for."""
    with RawServer(script) as server:
        args = (*command("--quiet", f"--start-url={server.url}", f"--out={out}"), "--set=politeness.per_host=1", *args)
        subprocess.run(args, check=True, timeout=LIMIT)
        pages = lines(out / "pages.jsonl")
        return {page["url"].removeprefix(server.origin): (page["outcome"], page["attempts"]) for page in pages}


@both
@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        ("429 Too Many Requests", lambda: "1", 1.0),
        # A date has no fractions: of three seconds at least two are left.
        ("503 Service Unavailable", lambda: formatdate(time.time() + 3, usegmt=True), 2.0),
        ("429 Too Many Requests", lambda: "31536000", 2.5),
        ("503 Service Unavailable", lambda: "Fri, 31 Dec 9999 23:59:59 GMT", 2.5),
        ("503 Service Unavailable", lambda: "in a moment", 0.0),
    ],
    ids=["seconds", "date", "a year", "for ever", "nonsense"],
)
def test_retry_after_holds_for_the_whole_host(
    backend: str, status: str, header: Callable[[], str], seconds: float, tmp_path: Path
) -> None:
    busy = Busy(status, header)
    limits = ("--set=retry.max_wait=2.5", "--set=retry.backoff=0.05", "--set=politeness.obey_robots=false")
    outcomes = crawl(busy, tmp_path, f"--backend={backend}", *limits)
    assert outcomes == {"/": ("ok", 1), "/0": ("ok", 1), "/1": ("ok", 2), "/2": ("ok", 1), "/3": ("ok", 1)}
    turned_away = next(index for index, (path, _) in enumerate(busy.came) if path == b"/1")
    assert busy.came[turned_away + 1][1] - busy.answered[turned_away] >= seconds


@both
@pytest.mark.parametrize(
    "robots",
    [
        "User-agent: *\nCrawl-delay: 0.3\n",
        "User-agent: *\nCrawl-delay: 0\nDisallow: /\n\nUser-agent: Crawler\nCrawl-delay: 0.3\n",
    ],
    ids=["for all", "for us"],
)
def test_crawl_delay_is_honoured(backend: str, robots: str, tmp_path: Path) -> None:
    busy = Busy("503 Service Unavailable", lambda: "0", robots)
    assert len(crawl(busy, tmp_path, f"--backend={backend}", "--set=retry.backoff=0")) == 5
    gaps = [came - before for (_, came), before in zip(busy.came[1:], busy.answered, strict=False)]
    assert len(gaps) == 6
    assert min(gaps) >= 0.3


def test_our_own_group_counts_and_not_the_one_for_all(tmp_path: Path) -> None:
    busy = Busy("200 OK", lambda: "0", "User-agent: *\nDisallow: /\n\nUser-agent: crawler\nDisallow: /2\n")
    assert crawl(busy, tmp_path)["/2"] == ("skipped", 0)
    assert {path for path, _ in busy.came} == {b"/robots.txt", b"/", b"/0", b"/1", b"/3"}


@both
def test_noindex_keeps_a_page_out_of_the_items_and_not_its_links(backend: str, tmp_path: Path) -> None:
    pages = {
        b"/": html(b'<meta name="robots" content="noindex"><a href=/a>x</a><a href=/paid rel=nofollow>x</a>'),
        b"/a": html(b"<a href=/lost>x</a>", "X-Robots-Tag: bot: nofollow"),
        b"/robots.txt": answer("404 Not Found"),
    }
    with RawServer(lambda connection, head: connection.sendall(pages[head.split(b" ")[1]]) is None) as server:
        args = ("--quiet", f"--backend={backend}", f"--start-url={server.url}", "--set=http.user_agent=Bot/2.0")
        subprocess.run(command(*args, f"--out={tmp_path}"), check=True, timeout=LIMIT)
        origin = server.origin
    assert {page["url"]: (page["outcome"], page["reason"]) for page in lines(tmp_path / "pages.jsonl")} == {
        f"{origin}/": ("skipped", "noindex"),
        f"{origin}/a": ("ok", None),
    }
    assert [item["url"] for item in lines(tmp_path / "items.jsonl")] == [f"{origin}/a"]
    assert json.loads((tmp_path / "report.json").read_text())["reasons"] == {"noindex": 1}
