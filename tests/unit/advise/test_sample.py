"""What is asked of a site, however awkward it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from crawler.advise.sample import Sample, SampleError, take
from crawler.config import check
from crawler.engine import Interrupts

PAGES = 5
HOME = b"<h1>Home</h1>" + b"".join(b"<a href=/page/%d>a page</a>" % number for number in range(100))

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, in which `*` stands for the path that was asked for, and body."""

HTML: Answer = (200, {"Content-Type": "text/html"}, HOME)
PDF: Answer = (200, {"Content-Type": "application/pdf"}, b"%PDF-1.4")
OFF: Answer = (302, {"Location": "http://elsewhere.invalid/"}, b"")
MISSING: Answer = (404, {}, b"")


@contextmanager
def site(home: Answer, other: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve a home page and one answer to all else; yield its URL and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/robots.txt":
                asked.append(self.path)
            answers = {"/": home, "/robots.txt": MISSING}
            status, headers, body = answers.get(self.path, other)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("*", self.path))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", asked
        finally:
            server.shutdown()
            serving.join()


def sample(url: str, pages: int = PAGES) -> Sample:
    taken = take(check({}, "test"), url, pages, Interrupts(), lambda _: None)
    assert taken is not None
    return taken


@pytest.mark.parametrize(
    ("other", "useful"), [(HTML, PAGES), (MISSING, 1), (OFF, 1), (PDF, 1)], ids=["pages", "missing", "off", "pdf"]
)
def test_a_site_is_asked_for_no_more_pages_than_it_may_be_whatever_it_answers(other: Answer, useful: int) -> None:
    with site(HTML, other) as (url, asked):
        taken = sample(url)
    assert len(asked) == PAGES
    assert len(taken.pages) == useful


@pytest.mark.parametrize(
    ("home", "other", "told"),
    [
        (MISSING, MISSING, "the server answered 404"),
        (PDF, PDF, "it is no HTML page"),
        ((302, {"Location": "/a"}, b""), (302, {"Location": "/a"}, b""), "it redirects too often"),
    ],
    ids=["missing", "pdf", "circle"],
)
def test_a_site_without_a_page_is_told_of_in_a_line(home: Answer, other: Answer, told: str) -> None:
    with site(home, other) as (url, _), pytest.raises(SampleError, match=told):
        sample(url)


def test_a_site_of_nothing_but_redirects_is_left_alone_after_so_many() -> None:
    onward: Answer = (302, {"Location": "*a"}, b"")
    with site(onward, onward) as (url, asked), pytest.raises(SampleError, match="no page of HTML came of 3 requests"):
        sample(url, 3)
    assert asked == ["/", "/a", "/aa"]


class Asked(Interrupts):
    """An interrupt as soon as a page was asked for."""

    def __init__(self, asked: list[str]) -> None:
        super().__init__()
        self.asked = asked

    def __getattribute__(self, name: str) -> object:
        return len(self.asked) if name == "count" else super().__getattribute__(name)


def test_an_interrupt_while_the_only_page_comes_is_one() -> None:
    with site(HTML, MISSING) as (url, asked):
        assert take(check({}, "test"), url, 1, Asked(asked), lambda _: None) is None
    assert asked == ["/"]
