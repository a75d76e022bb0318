"""A hostile web, by way of the command line: where the crawl may be led, and what a site may make it say."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from crawler import cli
from crawler.config import check
from crawler.engine import Interrupts
from crawler.job import Mode, Watcher
from crawler.job import run as run_job
from tests.contract.servers import RawServer, answer, html
from tests.integration.test_command_line import LIMIT, command, every_backend, lines, run
from tests.lookups import tell_libcurl

Serve = Callable[[Mapping[str, bytes]], RawServer]

every_kind = pytest.mark.parametrize("backend", ["queue", "process-pool", "asyncio", "curl-multi"])
"""A backend of each kind: threads, processes, a loop. What happens in a worker differs by no more."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that has these answers by path, and 404 for the rest."""
    with ExitStack() as stack:

        def start(answers: Mapping[str, bytes]) -> RawServer:
            def script(connection: socket.socket, head: bytes) -> bool:
                path = head.split(b" ")[1].decode("latin-1")
                connection.sendall(answers.get(path, answer("404 Not Found")))
                return True

            return stack.enter_context(RawServer(script))

        yield start


def paths(server: RawServer) -> list[str]:
    return [head.split(b" ")[1].decode() for head in server.requests]


def unspecified(server: RawServer) -> str:
    """Return the URL of a server at an address of another kind than loopback, which leads to this machine as well."""
    return f"http://0.0.0.0:{server.port}/"


def links(*hrefs: str) -> bytes:
    return html("".join(f'<a href="{href}">x</a>' for href in hrefs).encode())


def moved(location: str) -> bytes:
    return answer("302 Found", b"", f"Location: {location}")


def ends(folder: Path, server: RawServer) -> dict[str, tuple[str, str | None]]:
    """Return the outcome and the reason of each page, by its path, or its URL where that is another server's."""
    rows = lines(folder / "pages.jsonl")
    return {row["url"].removeprefix(server.origin): (row["outcome"], row["reason"]) for row in rows}


# ---- where the crawl may be led ------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["queue", "asyncio"])
def test_a_redirect_does_not_leave_the_scope(serve: Serve, backend: str, tmp_path: Path) -> None:
    other = serve({})
    site = serve(
        {"/": links("/away", "/near"), "/away": moved(other.url), "/near": moved("/"), "/robots.txt": html(b"")}
    )
    # The addresses are allowed: it is the scope that holds.
    done = run(f"--backend={backend}", f"--start-url={site.url}", f"--out={tmp_path}", "--set=http.allow_private=true")
    assert done.returncode == 0
    assert ends(tmp_path, site) == {
        "/": ("ok", None),
        "/away": ("skipped", "offsite"),
        "/near": ("skipped", "redirected"),
    }
    assert other.connections == 0


def test_a_redirect_of_robots_txt_may_leave_the_scope_and_nothing_follows_it(serve: Serve, tmp_path: Path) -> None:
    rules = answer("200 OK", b"User-agent: *\nDisallow: /secret\n", "Content-Type: text/plain")
    other = serve({"/robots.txt": moved("/moved.txt"), "/moved.txt": rules})
    site = serve({"/": links("/secret", f"{other.url}page"), "/robots.txt": moved(f"{other.url}robots.txt")})
    run(f"--start-url={site.url}", f"--out={tmp_path}", "--set=http.allow_private=true")
    assert ends(tmp_path, site) == {"/": ("ok", None), "/secret": ("skipped", "robots")}
    assert paths(other) == ["/robots.txt", "/moved.txt"]


NOT_HTTP = (
    *("file:///etc/passwd", "javascript:alert(1)", "ftp://127.0.0.1/x", "data:text/html,hi", "gopher://127.0.0.1/"),
    *("ws://127.0.0.1/", "view-source:http://127.0.0.1/", "blob:http://127.0.0.1/x", "jar:http://127.0.0.1!/x", "//"),
)


