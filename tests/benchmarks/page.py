"""Where a page's time goes with `curl-multi`: `python -m tests.benchmarks.page [--pages N] [--rounds N]`.

    start, divided by the pages │ coordinator │ fetch │ UTF-8 ─ weigh ─ parse ─ survey ─ links ─ fields │ outcome

Microseconds of this thread's CPU a detail page of the fixture site, each part by itself, the least of the rounds. The
parts of reading a page are timed one after the other on the same page, as they are in a crawl; fetching is timed
with the client and without reading what it brought; the coordinator as in `tests.benchmarks.coordinator`.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.compare.toml import toml
from crawler.config import check
from crawler.model import Role, Task
from crawler.work.addresses import AddressRule
from crawler.work.charset import as_utf8
from crawler.work.clients import open_multi_client
from crawler.work.exchange import Exchange
from crawler.work.extract import Extractor, _base
from crawler.work.visit import Desk
from crawler.work.weight import weigh
from fixtures.process import FixtureServer
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site
from tests.benchmarks import coordinator
from tests.benchmarks.document import place, record, table
from tests.benchmarks.rivals.contenders import environment

AT_ONCE = 32
DECIDING, STORING, ALL = "frontier and loop", "store", "all, by the command line"
REST = "visits and outcomes, list pages, colder caches"
SETTINGS = check(
    {"site": {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)}, "extract": {"fields": FIELDS}}, "benchmark"
).work_settings({})


def reading(pages: Sequence[tuple[str, bytes]]) -> dict[str, float]:
    """Return the CPU seconds of each part of reading all pages."""
    extractor = Extractor(SETTINGS)
    spent = dict.fromkeys(("to UTF-8", "weigh", "parse", "survey", "links", "fields", "free the tree"), 0.0)
    for url, body in pages:
        at = [time.thread_time()]
        page, _ = as_utf8(body, "text/html; charset=utf-8")
        at.append(time.thread_time())
        weigh(page.replace(b"\0", b""))
        at.append(time.thread_time())
        document = extractor._parser.parse(page)
        at.append(time.thread_time())
        marks, anchors = extractor._survey(document, follows=True)
        base = _base(marks, url)
        extractor._asked(marks, ())
        at.append(time.thread_time())
        extractor._links(anchors, base, None)
        at.append(time.thread_time())
        fields = {field.name: field.read(document, base, None) for field in extractor._fields}
        at.append(time.thread_time())
        del document, marks, anchors
        at.append(time.thread_time())
        assert fields["title"], url
        for part, before, after in zip(spent, at, at[1:], strict=False):
            spent[part] += after - before
    return spent


def fetching(urls: Sequence[str]) -> float:
    """Return the CPU seconds that the client and the exchanges take for all pages, 32 at once."""
    client, desk = open_multi_client("curl", AddressRule(allow_private=True)), Desk(SETTINGS, one_by_one=False)
    waiting, flying = list(reversed(urls)), 0
    began = time.thread_time()
    while waiting or flying:
        while waiting and flying < AT_ONCE:
            url = waiting.pop()
            headers = desk.headers(url)
            client.begin(Exchange(Task(url, Role.DETAIL), headers, timeout=30.0, max_bytes=10**7))
            flying += 1
        for exchange, error in client.poll(30.0):
            assert error is None, error
            assert exchange.body is not None
            flying -= 1
    spent = time.thread_time() - began
    client.close()
    return spent


def crawling(url: str, *more: str) -> float:
    """Return the CPU seconds of a crawl by the command line."""
    told = {"site.list": list(LIST_PATTERNS), "site.detail": list(DETAIL_PATTERNS), "politeness.per_host": AT_ONCE}
    told |= {f"extract.fields.{name}": field for name, field in FIELDS.items()}
    command = [sys.executable, "-m", "crawler", "--quiet", "--backend=curl-multi", f"--start-url={url}"]
    command += [
        f"--consumers={AT_ONCE}",
        "--producers=4",
        *(f"--set={key}={toml(value)}" for key, value in told.items()),
    ]
    with TemporaryDirectory(prefix="crawler-page-") as scratch:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, f"--out={scratch}/out", *more], cwd=scratch, check=True, env=environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert json.loads(Path(scratch, "out", "report.json").read_text(encoding="utf-8"))["outcomes"]["failed"] == 0
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args()
    site = Site(options.pages)
    least: dict[str, float] = {}

    def note(part: str, seconds: float) -> None:
        least[part] = min(least.get(part, seconds), seconds)

    with FixtureServer(pages=options.pages) as server:
        pages = []
        for number in range(1, min(options.pages, 500) + 1):
            path = site.item(number).path
            reply = site.reply(path, server.url)
            assert reply is not None
            pages.append((server.url.rstrip("/") + path, reply.body))
        for _ in range(options.rounds):
            note("start, once a crawl, and end", crawling(server.url, "--max-pages=1") / options.pages)
            for with_store, part in ((False, DECIDING), (True, STORING)):
                found = coordinator.measure(2000, with_store=with_store)
                note(part, found.cpu / found.known)
            note("fetch: libcurl, sockets, head, body", fetching([url for url, _ in pages]) / len(pages))
            for part, seconds in reading(pages).items():
                note(f"read: {part}", seconds / len(pages))
            note(ALL, crawling(server.url) / options.pages)
    least[STORING] -= least[DECIDING]
    whole = least.pop(ALL)
    parts = {**least, REST: whole - sum(least.values()), ALL: whole}
    rows = [(part, f"{seconds * 1e6:.0f}", f"{seconds / whole:.0%}") for part, seconds in parts.items()]
    text = f"{table(('part', 'µs a page', 'share'), rows)}\n\n{options.pages:,} pages; {place()}."
    print(text)
    if options.record:
        record("page", text)


if __name__ == "__main__":
    main()
