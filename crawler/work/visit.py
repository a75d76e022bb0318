"""A task from its request to its outcome: all of the work but the fetch itself."""

import time
from types import TracebackType
from typing import Self

from crawler.model import Failure, Outcome, Record, Role, Task, Timings
from crawler.urls import host
from crawler.work.body import Body
from crawler.work.charset import as_utf8, decode
from crawler.work.cookies import Cookies
from crawler.work.exchange import Exchange
from crawler.work.extract import Extractor
from crawler.work.http import FetchError, failure, request_headers
from crawler.work.settings import WorkSettings


class Desk:
    """What the visits of one performer share: the settings, the parser, the cookies.

    Attributes:
        one_by_one: whether a visit has its thread for itself; in an event loop others run while it waits.
    """

    def __init__(self, settings: WorkSettings, *, one_by_one: bool = True) -> None:
        self.settings = settings
        self.one_by_one = one_by_one
        self.extractor = Extractor(settings)
        self.cookies = Cookies()
        self._headers = request_headers(settings.user_agent)

    def visit(self, task: Task, worker: str) -> "Visit":
        """Return the visit that does a task."""
        return Visit(self, task, worker)

    def headers(self, url: str) -> dict[str, str]:
        """Return all headers of a request for a canonical URL."""
        headers = {"Host": host(url), **self._headers}
        if cookie := self.cookies.header(url):
            headers["Cookie"] = cookie
        return headers


class Visit:
    """One task being done: a context manager around the fetch, which takes in whatever exception that raises.

    Used as the performers do: `open` and fetch within, `outcome` after.
    """

    def __init__(self, desk: Desk, task: Task, worker: str) -> None:
        self._desk = desk
        self.task = task
        self._worker = worker
        self._exchange: Exchange | None = None
        self._failure: Failure | None = None
        self._started = self._fetched = time.monotonic()
        self._cpu_before = time.thread_time() if desk.one_by_one else 0.0

    def open(self) -> Exchange:
        """Return the exchange to be had. To be called within the `with`, since a wrong task fails here."""
        settings = self._desk.settings
        headers = self._desk.headers(self.task.url)
        self._exchange = Exchange(self.task, headers, timeout=settings.timeout, max_bytes=settings.max_bytes)
        return self._exchange

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        caught = error if isinstance(error, Exception) else None
        self.fetched(caught)
        return caught is not None

    def fetched(self, error: Exception | None) -> None:
        """Note that the fetch is over, and what ended it if it did not end well."""
        self._fetched = time.monotonic()
        if error is not None:
            self._failure = self._failed(error)

    def outcome(self) -> Outcome:
        """Return what became of the task."""
        self._cpu_fetched = time.thread_time()
        try:
            return self._read()
        except FetchError as error:
            return self._settled(failure=failure(error.kind, error.message))
        except Exception as error:
            return self._settled(failure=internal(error))

    def _read(self) -> Outcome:
        exchange = self._exchange
        if exchange is not None and exchange.head is not None and exchange.head.set_cookies:
            self._desk.cookies.store(self.task.url, exchange.head.set_cookies)
        if exchange is not None and exchange.verdict is not None:
            # The answer was clear before what broke the connection: an unwanted body that could not be drained.
            verdict = exchange.verdict
            return self._settled(redirect=verdict.redirect, skip=verdict.skip, failure=verdict.failure)
        if self._failure is not None or exchange is None or exchange.head is None or exchange.body is None:
            return self._settled(failure=self._failure or failure("internal", "the client brought no answer"))
        content = exchange.body.content()
        if self.task.role is Role.ROBOTS:
            return self._settled(robots=_robots_text(exchange.body), size=len(content))
        head, task = exchange.head, self.task
        page, codec = as_utf8(content, head.content_type)
        reading = self._desk.extractor.read_utf8(page, task.url, task.role, head.robots_tags, codec)
        return self._settled(
            size=len(content),
            links=reading.links,
            record=reading.record,
            skip="noindex" if reading.noindex else None,
            surplus_links=reading.surplus,
        )

    def _settled(
        self,
        *,
        size: int = 0,
        links: tuple[str, ...] = (),
        record: Record | None = None,
        redirect: str | None = None,
        robots: str | None = None,
        skip: str | None = None,
        failure: Failure | None = None,
        surplus_links: int = 0,
    ) -> Outcome:
        head = self._exchange.head if self._exchange is not None else None
        return Outcome(
            task=self.task,
            worker=self._worker,
            timings=self._timings(),
            status=head.status if head is not None else None,
            content_type=head.media_type if head is not None else None,
            size=size,
            links=links,
            record=record,
            redirect=redirect,
            robots=robots,
            skip=skip,
            failure=failure,
            surplus_links=surplus_links,
        )

    def _timings(self) -> Timings:
        exchange = self._exchange
        return Timings(
            self._started,
            self._fetched,
            time.monotonic(),
            exchange.connected_at if exchange is not None else None,
            exchange.answered_at if exchange is not None else None,
            self._cpu_fetched - self._cpu_before if self._desk.one_by_one else None,
            time.thread_time() - self._cpu_fetched,
        )

    def _failed(self, error: Exception) -> Failure:
        """Return the failure that an exception of the fetch means."""
        if not isinstance(error, FetchError):
            return internal(error)
        if error.kind == "timeout":
            return failure("timeout", f"no complete answer within {self._desk.settings.timeout:g} s")
        if error.kind == "connection" and self._exchange is not None and self._exchange.head is not None:
            return failure("truncated", "the connection broke in the middle of the body")
        return failure(error.kind, error.message)


def _robots_text(body: Body) -> str:
    """Return the text of a robots.txt: UTF-8 (RFC 9309 section 2.2), unless a byte order mark says otherwise."""
    text = decode(body.content(), "text/plain; charset=utf-8")
    # Where it is cut, the last line may say what it does not mean: `Disallow: /` of `Disallow: /private`.
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] if body.full else text


def internal(error: Exception) -> Failure:
    """Return the failure of a bug of our own: final, since it would happen again."""
    return failure("internal", f"{type(error).__name__}: {error}")
