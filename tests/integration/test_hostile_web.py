"""The hostile web, crawled by the real command line: each case ends alike on every backend, client and parser."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from crawler.backends.registry import BACKENDS
from crawler.work.parsers import PARSERS
from fixtures.hitlog import Hit, Stats
from fixtures.hostile.case import HOPS, TRIES, Case, Expected
from fixtures.hostile.process import HostileServer
from fixtures.hostile.table import CASES
from fixtures.hostile.wire import PLAIN_TITLE

pytestmark = pytest.mark.timeout(240)

AT_ONCE = 4
"""Crawls at the same time: they mostly wait for time-outs."""
MEMORY = 300_000_000
"""Bytes that a crawl of one process may take at most, when the bodies may be as long as by default."""
TIMEOUT = 4.0
LONG_TIMEOUT = 9.0
"""Seconds: of a request, where one page that is large or nested 20,000 deep holds up all others while it is read."""
ONE_THREAD = {"asyncio", "curl-multi", "sharded"}
"""The backends where one thread holds many requests, and reads their pages too."""
CONSUMERS = 16
PROCESSES = 8
"""Consumers of a backend that starts a process for each."""


class Way(NamedTuple):
    """One way to crawl: all that must not matter."""

    backend: str
    client: str = "auto"
    parser: str = "selectolax"
    max_bytes: int = 2_000_000

    @property
    def timeout(self) -> float:
        """Seconds for a request: more in one thread, and with the parsers that are slow and hold Python's lock."""
        return LONG_TIMEOUT if self.backend in ONE_THREAD or self.parser != "selectolax" else TIMEOUT


DEFAULT = Way("queue", max_bytes=10_000_000)
"""What a crawl does unless it is told otherwise."""


def ways() -> Iterator[Way]:
    """Yield every backend with its best client, and every other client and parser once."""
    yield DEFAULT
    clients = {DEFAULT.client}
    backends = {name: entry for name, entry in BACKENDS.items() if entry.missing is None}
    for name, entry in backends.items():
        if name != DEFAULT.backend:
            yield Way(name, parser=entry.parsers[0])
        clients.add(entry.clients[0])
    for name, entry in backends.items():
        for client in entry.clients:
            if client not in clients:
                clients.add(client)
                yield Way(name, client)
    for parser in PARSERS:
        if parser != DEFAULT.parser:
            yield Way(DEFAULT.backend, parser=parser)


WAYS = {"-".join(way[:3]): way for way in ways()}
every_way = pytest.mark.parametrize("way", WAYS)


@dataclass(frozen=True, slots=True)
class Crawl:
    """What a crawl left, and what the server saw of it."""

    pages: list[dict[str, Any]]
    titles: dict[str, str | None]
    """Of the items, by URL."""
    report: dict[str, Any]
    sites: dict[str, str]
    hits: list[Hit]
    stats: Stats

    def found(self, expected: dict[str, Expected]) -> dict[str, Expected]:
        """Return what came of each page, by the names of `expected`, and of it what is held to account there."""
        names = self.names()
        links = Counter(page["referrer"] for page in self.pages)
        found = {}
        for page in self.pages:
            name = names.get(page["url"], page["url"])
            wanted = expected.get(name)
            found[name] = Expected(
                page["outcome"],
                page["reason"],
                page["attempts"],
                status=page["status"] if wanted and wanted.status is not None else None,
                links=links[page["url"]] if wanted and wanted.links is not None else None,
                size=page["bytes"] if wanted and wanted.size is not None else None,
                title=self.titles.get(page["url"]),
            )
        return found

    def names(self) -> dict[str, str]:
        """Return the name of each page of each case, by its URL."""
        return {self.folder(case) + path: f"{case.name}/{path}" for case in CASES for path in case.pages}

    def folder(self, case: Case) -> str:
        """Return the URL of a case's folder."""
        return self.sites[case.name] if case.site else f"{self.sites['']}{case.name}/"


def crawl(way: Way, folder: Path, authority: Path, certificate: Path) -> Crawl:
    """Crawl the hostile web, served by a process of its own, into a folder."""
    settings = {
        "site.allowed_hosts": ["127.0.0.1"],
        "http.timeout": way.timeout,
        "http.max_bytes": way.max_bytes,
        "http.max_redirects": HOPS,
        "http.client": way.client,
        "retry.attempts": TRIES,
        "retry.backoff": 0.05,
        "politeness.per_host": 64,
        "politeness.max_backoff": 0,
        "extract.parser": way.parser,
        "extract.fields.title": "title",
        "crawl.producers": 8,
        "crawl.consumers": PROCESSES if BACKENDS[way.backend].processes else CONSUMERS,
    }
    with HostileServer(certificate=certificate) as server:
        args = ["--quiet", f"--backend={way.backend}", f"--start-url={server.url}", f"--out={folder}"]
        args += [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
        done = subprocess.run(
            [sys.executable, "-m", "crawler", *args],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            env={**os.environ, "SSL_CERT_FILE": str(authority)},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        items = lines(folder / "items.jsonl")
        return Crawl(
            lines(folder / "pages.jsonl"),
            {item["url"]: item["title"] for item in items},
            json.loads((folder / "report.json").read_text(encoding="utf-8")),
            server.sites(),
            server.log(),
            server.stats(),
        )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def crawls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Crawl]]]:
    """Begin the crawls that the chosen tests ask for, and hand out their results as they come."""
    folder = tmp_path_factory.mktemp("hostile")
    authority, certificate = folder / "authority.pem", folder / "certificate.pem"
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(authority)
    issuer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    specs = [
        item.callspec.params
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    wanted = sorted({str(params.get("way")) for params in specs} & WAYS.keys(), key=lambda name: -WAYS[name].timeout)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(crawl, WAYS[name], folder / name, authority, certificate) for name in wanted}


@pytest.fixture
def done(way: str, crawls: dict[str, Future[Crawl]]) -> Crawl:
    return crawls[way].result()


@every_way
def test_every_case_comes_out_as_expected(done: Crawl) -> None:
    expected = {f"{case.name}/{path}": page for case in CASES for path, page in case.pages.items()}
    expected[done.sites[""]] = Expected("ok", title=PLAIN_TITLE)
    assert done.found(expected) == expected
    assert len(done.pages) == len(expected), "each page once"


@every_way
def test_what_is_forbidden_or_out_of_scope_is_never_asked_for(done: Crawl) -> None:
    asked = {f"{hit.host}{hit.path}" for hit in done.hits}
    untouched = {page["url"].partition("//")[2] for page in done.pages if not page["attempts"]}
    assert untouched
    assert not untouched & asked
    elsewhere = {hit.path for hit in done.hits if not hit.host.startswith("127.0.0.1:")}
    assert elsewhere == {"/robots/elsewhere"}, "a redirect of robots.txt may leave the scope, and nothing else"


@every_way
def test_a_site_that_asks_for_pauses_gets_them(done: Crawl) -> None:
    slow = [case for case in CASES if case.delay]
    assert slow
    for case in slow:
        gap = done.stats["least_gap_by_host"][done.folder(case).split("/")[2]]
        assert gap is not None
        assert gap >= case.delay


@every_way
def test_a_crawl_of_one_process_takes_little_memory(way: str, done: Crawl) -> None:
    # An interpreter, like a process, has every module for itself.
    if BACKENDS[WAYS[way].backend].family in ("threads", "event loop"):
        assert done.report["peak_memory"] < MEMORY


def test_every_case_says_what_it_does() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.does.endswith(".")
        assert "\n" not in case.does
