"""A fork with an open connection: two processes, one socket, and each takes whatever answer comes first.

    parent ── asks for page 1 ──┐
                                ├──▶ one connection ──▶ the server answers page 1, then page 2
    child  ── asks for page 2 ──┘     whoever reads first gets page 1

The connection is the crawler's own, kept alive from one request to the next, as with all of its clients.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from multiprocessing.connection import Connection

from urllib3.exceptions import HTTPError

from crawler.backends.children import settle_in
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.processes import child, heard, need_fork
from crawler.model import Role, Task
from crawler.urls import path_and_query
from crawler.work.addresses import AddressRule
from crawler.work.exchange import Exchange
from crawler.work.extract import Extractor
from crawler.work.http import one_line, request_headers
from crawler.work.settings import FieldSpec, WorkSettings
from crawler.work.wire import PlainConnection, Wire
from fixtures.process import FixtureServer
from fixtures.site import Site

PAGES = 3
LATENCY = 0.2
"""Seconds that the server thinks about each page: time enough to ask it two things before it has answered one."""
ANSWER_LIMIT = 3.0
"""Seconds within which an answer must have come."""


class Line:
    """A connection that stays open from one page to the next."""

    def __init__(self, site: str) -> None:
        self._wire = Wire(AddressRule(allow_private=True))  # the fixture site is on this machine
        host, _, port = site.split("/")[2].partition(":")
        self._connection = PlainConnection(host, int(port), wire=self._wire)
        self._extractor = Extractor(WorkSettings(fields=(FieldSpec("title", "h1"),)))

    def ask(self, url: str) -> None:
        """Send the request for a page."""
        headers = request_headers("hazards")
        task = Task(url, Role.DETAIL)
        self._wire.exchange = Exchange(task, headers, timeout=ANSWER_LIMIT, max_bytes=10_000_000)
        self._connection.request("GET", path_and_query(url), headers=headers)

    def read(self) -> str:
        """Return the title of the page that comes, or what came instead of one."""
        try:
            html = self._connection.getresponse().data.decode()
        except (OSError, HTTPException, HTTPError) as error:
            return f"no page: {one_line(str(error)) or type(error).__name__}"
        record = self._extractor.read(html, self._wire.exchange.url, Role.DETAIL).record
        return str(record["title"] if record else None)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process asked for, and what it read."""

    who: str
    asked: str
    """The title of the page that it asked for."""
    read: str


@dataclass(frozen=True, slots=True)
class Answers(Facts):
    """What parent and child read."""

    answers: tuple[Answer, ...]
    connections: int
    """Connections that the server saw, for all requests."""

    @property
    def harmed(self) -> bool:
        """Whether anybody read something else than what it had asked for."""
        return any(answer.read != answer.asked for answer in self.answers)

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        connections = "one connection" if self.connections == 1 else f"{self.connections} connections"
        told = [f"the server saw {connections}"]
        for answer in self.answers:
            read = "got it" if answer.read == answer.asked else f"read {answer.read!r}"
            told.append(f"the {answer.who} asked for {answer.asked!r}, and {read}")
        return told


def ask_both(*, share: bool) -> Answers:
    """Let a process and its fork each ask for a page, over a shared connection or each over its own."""
    need_fork()
    site = Site(PAGES)
    first, ours, theirs = (site.item(number) for number in (1, 2, 3))
    with FixtureServer(pages=PAGES, latency=LATENCY) as server, closing(Line(server.url)) as line:
        base = server.url.rstrip("/")
        line.ask(base + first.path)
        line.read()  # the connection is open now, and kept
        with child("fork", _ask, line if share else None, server.url, base + theirs.path) as started:
            line.ask(base + ours.path)
            started.pipe.send("your turn")
            read = heard(started.pipe, str)
            answers = (
                Answer("child", " ".join(theirs.title.split()), read),
                Answer("parent", " ".join(ours.title.split()), line.read()),
            )
        return Answers(answers, len({hit.peer for hit in server.log()}))


def _ask(pipe: Connection, inherited: Line | None, site: str, url: str) -> None:
    """Ask for a page in the child, when the parent has asked for its own."""
    settle_in()
    line = inherited or Line(site)
    heard(pipe, str)
    line.ask(url)
    pipe.send(line.read())


FORKED_LINE = Hazard(
    tries="""
        A process fetches a page from the fixture site and keeps the connection, then forks. Parent and child
        each ask for a page; the child reads first.
    """,
    run=lambda: ask_both(share=True),
    cause="""
        A fork copies the number of the socket, not the connection: there is one stream of bytes, and whoever
        reads takes from it what comes next. Nothing in HTTP/1.1 says whose answer it is. Read in pieces by
        both, it is not even HTTP any more.
    """,
    cure="""
        Each process opens its own connection after it has started. So it is in the crawl: `Work.open` is called
        in the worker, and a `SitePerformer` is never sent to one nor inherited.
    """,
    run_cured=lambda: ask_both(share=False),
    read=(ask_both, _ask),
)