@every_backend
def test_nobody_leads_the_crawl_to_a_private_address_or_off_the_web(serve: Serve, backend: str, tmp_path: Path) -> None:
    other = serve({"/robots.txt": html(b""), "/page": html(b"s3cret"), "/other": html(b"s3cret")})
    elsewhere = unspecified(other)
    targets = {f"/{number}": moved(location) for number, location in enumerate(NOT_HTTP)}
    pages = {"/": links(*targets, *NOT_HTTP, "/inside", f"{elsewhere}page"), "/inside": moved(f"{elsewhere}other")}
    site = serve(pages | targets)
    done = run(
        *("--quiet", f"--backend={backend}", f"--start-url={site.url}", f"--out={tmp_path}"),
        '--set=site.allowed_hosts=["*"]',
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ends(tmp_path, site) == {
        "/": ("ok", None),
        "/inside": ("skipped", "redirected"),
        f"{elsewhere}page": ("failed", "address-forbidden"),
        f"{elsewhere}other": ("failed", "address-forbidden"),
        **dict.fromkeys(targets, ("failed", "redirect-invalid")),
    }
    assert other.connections == 0


def test_a_start_url_that_redirects_to_a_private_address_is_told_of_in_one_line(serve: Serve, tmp_path: Path) -> None:
    other = serve({"/": html(b"s3cret")})
    site = serve({"/": moved(unspecified(other))})
    done = run("--quiet", f"--start-url={site.url}", f"--out={tmp_path}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert unspecified(other) in done.stderr
    assert "http.allow_private" in done.stderr
    assert ends(tmp_path, site) == {"/": ("skipped", "redirected"), unspecified(other): ("failed", "address-forbidden")}
    assert other.connections == 0


def test_a_robots_txt_that_redirects_to_a_private_address_is_not_had(serve: Serve, tmp_path: Path) -> None:
    other = serve({"/robots.txt": html(b"")})
    site = serve({"/": html(b""), "/robots.txt": moved(f"{unspecified(other)}robots.txt")})
    done = run("--quiet", f"--start-url={site.url}", f"--out={tmp_path}")
    assert done.returncode == 1
    assert "http.allow_private" in done.stderr
    assert ends(tmp_path, site) == {"/": ("skipped", "robots")}
    assert other.connections == 0
    assert json.loads(run("robots", site.url).stdout)["reason"] == "address-forbidden"
    assert other.connections == 0


def test_a_crawl_that_began_on_this_machine_may_go_on_there(serve: Serve, tmp_path: Path) -> None:
    other = serve({"/": links("/page"), "/page": html(b"")})
    site = serve({"/": moved(other.url), "/robots.txt": moved(f"{other.url}robots.txt")})
    done = run("--quiet", f"--start-url={site.url}", f"--out={tmp_path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert ends(tmp_path, site) == {
        "/": ("skipped", "redirected"),
        other.url: ("ok", None),
        f"{other.url}page": ("ok", None),
    }


def test_private_hosts_that_are_named_are_crawled(serve: Serve, tmp_path: Path) -> None:
    third = serve({"/": html(b"")})
    second = serve({"/": html(b"")})
    first = serve({"/": links(f"http://localhost:{second.port}/", third.url)})
    done = run(
        *("--quiet", f"--start-url={first.url}", f"--start-url=http://localhost:{second.port}/", f"--out={tmp_path}"),
        f'--set=site.allowed_hosts=["127.0.0.1:{third.port}"]',
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(ends(tmp_path, first).values()) == {("ok", None)}
    assert len(lines(tmp_path / "pages.jsonl")) == 3


@pytest.fixture
def site_test(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that `site.test` has, one look-up after another; the last of them from then on."""
    addresses = ["93.184.216.34", "127.0.0.1"]

    def look_up(name: str) -> list[str] | None:
        if name != "site.test":
            return None
        return [addresses.pop(0) if len(addresses) > 1 else addresses[0]]

    def getaddrinfo(host: str, port: int | None, *_: object, **__: object) -> list[tuple[object, ...]]:
        found = look_up(host)
        if found is None:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in found]

    tell_libcurl(monkeypatch, look_up)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return addresses


@pytest.mark.parametrize("backend", ["queue", "asyncio", "curl-multi"])
@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.usefixtures("site_test")
def test_a_name_that_was_public_when_the_crawl_began_does_not_become_private(
    serve: Serve, backend: str, resumed: bool, tmp_path: Path
) -> None:
    site = serve({"/": html(b"s3cret"), "/robots.txt": html(b"")})
    url = f"http://site.test:{site.port}/"
    config = check({"crawl": {"start_urls": [url], "backend": backend}}, "test")
    mode = Mode.FRESH
    if resumed:
        interrupts = Interrupts()
        interrupts.count = 2
        assert run_job(config, tmp_path, mode, Watcher(), interrupts).interrupted
        mode = Mode.RESUME
    result = run_job(config, tmp_path, mode, Watcher(), Interrupts())
    assert result.problem is not None
    assert "127.0.0.1 of site.test is loopback" in result.problem
    assert ends(tmp_path, site) == {url: ("failed", "address-forbidden")}
    assert site.connections == 0


def test_a_name_that_was_private_when_the_crawl_began_is_crawled(
    serve: Serve, tmp_path: Path, site_test: list[str]
) -> None:
    del site_test[0]
    site = serve({"/": html(b"")})
    config = check({"crawl": {"start_urls": [f"http://site.test:{site.port}/"]}}, "test")
    assert run_job(config, tmp_path, Mode.FRESH, Watcher(), Interrupts()).problem is None
    assert paths(site) == ["/robots.txt", "/"]


# ---- credentials ---------------------------------------------------------------------------------------------------

SECRET = "s3cr3t"


def everything(folder: Path) -> bytes:
    """Return all that is in the files of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@every_kind
def test_credentials_in_urls_are_in_no_file_and_on_no_terminal(serve: Serve, backend: str, tmp_path: Path) -> None:
    hrefs = (f"http://joe:{SECRET}@{{}}/a", f"//joe:{SECRET}@{{}}/b", f"http://joe:{SECRET}@other.test/")
    answers = {
        "/a": html(b'<title>a</title><img src="//joe:s3cr3t@img.test/x.png">'),
        "/bad": moved(f"ftp://joe:{SECRET}@a.test/"),
        "/worse": moved(f"http://joe:{SECRET}@[x/"),
        "/gone": moved(f"http://joe:{SECRET}@away.test/"),
    }
    site = serve(answers)
    address = site.origin.partition("//")[2]
    answers["/"] = links(*(href.format(address) for href in hrefs), "/bad", "/worse", "/gone", "/to")
    answers["/to"] = moved(f"http://joe:{SECRET}@{address}/c")
    answers["/robots.txt"] = answer(body=f"Sitemap: http://joe:{SECRET}@{address}/sitemap.xml".encode())
    done = run(
        *(f"--backend={backend}", f"--start-url=http://joe:{SECRET}@{address}/", f"--out={tmp_path}"),
        "--set=extract.fields.image={ css = 'img', type = 'url' }",
    )
    assert done.returncode == 0
    assert "credentials in a URL are left out" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    found = ends(tmp_path, site)
    assert {"/", "/a", "/b", "/c", "/to", "/bad", "/worse", "/gone"} == set(found)
    assert SECRET.encode() not in everything(tmp_path)
    assert SECRET.encode() not in b"".join(site.requests)
    assert b"authorization" not in b"".join(site.requests).lower()


def test_one_url_with_credentials_is_looked_at_without_them(serve: Serve) -> None:
    site = serve(
        {"/": moved(f"ftp://joe:{SECRET}@a.test/"), "/robots.txt": answer(body=b"Sitemap: http://a:s3cr3t@b/x")}
    )
    url = f"http://joe:{SECRET}@{site.origin[7:]}/"
    for what in ("fetch", "robots"):
        done = run(what, url)
        assert "credentials in a URL are left out" in done.stderr
        assert json.loads(done.stdout)["url"] == site.url
        assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["http://joe:s3cr3t@a.test/"],
        ["joe:s3 s3cr3t@a.test/"],
        ["crawl", "http://joe:s3cr3t@a.test/"],
        ["--start-url=ftp://joe:s3cr3t@a.test/"],
        ["--start-url=joe:s3cr3t@a.test"],
        ["--start-url=http://joe:s3cr3t/@a.test"],
        ["--start-url=http://joe:s3cr3t@[bad/"],
        ["--set=crawl.start_urls=http://joe:s3cr3t@a.test/"],
        ['--set=crawl.start_urls=["joe:s3cr3t@a.test"]'],
        ["--set=http://joe:s3cr3t@a.test/"],
        ['--set=site.allowed_hosts=["http://joe:s3cr3t@a.test/"]'],
        ['--set=site.allowed_hosts=["joe:s3cr3t@a.test"]'],
        ["--backend=http://joe:s3cr3t@a.test/"],
        ["--config=http://joe:s3cr3t@a.test/config.toml"],
        ["--start-url=http://joe:s3cr3t@127.0.0.1:9/", "--set=retry.attempts=1", "--set=politeness.obey_robots=false"],
        ["--start-url=http://joe:s3cr3t@127.0.0.1:9/", "--set=retry.attempts=1"],
        ["fetch", "ftp://joe:s3cr3t@a.test/"],
        ["fetch", "http://joe:s3cr3t@127.0.0.1:9/"],
        ["robots", "joe:s3cr3t@a.test"],
    ],
)
def test_no_error_message_tells_credentials(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.status(args) in (1, 2)
    told = capsys.readouterr()
    assert told.err
    assert SECRET not in told.out + told.err
    assert SECRET.encode() not in everything(tmp_path)


def test_the_command_that_resumes_has_no_credentials_and_works(serve: Serve, tmp_path: Path) -> None:
    answers = {"/": links(*(f"/{number}" for number in range(20)))}
    answers |= {f"/{number}": html(b"") for number in range(20)}
    site = serve(answers)
    args = [
        f"--start-url=http://joe:{SECRET}@{site.origin[7:]}/",
        f"--out={tmp_path}/out",
        "--set=politeness.delay=0.2",
    ]
    crawl = subprocess.Popen(command(*args), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert crawl.stderr is not None
    try:
        while len(site.requests) < 4:
            assert crawl.poll() is None
            site.wait(0.02)
        crawl.send_signal(signal.SIGINT)
        out, err = crawl.communicate(timeout=LIMIT)
    finally:
        crawl.kill()
    assert crawl.returncode == 130
    assert SECRET not in out + err
    resume = next(line.partition("To go on: ")[2] for line in err.splitlines() if "To go on: " in line)
    shell = f"exec {resume} --set politeness.delay=0"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    assert len(ends(tmp_path / "out", site)) == 21


# ---- what a site writes --------------------------------------------------------------------------------------------

STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TITLES = (
    *("\x1b[31mred\x1b]0;title\x07", "\x9b2J\x90q\x9c", "\u202eevil\u2066\u2069", "=cmd|' /C calc'!A0", "@SUM(1)\x7f"),
    "<script>alert(1)</script>\u2028x",
)


def steering(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return STEERS.findall(done.stdout + done.stderr)


@every_kind
def test_what_a_site_writes_does_not_act_on_the_terminal_and_comes_whole(
    serve: Serve, backend: str, tmp_path: Path
) -> None:
    def page(title: str) -> bytes:
        body = f"<title>{title.replace('<', '&lt;')}</title>".encode()
        return answer(
            "200 \x1b[31mOK", body, "Content-Type: text/html; charset=utf-8; x=\x1b[31m", "Set-Cookie: a b=\xff"
        )

    answers = {f"/{number}": page(title) for number, title in enumerate(TITLES)}
    bad = {
        "/type": answer("200 OK", b"", "Content-Type: \x1b[31m/html"),
        "/coding": answer("200 OK", b"", "Content-Encoding: \x1b[31m"),
        "/location": moved("ftp:\x1b[31m\x9b31m"),
        "/length": b"HTTP/1.1 200 OK\r\nContent-Length: \x1b[31m\r\n\r\n",
        "/status": b"\x1b[31mHTTP/1.1 200 OK\r\n\r\n",
        "/header": answer("200 OK", b"", "\x1b[31m: x"),
    }
    site = serve({"/": links(*answers, *bad, "/\x1b[31m", "/%1b[31m", "/\u202e")} | answers | bad)
    args = (f"--backend={backend}", "--set=extract.fields.title=title", "--set=retry.attempts=1")
    done = run(*args, f"--start-url={site.url}", f"--out={tmp_path}")
    assert done.returncode == 0
    assert steering(done) == []
    assert "cookie" not in done.stderr, "no library says what it thinks of a site"
    assert not STEERS.search((tmp_path / "items.jsonl").read_text("utf-8").replace("\r", ""))
    for name in ("pages.jsonl", "report.json"):
        assert not STEERS.search((tmp_path / name).read_text("utf-8"))
    titles = {row["title"] for row in lines(tmp_path / "items.jsonl")}
    assert titles >= {" ".join(title.split()) for title in TITLES}
    assert len(lines(tmp_path / "pages.jsonl")) == len(answers) + len(bad) + 4


@pytest.mark.parametrize("what", ["fetch", "robots"])
def test_what_one_page_writes_is_shown_and_does_nothing(
    serve: Serve, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {
        "/title": html("<title>\x1b[31m\x9b\u202e</title><a href='/\x1b'>".encode(), "X: \x1b[31m"),
        "/type": answer("200 OK", b"", "Content-Type: \x1b[31m/html"),
        "/location": moved("ftp:\x1b[31m\x9b31m"),
        "/status": b"\x1b[31mHTTP/1.1 200 OK\r\n\r\n",
        "/header": answer("200 OK", b"", "\x1b[31m: x"),
        "/robots.txt": answer(body=b"User-agent: *\nDisallow: /\x1b[31m\nSitemap: http://a.test/\x1b[31m\xc2\x9b\n"),
    }
    site = serve(answers)
    for path in answers:
        cli.status([what, f"{site.origin}{path}", "--set=extract.fields.title=title"])
        told = capsys.readouterr()
        assert json.loads(told.out)
        assert not STEERS.search(told.out + told.err)


@pytest.mark.parametrize("text", ["\x1b[31m\x9b", "ftp://\x1b[31m\u202e/", "--\x1b[31m=\u202e"])
def test_what_was_pasted_is_shown_and_does_nothing(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for args in ([text], ["fetch", text], ["--start-url", text], ["--set", text], ["--set", f"http.client={text}"]):
        assert cli.status(args) == 2
        assert not STEERS.search(capsys.readouterr().err)
