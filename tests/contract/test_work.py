"""What every client does, whatever it is made of: one meaning of a fetch, held against servers that misbehave."""

import asyncio
import contextlib
import gc
import gzip
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest
import trustme

from crawler.model import Failure, Outcome, Role, Task
from crawler.urls import canonical
from crawler.work import addresses
from crawler.work.addresses import AddressRule
from crawler.work.base import MultiPerformer
from crawler.work.clients import ASYNC_CLIENTS, CLIENTS, MULTI_CLIENTS
from crawler.work.parsers import PARSERS
from crawler.work.perform import SiteWork
from crawler.work.settings import FieldSpec, WorkSettings
from tests.contract.servers import RawServer, Script, always, answer, html, once, reset, silence
from tests.lookups import tell_libcurl

pytestmark = pytest.mark.timeout(20)

TITLE = FieldSpec("title", "title")
PAGE = b"<!doctype html><title>Hello</title><a href=next>Next</a>"

Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that answers as the script says, or always with the same bytes."""
    with ExitStack() as stack:

        def start(script: Script | bytes, tls: ssl.SSLContext | None = None) -> RawServer:
            return stack.enter_context(RawServer(always(script) if isinstance(script, bytes) else script, tls))

        yield start


class Worker:
    """A performer of any kind, driven the same way."""

    def __init__(self, client: str, kind: str = "blocking") -> None:
        self.client = client
        self.kind = kind

    def perform(self, *urls: str, role: Role = Role.DETAIL, **settings: object) -> list[Outcome]:
        """Return the outcomes of the URLs, one after another over one performer."""
        defaults = {"timeout": 5.0, "addresses": AddressRule(allow_private=True)}
        work = SiteWork(WorkSettings(fields=(TITLE,), **{**defaults, **settings}), self.client)  # type: ignore[arg-type]
        tasks = [Task(canonical(url) or url, role) for url in urls]
        if self.kind == "async":
            return asyncio.run(self._perform_async(work, tasks))
        if self.kind == "multi":
            return self._perform_multi(work, tasks)
        performer = work.open()
        try:
            return [performer.perform(task, "w-0") for task in tasks]
        finally:
            performer.close()

    async def _perform_async(self, work: SiteWork, tasks: list[Task]) -> list[Outcome]:
        performer = work.open_async()
        try:
            return [await performer.perform(task, "w-0") for task in tasks]
        finally:
            await performer.close()

    def _perform_multi(self, work: SiteWork, tasks: list[Task]) -> list[Outcome]:
        performer = work.open_multi()
        outcomes: list[Outcome] = []
        try:
            for task in tasks:
                performer.begin(task, "w-0")
                while not (ready := performer.poll(60.0)):
                    pass
                outcomes += ready
        finally:
            performer.close()
        return outcomes

    def one(self, url: str, **settings: object) -> Outcome:
        """Return the outcome of one URL."""
        return self.perform(url, **settings)[0]  # type: ignore[arg-type]

    def fails(self, url: str, **settings: object) -> Failure:
        """Return the failure of a URL that must fail."""
        outcome = self.one(url, **settings)
        assert outcome.failure is not None, outcome
        assert outcome.record is None
        assert outcome.links == ()
        assert "0x" not in outcome.failure.message
        assert outcome.failure.message.isprintable()
        assert outcome.failure.message
        return outcome.failure


EVERY = [
    *(pytest.param(Worker(name), id=name) for name in CLIENTS),
    *(pytest.param(Worker(name, "async"), id=name) for name in ASYNC_CLIENTS),
    *(pytest.param(Worker(name, "multi"), id=f"{name}-multi") for name in MULTI_CLIENTS),
]


@pytest.fixture(params=EVERY)
def worker(request: pytest.FixtureRequest) -> Worker:
    return request.param  # type: ignore[no-any-return]


# The request


def test_work_is_picklable() -> None:
    work = SiteWork(WorkSettings(fields=(TITLE,)), "requests")
    assert pickle.loads(pickle.dumps(work)) == work


def test_describing_the_work_imports_no_client_and_no_parser() -> None:
    code = "import sys, crawler.work.perform; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"requests", "urllib3", "pycurl", "aiohttp", "bs4", "lxml", "soupsieve", "selectolax", "charset_normalizer"}
    assert not heavy & set(modules)


def test_a_page_is_read(worker: Worker, serve: Serve) -> None:
    server = serve(html(PAGE))
    before = time.monotonic()
    outcome = worker.one(f"{server.origin}/a/b")
    assert (outcome.status, outcome.content_type, outcome.size) == (200, "text/html", len(PAGE))
    assert outcome.record == {"title": "Hello"}
    assert outcome.links == (f"{server.origin}/a/next",)
    assert (outcome.failure, outcome.skip, outcome.redirect, outcome.robots) == (None, None, None, None)
    assert outcome.worker == "w-0"
    assert before <= outcome.timings.started <= outcome.timings.fetched <= outcome.timings.finished <= time.monotonic()


def test_the_phases_of_a_fetch_are_told_in_order_on_a_new_connection_and_on_a_kept_one(
    worker: Worker, serve: Serve
) -> None:
    server = serve(html(PAGE))
    for outcome in worker.perform(f"{server.origin}/a", f"{server.origin}/b"):
        times = outcome.timings
        assert times.connected is not None
        assert times.answered is not None
        assert times.started <= times.connected <= times.answered <= times.fetched <= times.finished
        assert times.parse_cpu is not None
        assert times.parse_cpu >= 0
        assert (times.fetch_cpu is None) == (worker.kind != "blocking"), "a thread that many share is nobody's"
    assert server.connections == 1


def test_what_was_not_reached_has_no_connection_and_what_does_not_answer_has_one(worker: Worker, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    unreached = worker.one(f"http://127.0.0.1:{port}/").timings
    assert (unreached.connected, unreached.answered) == (None, None)
    silent = worker.one(serve(silence).url, timeout=0.3).timings
    assert silent.connected is not None
    assert silent.started <= silent.connected <= silent.fetched
    assert silent.answered is None


TARGETS = (
    *(
        "/%70",
        "/%25",
        "/a%20b",
        "/%C3%A9",
        "/%c3%a9",
        "/a%2Fb",
        "/a%zz",
        "/x?q=%70&a=b+c",
        "/a//b",
        "/a;b",
        "/|",
        "/a'b",
    ),
    *("/x?a=[1]", "/x?a='1'", "/~u/^", "/a%", "/x?=%", "/a:b@c", "/x?q=/../y", "/%2e", "/a/?x?y", "/$&+,=!*()"),
)


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_goes_out_byte_for_byte(worker: Worker, serve: Serve, target: str) -> None:
    server = serve(html(PAGE))
    url = canonical(server.origin + target)
    assert url is not None
    worker.one(url)
    assert server.requests[0].split(b"\r\n")[0].decode() == f"GET {url[len(server.origin) :]} HTTP/1.1"


def test_an_empty_query_is_not_sent(worker: Worker, serve: Serve) -> None:
    server = serve(html(PAGE))
    worker.one(f"{server.origin}/x?#y")
    assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\n")


def test_the_request_says_nothing_surprising(worker: Worker, serve: Serve) -> None:
    server = serve(html(PAGE))
    worker.one(server.url, user_agent="bot/1.0")
    lines = server.requests[0].decode().split("\r\n")[1:-2]
    assert sorted(lines) == [
        "Accept-Encoding: gzip, deflate",
        "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: bot/1.0",
    ]


def test_a_connection_is_kept(worker: Worker, serve: Serve) -> None:
    missing = answer("404 Not Found", b"x" * 500)
    server = serve(lambda connection, head: connection.sendall(missing if b"404" in head else html(PAGE)) is None)
    worker.perform(*(f"{server.origin}/{name}" for name in ("a", "404", "b", "404/2", "c")))
    assert len(server.requests) == 5
    assert server.connections == 1


def test_an_unread_body_does_not_leak_into_the_next_answer(worker: Worker, serve: Serve) -> None:
    big = answer("200 OK", b"HTTP/1.1 500 Fake\r\n\r\n" * 500_000, "Content-Type: image/png")
    server = serve(lambda connection, head: connection.sendall(big if b"/big" in head else html(PAGE)) is None)
    outcomes = worker.perform(f"{server.origin}/big", f"{server.origin}/a")
    assert [outcome.skip for outcome in outcomes] == ["content-type", None]
    assert outcomes[1].record == {"title": "Hello"}
    assert server.connections == 2


def test_environment_proxies_and_netrc_are_not_used(
    worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serve(html(PAGE))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login joe password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert worker.one(server.url).failure is None
    assert b"authorization" not in server.requests[0].lower()


# Time


def drip(data: bytes, server: Callable[[], RawServer]) -> Script:
    """Send a byte every 50 ms."""

    def script(connection: socket.socket, _head: bytes) -> bool:
        for byte in data:
            connection.sendall(bytes((byte,)))
            if server().wait(0.05):
                break
        return False

    return script


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_the_timeout_is_that_of_the_whole_request(worker: Worker, serve: Serve, start: bytes) -> None:
    rest = b"x" * 1000 if start and b"100" not in start[:12] else b"HTTP/1.1 200 OK\r\n" + b"X-Long: header\r\n" * 50

    def script(connection: socket.socket, head: bytes) -> bool:
        connection.sendall(start)
        return drip(rest, lambda: server)(connection, head)

    server = serve(script)
    before = time.monotonic()
    failure = worker.fails(server.url, timeout=0.3)
    assert 0.25 < time.monotonic() - before < 10.0
    assert (failure.kind, failure.transient) == ("timeout", True)


def test_no_answer_is_a_timeout(worker: Worker, serve: Serve) -> None:
    server = serve(silence)
    assert worker.fails(server.url, timeout=0.3).kind == "timeout"


def test_a_handshake_that_never_comes_is_a_timeout(worker: Worker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = worker.fails(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3)
    assert (failure.kind, failure.transient) == ("timeout", True)


def test_the_deadline_is_each_requests_own(worker: Worker, serve: Serve) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        server.wait(0.2)
        connection.sendall(html(PAGE))
        return True

    server = serve(script)
    outcomes = worker.perform(*(f"{server.origin}/{number}" for number in range(3)), timeout=0.4)
    assert [outcome.failure for outcome in outcomes] == [None] * 3


# Connections that break


def test_refused_is_connection(worker: Worker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failure = worker.fails(f"http://127.0.0.1:{port}/")
    assert (failure.kind, failure.transient) == ("connection", True)
    assert "refused" in failure.message.lower()


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a..b", "x" * 64 + ".invalid"])
def test_an_unknown_name_is_connection(worker: Worker, name: str) -> None:
    failure = worker.fails(f"http://{name}/")
    assert (failure.kind, failure.transient) == ("connection", True)


@pytest.mark.parametrize("end", [lambda _connection: False, reset], ids=["closed", "reset"])
def test_a_new_connection_that_ends_before_the_answer_is_not_tried_again_here(
    worker: Worker, serve: Serve, end: Callable[[socket.socket], bool]
) -> None:
    server = serve(lambda connection, _head: end(connection))
    failure = worker.fails(server.url)
    assert (failure.kind, failure.transient) == ("connection", True)
    assert len(server.requests) == 1, "when there is another try is the frontier's to say"


def test_a_kept_connection_that_the_server_closed_meanwhile_goes_unnoticed(worker: Worker, serve: Serve) -> None:
    seen = threading.Event()

    def script(connection: socket.socket, head: bytes) -> bool:
        if b"/closing" in head and not seen.is_set():
            seen.set()
            return False
        connection.sendall(html(PAGE))
        return True

    server = serve(script)
    outcomes = worker.perform(f"{server.origin}/a", f"{server.origin}/closing", f"{server.origin}/b")
    assert [outcome.failure for outcome in outcomes] == [None] * 3
    assert [outcome.record for outcome in outcomes] == [{"title": "Hello"}] * 3


def test_a_request_goes_out_twice_at_most(worker: Worker, serve: Serve) -> None:
    """Also where the first went over a kept connection, which some libraries try anew by themselves."""
    server = serve(lambda connection, head: b"/a" in head and connection.sendall(html(PAGE)) is None)
    outcomes = worker.perform(f"{server.origin}/a", f"{server.origin}/b")
    assert outcomes[1].failure is not None
    assert outcomes[1].failure.kind == "connection"
    assert len(server.requests) == 3


def test_a_head_that_breaks_off_is_connection(worker: Worker, serve: Serve) -> None:
    server = serve(once(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Cut: of"))
    assert worker.fails(server.url).kind == "connection"


CUT = {
    "content-length": html(PAGE, length=5000),
    "chunk": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n<title>",
    "between chunks": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n",
    "gzip": html(gzip.compress(PAGE * 50)[:-10], "Content-Encoding: gzip"),
    "deflate": html(zlib.compress(PAGE * 50)[:-10], "Content-Encoding: deflate"),
}


@pytest.mark.parametrize("cut", CUT)
def test_a_body_that_is_cut_off_is_truncated(worker: Worker, serve: Serve, cut: str) -> None:
    failure = worker.fails(serve(once(CUT[cut])).url)
    assert (failure.kind, failure.transient) == ("truncated", True)


def test_a_reset_in_the_middle_of_the_body_is_truncated(worker: Worker, serve: Serve) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(html(PAGE, length=5000))
        server.wait(0.1)
        return reset(connection)

    server = serve(script)
    failure = worker.fails(server.url)
    assert (failure.kind, failure.transient) == ("truncated", True)


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_a_reset_is_truncated_though_only_the_end_would_tell_the_length(
    worker: Worker, serve: Serve, pause: float
) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)
        server.wait(pause)
        return reset(connection)

    server = serve(script)
    for failure in [worker.fails(server.url) for _ in range(5)]:
        # Where the reset comes at once, the head may be lost with it.
        assert failure.kind == "truncated" or (not pause and failure.kind == "connection")


def test_a_reset_after_a_whole_page_does_no_harm(worker: Worker, serve: Serve) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(html(PAGE))
        server.wait(0.1)
        return reset(connection)

    server = serve(script)
    outcomes = worker.perform(server.url, f"{server.origin}/2")
    assert [outcome.record for outcome in outcomes] == [{"title": "Hello"}] * 2


def test_nobody_is_told_of_a_broken_connection_but_by_the_outcome(
    worker: Worker, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(html(PAGE, length=5000))
        server.wait(0.1)
        return reset(connection)

    server = serve(script)
    worker.fails(server.url)
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_what_comes_after_a_page_is_not_taken_for_the_next_answer(worker: Worker, serve: Serve) -> None:
    fake = html(b"<title>Fake</title>")
    server = serve(html(PAGE) + fake)
    outcomes = worker.perform(*(f"{server.origin}/{number}" for number in range(5)))
    assert [outcome.record for outcome in outcomes] == [{"title": "Hello"}] * 5


CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
NOT_HTTP = {
    "garbage": b"\x00\x01\x02 nonsense\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "no status": b"HTTP/1.1 abc OK\r\n\r\n",
    "header of a megabyte": b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 5_000 + b"\r\n",
    "chunk size": f"{CHUNKED}zz\r\n<p>\r\n0\r\n\r\n".encode(),
    "negative chunk size": f"{CHUNKED}-5\r\n<p>\r\n0\r\n\r\n".encode(),
    "chunk longer than its size": f"{CHUNKED}3\r\n<p>abcdef\r\n0\r\n\r\n".encode(),
    "transfer coding": f"{CHUNKED}0\r\n\r\n".replace("chunked", "gzip, chunked").encode(),
    "chunks and a length": f"{CHUNKED[:-2]}Content-Length: 3\r\n\r\n3\r\n<p>\r\n0\r\n\r\n".encode(),
    "two lengths": html(PAGE, "Content-Length: 3"),
    "a length twice": html(PAGE, f"Content-Length: {len(PAGE)}"),
    "no length": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: x\r\n\r\n<p>",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: -1\r\n\r\n<p>",
    "line without a colon": html(PAGE, "no header at all"),
    "empty header name": html(PAGE, ": x"),
    "space in a header name": html(PAGE, "X Y: a"),
    "space after a header name": html(PAGE, "X-Y : a"),
    "return in a header": html(PAGE, "X-Y: a\rb"),
    "NUL in a header": html(PAGE, "X-Nul: a\0b"),
    "head of 300 KB": html(PAGE, *(f"X-{n}: {'x' * 60_000}" for n in range(5))),
    "another version": b"HTTP/3.7 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http_is_protocol(worker: Worker, serve: Serve, name: str) -> None:
    failure = worker.fails(serve(once(NOT_HTTP[name])).url)
    assert (failure.kind, failure.transient) == ("protocol", False)


@pytest.mark.parametrize("chunk", [b"zz\r\n<p>\r\n", b"3\r\n<p>abc\r\n"])
def test_a_bad_chunk_in_the_middle_is_protocol(worker: Worker, serve: Serve, chunk: bytes) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        for part in (CHUNKED.encode(), b"3\r\n<p>\r\n", chunk):
            connection.sendall(part)
            server.wait(0.05)
        return not server.wait(5)

    server = serve(script)
    assert worker.fails(server.url, timeout=1.0).kind == "protocol"


def test_garbage_is_noticed_though_the_connection_stays_open(worker: Worker, serve: Serve) -> None:
    assert worker.fails(serve(always(b"garbage, no line ever ends")).url).kind == "protocol"


def test_interim_answers_are_passed_over(worker: Worker, serve: Serve) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n"
    assert worker.one(serve(interim + html(PAGE)).url).record == {"title": "Hello"}


def test_http_1_0_ends_with_the_connection(worker: Worker, serve: Serve) -> None:
    server = serve(once(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE))
    assert worker.one(server.url).record == {"title": "Hello"}


def test_chunks_are_joined(worker: Worker, serve: Serve) -> None:
    chunks = b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in (PAGE[:1], PAGE[1:20], PAGE[20:]))
    server = serve(CHUNKED.encode() + chunks + b"0\r\nX-Trailer: 1\r\n\r\n")
    outcomes = worker.perform(f"{server.origin}/a", f"{server.origin}/b")
    assert [outcome.size for outcome in outcomes] == [len(PAGE)] * 2
    assert server.connections == 1


# Size


def test_an_announced_body_that_is_too_large_is_not_read(worker: Worker, serve: Serve) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(html(b"", length=10**10))
        return not server.wait(10)

    server = serve(script)
    before = time.monotonic()
    failure = worker.fails(server.url, max_bytes=1000)
    assert (failure.kind, failure.transient) == ("too-large", False)
    assert time.monotonic() - before < 8.0


def test_an_endless_body_is_left_at_the_limit(worker: Worker, serve: Serve) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        with contextlib.suppress(OSError):
            while not server.wait(0):
                connection.sendall(b"x" * 10_000)
        return False

    server = serve(script)
    assert worker.fails(server.url, max_bytes=100_000).kind == "too-large"


def test_the_limit_itself_is_allowed(worker: Worker, serve: Serve) -> None:
    server = serve(html(PAGE))
    assert worker.one(server.url, max_bytes=len(PAGE)).failure is None
    assert worker.fails(server.url, max_bytes=len(PAGE) - 1).kind == "too-large"


BOMB = gzip.compress(b"\0" * 100_000_000, 9)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_bomb_costs_no_more_than_the_limit(worker: Worker, serve: Serve, coding: str) -> None:
    bomb = BOMB if coding == "gzip" else gzip.compress(BOMB)
    server = serve(html(bomb, f"Content-Encoding: {coding}"))
    worker.one(serve(html(PAGE)).url)  # what is imported at first does not count
    tracemalloc.start()
    try:
        failure = worker.fails(server.url, max_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert failure.kind == "too-large"
    assert peak < 4_000_000


# Content codings

BARE = zlib.compressobj(wbits=-15)
CODED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "GZip": gzip.compress(PAGE[:9]) + gzip.compress(PAGE[9:]),
    "deflate": zlib.compress(PAGE),
    " deflate": BARE.compress(PAGE) + BARE.flush(),
    "identity": PAGE,
    "gzip, deflate": zlib.compress(gzip.compress(PAGE)),
    "identity, gzip": gzip.compress(PAGE) + b"\0" * 40,
}


@pytest.mark.parametrize("coding", CODED)
def test_content_codings_are_undone(worker: Worker, serve: Serve, coding: str) -> None:
    outcome = worker.one(serve(html(CODED[coding], f"Content-Encoding: {coding}")).url)
    assert (outcome.record, outcome.size) == ({"title": "Hello"}, len(PAGE))


MISCODED = {
    "br": PAGE,
    "zstd": PAGE,
    "gzip, foo": PAGE,
    "gzip": PAGE,
    "deflate": b"<!" + PAGE,
    "gzip, gzip, gzip, gzip": PAGE,
}


@pytest.mark.parametrize("coding", MISCODED)
def test_a_body_that_is_not_as_coded_is_content_encoding(worker: Worker, serve: Serve, coding: str) -> None:
    failure = worker.fails(serve(html(MISCODED[coding], f"Content-Encoding: {coding}")).url)
    assert (failure.kind, failure.transient) == ("content-encoding", False)


def test_an_empty_body_needs_no_gzip_header(worker: Worker, serve: Serve) -> None:
    assert worker.one(serve(html(b"", "Content-Encoding: gzip")).url).record == {"title": None}


# Status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_overload_and_server_errors_are_transient(worker: Worker, serve: Serve, status: int) -> None:
    server = serve(answer(f"{status} Sorry", PAGE, "Content-Type: text/html", "Retry-After: 7"))
    failure = worker.fails(server.url)
    assert (failure.kind, failure.transient, failure.retry_after) == (f"status-{status}", True, 7.0)


@pytest.mark.parametrize("status", [300, 304, 305, 400, 401, 403, 404, 410, 418, 451, 501, 505, 599])
def test_other_statuses_are_final(worker: Worker, serve: Serve, status: int) -> None:
    server = serve(answer(f"{status} No", b"" if status == 304 else PAGE, "Content-Type: text/html"))
    outcome = worker.one(server.url)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.transient, outcome.status) == (f"status-{status}", False, status)


@pytest.mark.parametrize("status", [200, 201, 203, 206])
def test_all_other_2xx_are_pages(worker: Worker, serve: Serve, status: int) -> None:
    server = serve(answer(f"{status} OK", PAGE, "Content-Type: text/html"))
    assert worker.one(server.url).record == {"title": "Hello"}


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content"])
def test_no_content_is_skipped(worker: Worker, serve: Serve, status: str) -> None:
    server = serve(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    outcomes = worker.perform(server.url, f"{server.origin}/2")
    assert [outcome.skip for outcome in outcomes] == ["no-content"] * 2
    assert server.connections == 1


def test_an_empty_page_is_a_page(worker: Worker, serve: Serve) -> None:
    outcome = worker.one(serve(html(b"")).url)
    assert (outcome.record, outcome.size, outcome.failure, outcome.skip) == ({"title": None}, 0, None, None)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_come_back_and_are_not_followed(worker: Worker, serve: Serve, status: int) -> None:
    server = serve(answer(f"{status} Moved", b"gone", "Location: ../b?#frag"))
    outcome = worker.one(f"{server.origin}/a/c/d")
    assert (outcome.redirect, outcome.status, outcome.failure) == (f"{server.origin}/a/b", status, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://example.com", "https://example.com/"),
        ("//example.com/x", "http://example.com/x"),
        ("http://joe:secret@example.com/", "http://example.com/"),
        ("/caf\u00e9", "/caf%C3%A9"),
        ("/caf\u00c3\u00a9", "/caf%C3%A9"),
        ("/a b", "/a%20b"),
        ("/%zz", "/%zz"),
    ],
)
def test_a_location_is_resolved(worker: Worker, serve: Serve, location: str, target: str) -> None:
    server = serve(answer("302 Found", b"", f"Location: {location}"))
    outcome = worker.one(server.url)
    assert outcome.redirect == (server.origin + target if target.startswith("/") else target)


@pytest.mark.parametrize(
    "location", ["", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://[::1", "http://x:99999/"]
)
def test_a_redirect_to_nowhere_is_invalid(worker: Worker, serve: Serve, location: str) -> None:
    server = serve(answer("302 Found", b"", *([f"Location: {location}"] if location else [])))
    failure = worker.fails(server.url)
    assert (failure.kind, failure.transient) == ("redirect-invalid", False)


@pytest.mark.parametrize(
    "location", ["ftp://joe:s3cret@x/", "ftp://joe:s3/cret@x/", "http://joe:s3 cret@[x/", "http://joe:cret/x@@"]
)
def test_what_may_be_credentials_of_a_redirect_to_nowhere_is_not_told(
    worker: Worker, serve: Serve, location: str
) -> None:
    server = serve(answer("302 Found", b"", f"Location: {location}"))
    failure = worker.fails(server.url)
    assert failure.kind == "redirect-invalid"
    assert "cret" not in failure.message


# Content types


@pytest.mark.parametrize("type_", ["text/html", "Text/HTML;charset=utf-8", "application/xhtml+xml", " text/html ; x"])
def test_html_types_are_read(worker: Worker, serve: Serve, type_: str) -> None:
    outcome = worker.one(serve(answer("200 OK", PAGE, f"Content-Type: {type_}")).url)
    assert outcome.record == {"title": "Hello"}
    assert outcome.content_type in ("text/html", "application/xhtml+xml")


@pytest.mark.parametrize("type_", ["text/plain", "image/png", "application/xml", "application/pdf; x=y"])
def test_other_types_are_skipped_and_not_read(worker: Worker, serve: Serve, type_: str) -> None:
    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(answer("200 OK", b"", f"Content-Type: {type_}", length=10**6))
        return not server.wait(10)

    server = serve(script)
    before = time.monotonic()
    outcome = worker.one(server.url)
    assert (outcome.skip, outcome.content_type, outcome.size) == ("content-type", type_.split(";")[0], 0)
    assert outcome.failure is None
    assert time.monotonic() - before < 8.0


@pytest.mark.parametrize("start", [b"", b"\n \t", b"\xef\xbb\xbf\r\n"])
def test_a_page_without_a_type_is_known_by_its_first_character(worker: Worker, serve: Serve, start: bytes) -> None:
    outcome = worker.one(serve(answer(body=start + PAGE)).url)
    assert (outcome.record, outcome.content_type) == ({"title": "Hello"}, None)


@pytest.mark.parametrize("body", [b"plain text", b"\x89PNG" * 10_000, b" " * 2_000, b"\xef\xbb\xbf"])
def test_what_has_no_type_and_looks_like_no_page_is_skipped(worker: Worker, serve: Serve, body: bytes) -> None:
    outcome = worker.one(serve(answer(body=body)).url)
    assert (outcome.skip, outcome.failure, outcome.record) == ("content-type", None, None)


def test_the_charset_of_the_header_counts(worker: Worker, serve: Serve) -> None:
    body = "<title>Привет</title>".encode("koi8-r")
    server = serve(answer("200 OK", body, "Content-Type: text/html; charset=koi8-r"))
    assert worker.one(server.url).record == {"title": "Привет"}


def test_the_charset_counts_for_the_queries_of_links(worker: Worker, serve: Serve) -> None:
    body = '<a href="/é?é">x</a>'.encode("cp1252")
    server = serve(answer("200 OK", body, "Content-Type: text/html; charset=iso-8859-1"))
    assert worker.perform(server.url, role=Role.LIST)[0].links == (f"{server.origin}/%C3%A9?%E9",)


# Roles


def test_a_list_page_has_links_and_no_record(worker: Worker, serve: Serve) -> None:
    server = serve(html(PAGE))
    outcome = worker.perform(server.url, role=Role.LIST)[0]
    assert (outcome.record, outcome.links) == (None, (f"{server.origin}/next",))


def test_links_that_are_not_followed_are_not_brought(worker: Worker, serve: Serve) -> None:
    outcome = worker.one(serve(html(PAGE)).url, follow_detail=False)
    assert (outcome.record, outcome.links) == ({"title": "Hello"}, ())


@pytest.mark.parametrize("type_", ["text/plain", "text/html", "application/octet-stream", ""])
def test_robots_txt_comes_as_text_whatever_its_type(worker: Worker, serve: Serve, type_: str) -> None:
    body = b"\xef\xbb\xbfUser-agent: *\nDisallow: /\xe9\n"
    server = serve(answer("200 OK", body, *([f"Content-Type: {type_}"] if type_ else [])))
    outcome = worker.perform(f"{server.origin}/robots.txt", role=Role.ROBOTS)[0]
    assert outcome.robots == "User-agent: *\nDisallow: /\ufffd\n"
    assert (outcome.skip, outcome.failure, outcome.record, outcome.links) == (None, None, None, ())


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_robots_txt_is_cut_at_500_kib(worker: Worker, serve: Serve, coding: str) -> None:
    body = b"Disallow: /x\n" * 100_000
    body = gzip.compress(body) if coding == "gzip" else body
    server = serve(answer("200 OK", body, f"Content-Encoding: {coding}"))
    outcome = worker.perform(f"{server.origin}/robots.txt", role=Role.ROBOTS, max_bytes=1000)[0]
    assert outcome.robots is not None
    assert outcome.robots == "Disallow: /x\n" * (500 * 1024 // 13), "without the line that is cut off"
    assert outcome.size == 500 * 1024


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_robots_txt_is_utf_8_unless_its_mark_says_otherwise(worker: Worker, serve: Serve, encoding: str) -> None:
    server = serve(answer("200 OK", "Disallow: /é".encode(encoding)))
    assert worker.perform(f"{server.origin}/robots.txt", role=Role.ROBOTS)[0].robots == "Disallow: /é"


def test_robots_txt_fails_and_redirects_like_a_page(worker: Worker, serve: Serve) -> None:
    server = serve(
        lambda connection, head: (
            connection.sendall(answer("404 Not Found") if b"/404" in head else answer("301 Moved", b"", "Location: /x"))
            is None
        )
    )
    missing, moved = worker.perform(f"{server.origin}/404", f"{server.origin}/robots.txt", role=Role.ROBOTS)
    assert missing.failure is not None
    assert missing.failure.kind == "status-404"
    assert moved.redirect == f"{server.origin}/x"


# Cookies


def test_cookies_go_back_to_the_site_that_set_them_and_to_no_other(worker: Worker, serve: Serve) -> None:
    one = serve(html(PAGE, "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/only"))
    other = serve(html(PAGE))
    worker.perform(one.url, f"{one.origin}/x", f"{one.origin}/only/y", other.url)
    cookies = [
        next((line[8:] for line in head.decode().split("\r\n") if line.lower().startswith("cookie: ")), None)
        for head in (*one.requests, *other.requests)
    ]
    assert cookies[:2] == [None, "a=1"]
    assert sorted((cookies[2] or "").split("; ")) == ["a=1", "b=2"]
    assert cookies[3] is None


def test_cookies_of_redirects_and_errors_are_kept(worker: Worker, serve: Serve) -> None:
    server = serve(answer("302 Found", b"", "Location: /x", "Set-Cookie: s=1"))
    worker.perform(server.url, f"{server.origin}/x")
    assert b"Cookie: s=1\r\n" in server.requests[1]


# Addresses

NOBODY = AddressRule()


def names(monkeypatch: pytest.MonkeyPatch, **known: Iterator[list[str]]) -> None:
    """Let each name stand for the addresses that come next whenever it is looked up."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: object, **options: object) -> list[tuple[object, ...]]:
        if host not in known or options.get("flags", 0) == socket.AI_NUMERICHOST:
            return real(host, port, *args, **options)  # type: ignore[arg-type]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in next(known[host])
        ]

    tell_libcurl(monkeypatch, lambda name: next(known[name]) if name in known else None)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "[::]"),
        *("169.254.169.254", "10.0.0.1", "192.168.0.1", "[fd00::1]", "[64:ff9b::7f00:1]", "localhost"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_address_is_not_connected_to(worker: Worker, serve: Serve, scheme: str, host: str) -> None:
    server = serve(html(PAGE))
    failure = worker.fails(f"{scheme}://{host}:{server.port}/", addresses=NOBODY)
    assert (failure.kind, failure.transient) == ("address-forbidden", False)
    assert "http.allow_private" in failure.message
    assert server.connections == 0


def test_a_name_for_a_private_address_is_not_connected_to(
    worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, public=cycle([["127.0.0.1", "::1", "10.0.0.1"]]))
    server = serve(html(PAGE))
    outcomes = worker.perform(*[f"http://public:{server.port}/{n}" for n in range(2)], addresses=NOBODY)
    assert [outcome.failure and outcome.failure.kind for outcome in outcomes] == ["address-forbidden"] * 2
    assert server.connections == 0


def test_every_new_connection_is_checked(worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that gives a public address first, and a private one once the first was found good."""
    monkeypatch.setattr(addresses, "locality", lambda address: None if address == "127.0.0.1" else "private")
    names(monkeypatch, rebound=iter([["127.0.0.1"], ["10.0.0.1"]]))
    servers = [serve(once(html(PAGE))) for _ in range(2)]
    outcomes = worker.perform(*[f"http://rebound:{server.port}/" for server in servers], addresses=NOBODY)
    assert [outcome.failure and outcome.failure.kind for outcome in outcomes] == [None, "address-forbidden"]
    assert servers[1].connections == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
def test_of_several_addresses_the_public_ones_are_tried_and_no_other(
    worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "locality", lambda address: None if address == "127.0.0.1" else "private")
    names(monkeypatch, mixed=cycle([["127.0.0.2", "127.0.0.1"]]))
    server = serve(html(PAGE))
    with socket.create_server(("127.0.0.2", server.port)) as private:
        assert worker.one(f"http://mixed:{server.port}/", addresses=NOBODY).record == {"title": "Hello"}
        private.setblocking(False)
        with pytest.raises(BlockingIOError):
            private.accept()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "named"])
def test_a_host_that_was_named_may_be_private(
    worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    names(monkeypatch, named=cycle([["127.0.0.1"]]))
    server, other = serve(html(PAGE)), serve(html(PAGE))
    rule = AddressRule(private_hosts=frozenset({f"{host}:{server.port}"}))
    urls = (f"http://{host}:{server.port}/", f"http://{host}:{other.port}/")
    outcomes = worker.perform(*urls, addresses=rule)
    assert [outcome.failure and outcome.failure.kind for outcome in outcomes] == [None, "address-forbidden"]
    assert other.connections == 0
    rule = AddressRule(private_hosts=frozenset({f"{host}:*"}))
    assert [outcome.failure for outcome in worker.perform(*urls, addresses=rule)] == [None, None]


# TLS


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def tls_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def test_a_trusted_certificate_is_accepted(worker: Worker, serve: Serve, trusted: trustme.CA) -> None:
    server = serve(html(PAGE), tls_context(trusted, "127.0.0.1"))
    outcomes = worker.perform(f"{server.origin}/a", f"{server.origin}/b")
    assert [outcome.record for outcome in outcomes] == [{"title": "Hello"}] * 2
    assert server.connections == 1


def test_an_unknown_authority_is_tls(
    worker: Worker, serve: Serve, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    failure = worker.fails(serve(html(PAGE), tls_context(authority, "127.0.0.1")).url)
    assert (failure.kind, failure.transient) == ("tls", False)


def test_a_file_of_authorities_that_is_none_is_tls(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (tmp_path / "missing.pem", empty):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        failure = worker.fails("https://127.0.0.1:1/")
        assert (failure.kind, failure.transient) == ("tls", False)
        assert path.name in failure.message


def test_a_certificate_for_another_name_is_tls(worker: Worker, serve: Serve, trusted: trustme.CA) -> None:
    failure = worker.fails(serve(html(PAGE), tls_context(trusted, "example.com")).url)
    assert (failure.kind, failure.transient) == ("tls", False)


def test_plain_http_on_a_tls_port_is_tls(worker: Worker, serve: Serve) -> None:
    server = serve(lambda _connection, _head: False)
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def speak() -> None:
            connection, _ = plain.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1000)

        threading.Thread(target=speak, daemon=True).start()
        failure = worker.fails(f"https://127.0.0.1:{plain.getsockname()[1]}/")
    assert (failure.kind, failure.transient) == ("tls", False)
    assert server.connections == 0


def hanging_up(connection: socket.socket, data: bytes) -> bool:
    """Send something, and close the connection without taking leave of TLS."""
    connection.sendall(data)
    connection.close()
    return False


def test_a_tls_connection_may_end_without_leave_where_it_ends_the_body(
    worker: Worker, serve: Serve, trusted: trustme.CA
) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    server = serve(lambda connection, _head: hanging_up(connection, page), tls_context(trusted, "127.0.0.1"))
    assert worker.one(server.url).record == {"title": "Hello"}


@pytest.mark.parametrize("cut", ["content-length", "chunk"])
def test_a_body_that_is_cut_off_under_tls_is_truncated(
    worker: Worker, serve: Serve, trusted: trustme.CA, cut: str
) -> None:
    server = serve(lambda connection, _head: hanging_up(connection, CUT[cut]), tls_context(trusted, "127.0.0.1"))
    assert worker.fails(server.url).kind == "truncated"


def test_a_peer_that_hangs_up_in_the_handshake_is_connection(worker: Worker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = plain.accept()
                    connection.recv(1000)
                    connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        failure = worker.fails(f"https://127.0.0.1:{plain.getsockname()[1]}/")
        plain.shutdown(socket.SHUT_RDWR)
    assert (failure.kind, failure.transient) == ("connection", True)


# Bugs


def test_a_bug_is_an_internal_failure(worker: Worker, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("division\nby \x1b[31mzero")

    monkeypatch.setattr("crawler.work.visit.as_utf8", broken)
    failure = worker.fails(serve(html(PAGE)).url)
    assert (failure.kind, failure.transient) == ("internal", False)
    assert failure.message == "ZeroDivisionError: division by [31mzero"


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "ftp://x/"])
def test_a_wrong_url_is_a_failure_and_no_exception(worker: Worker, url: str) -> None:
    assert not worker.fails(url).transient


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_cancelled_fetch_is_cancelled(client: str, serve: Serve) -> None:
    server = serve(silence)

    async def cancel() -> None:
        performer = SiteWork(WorkSettings(addresses=AddressRule(allow_private=True)), client).open_async()
        task = asyncio.create_task(performer.perform(Task(server.url, Role.DETAIL), "w"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await performer.close()

    asyncio.run(cancel())


# What pages ask of robots

ASKING = b'<html><head><title>Hello</title>%s</head><body><a href="/next">n</a><a rel="me NoFollow" href="/paid">p</a>'


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("meta", "headers", "kept", "followed"),
    [
        (b"", (), True, True),
        (b'<meta name="robots" content="noindex">', (), False, True),
        (b'<META NAME="Robots" CONTENT="all, NoFollow">', (), True, False),
        (b'<meta name="robots" content="none">', (), False, False),
        (b'<meta name="ours" content="noindex"><meta name="robots" content="index">', (), False, True),
        (b'<meta name="theirs" content="none">', (), True, True),
        (b"", ("X-Robots-Tag: noindex",), False, True),
        (b"", ("X-Robots-Tag: theirs: none", "X-Robots-Tag: ours: nofollow"), True, False),
        (b"", ("X-Robots-Tag: unavailable_after: 25 Jun 2030 15:00:00 PST, noindex",), False, True),
        (b'<meta name="robots" content="nofollow">', ("X-Robots-Tag: noindex",), False, False),
    ],
)
def test_a_page_is_kept_and_followed_as_it_asks(
    worker: Worker, serve: Serve, parser: str, meta: bytes, headers: tuple[str, ...], kept: bool, followed: bool
) -> None:
    server = serve(html(ASKING % meta, *headers))
    asked = worker.one(server.url, parser=parser, robots_agent="ours")
    assert (asked.skip, asked.record) == ((None, {"title": "Hello"}) if kept else ("noindex", None))
    assert asked.links == ((f"{server.origin}/next",) if followed else ())
    ignored = worker.one(server.url, parser=parser, robots_agent="ours", obey_robots=False)
    assert (ignored.skip, ignored.record) == (None, {"title": "Hello"})
    assert ignored.links == (f"{server.origin}/next", f"{server.origin}/paid")


def test_no_more_links_are_taken_from_a_page_than_it_may_have(worker: Worker, serve: Serve) -> None:
    page = "".join(f'<a href="/{number}">x</a>' for number in range(1_000)).encode()
    outcome = worker.one(serve(html(page)).url, page_links=10)
    assert (len(outcome.links), outcome.surplus_links) == (10, 990)


# Many at once


@pytest.fixture(params=["curl", "aiohttp"])
def open_multi(request: pytest.FixtureRequest) -> Iterator[Callable[..., MultiPerformer]]:
    """Open performers that are polled: that of libcurl, and the event loop that is made to look like one."""
    with ExitStack() as stack:

        def open_(**settings: object) -> MultiPerformer:
            known = {"timeout": 5.0, "addresses": AddressRule(allow_private=True), **settings}
            work = SiteWork(WorkSettings(fields=(TITLE,), **known), request.param)  # type: ignore[arg-type]
            return stack.enter_context(contextlib.closing(work.open_multi()))

        yield open_


def poll_all(performer: MultiPerformer, number: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while len(outcomes) < number:
        outcomes += performer.poll(60.0)
    return outcomes


def titled(connection: socket.socket, head: bytes) -> bool:
    """Answer with a page whose title is its path."""
    connection.sendall(html(b"<title>%b</title>" % head.split(b" ")[1]))
    return True


def test_each_of_many_gets_its_own_answer(open_multi: Callable[..., MultiPerformer], serve: Serve) -> None:
    server = serve(titled)
    performer = open_multi()
    for _ in range(2):
        for number in range(40):
            performer.begin(Task(f"{server.origin}/{number}", Role.DETAIL), f"w-{number}")
        outcomes = poll_all(performer, 40)
        assert {outcome.task.url: outcome.record for outcome in outcomes} == {
            f"{server.origin}/{number}": {"title": f"/{number}"} for number in range(40)
        }
        assert all(outcome.worker == f"w-{outcome.task.url.rpartition('/')[2]}" for outcome in outcomes)
    assert server.connections <= 40, "the second round goes over the connections of the first"


def test_one_that_fails_does_not_hold_up_the_others(open_multi: Callable[..., MultiPerformer], serve: Serve) -> None:
    stuck, server = serve(silence), serve(titled)
    performer = open_multi(timeout=0.5)
    for url in ("nonsense", stuck.url, server.url, "http://127.0.0.1:1/"):
        performer.begin(Task(url, Role.DETAIL), "w")
    outcomes = poll_all(performer, 4)
    assert outcomes[-1].task.url == stuck.url
    assert {outcome.task.url: outcome.failure and outcome.failure.kind for outcome in outcomes} == {
        "nonsense": "internal",
        stuck.url: "timeout",
        server.url: None,
        "http://127.0.0.1:1/": "connection",
    }


def test_what_is_cancelled_has_no_outcome(open_multi: Callable[..., MultiPerformer], serve: Serve) -> None:
    stuck, server = serve(silence), serve(titled)
    performer = open_multi()
    gone = [Task(f"{stuck.url}{number}", Role.DETAIL) for number in range(3)]
    for task in gone:
        performer.begin(task, "w")
    assert performer.poll(0.05) == []
    performer.begin(Task("nonsense", Role.DETAIL), "w")
    for task in (*gone, Task("nonsense", Role.DETAIL), Task("http://never.begun/", Role.DETAIL)):
        performer.cancel(task)
    performer.begin(Task(server.url, Role.DETAIL), "w")
    assert [outcome.task.url for outcome in poll_all(performer, 1)] == [server.url]
    assert performer.poll(0.05) == []


def test_polling_ends_when_there_is_something_to_read_elsewhere(
    open_multi: Callable[..., MultiPerformer], serve: Serve
) -> None:
    performer = open_multi()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        performer.watch(ours.fileno())
        performer.begin(Task(serve(silence).url, Role.DETAIL), "w")
        threading.Timer(0.1, theirs.send, (b"x",)).start()
        assert performer.poll(60.0) == []
        assert ours.recv(1) == b"x"


def test_an_answer_that_came_in_time_is_one_though_nobody_looked(serve: Serve) -> None:
    """While a thread reads pages it looks at no socket; that must not count against those who have answered."""
    asked, gone = threading.Event(), threading.Event()

    def script(connection: socket.socket, head: bytes) -> bool:
        asked.set()
        return gone.wait(5) and titled(connection, head)

    performer = SiteWork(WorkSettings(fields=(TITLE,), timeout=0.5, addresses=AddressRule(True)), "curl").open_multi()
    with contextlib.closing(performer):
        stuck, server = serve(silence), serve(script)
        for url in (stuck.url, server.url):
            performer.begin(Task(url, Role.DETAIL), "w")
        while not asked.is_set():
            assert performer.poll(0.01) == []
        gone.set()
        time.sleep(0.6)
        outcomes = poll_all(performer, 2)
    assert {outcome.task.url: outcome.failure and outcome.failure.kind for outcome in outcomes} == {
        server.url: None,
        stuck.url: "timeout",
    }


def test_pages_are_handed_on_before_all_are_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.perform.SLICE", 0.0)
    performer = SiteWork(WorkSettings(addresses=AddressRule(True)), "curl").open_multi()
    with contextlib.closing(performer):
        server = serve(titled)
        for number in range(5):
            performer.begin(Task(f"{server.origin}/{number}", Role.DETAIL), "w")
        sizes = [len(performer.poll(60.0)) for _ in range(5)]
    assert sizes == [1] * 5
