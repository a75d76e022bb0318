"""One request and its answer, without the I/O: what a client, of whatever kind, is handed and feeds.

    client: connected(), send `url` with `headers`  ──▶  begin(status, headers)  ──▶  while hungry: feed(bytes) or end()

The exchange says when enough was read, so that no client decides anything: a redirect's body is not read, an endless
one is left in the middle. A client that is left with an unread body closes the connection.
"""

import time
from collections.abc import Iterable, Mapping

from crawler.model import Role, Task
from crawler.work.body import Body, too_large
from crawler.work.http import Head
from crawler.work.verdict import NOT_HTML, ROBOTS_LENGTH, Verdict, begins_like_html, judge

DRAIN = 16_384
"""Bytes of an unwanted body that are read and thrown away, if no more are announced: cheaper than to connect anew."""


class Exchange:
    """A request, and what came of it.

    Attributes:
        url: what to ask for, byte for byte.
        headers: what to send, all of it.
        deadline: when to give up, in seconds of `time.monotonic`.
        hungry: whether more of the body is wanted. False once nothing more is, or the body has ended.
        head: the response's head, once `begin` was called.
        verdict: what the answer came to without its body, if it did.
        body: what was read of the body.
        connected_at: when it got a connection, in seconds of `time.monotonic`; None while it has none.
        kept: whether that had served another request before. If it breaks before the answer, the server may have closed
            it unasked, and the request may go out once more, on a new one (RFC 9112 section 9.3.1); else it may not.
        answered_at: when the head came.
    """

    def __init__(self, task: Task, headers: Mapping[str, str], *, timeout: float, max_bytes: int) -> None:
        self.task = task
        self.url = task.url
        self.headers = headers
        self.deadline = time.monotonic() + timeout
        self._latest = self.deadline + timeout
        self.hungry = False
        self.head: Head | None = None
        self.verdict: Verdict | None = None
        self.body: Body | None = None
        self.connected_at: float | None = None
        self.kept = False
        self.answered_at: float | None = None
        self._max_bytes = max_bytes
        self._untyped = False

    def put_off(self, seconds: float) -> None:
        """Move the deadline, since nobody was there to take the answer in; but not by more than the time-out again."""
        self.deadline = min(self.deadline + seconds, self._latest)

    def time_left(self) -> float:
        """Return the seconds until the deadline.

        Raises:
            TimeoutError: it has passed.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connected(self, *, kept: bool) -> None:
        """Say that there is a connection, a new one or one that was kept: the request is about to be sent."""
        self.connected_at = time.monotonic()
        self.kept = kept

    def begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Take the response's head; header values as latin-1.

        Raises:
            FetchError: `content-encoding`, `too-large`, `protocol`: the body is not worth reading.
        """
        self.answered_at = time.monotonic()
        self.head = head = Head.read(status, headers)
        self.verdict = judge(self.task, head, time.time())
        if self.verdict is not None:
            # 204 and 304 have no body to drain, whatever they announce (RFC 9112 section 6.3).
            self.hungry = status in (204, 304) or (head.content_length is not None and head.content_length <= DRAIN)
            return
        if self.task.role is Role.ROBOTS:
            self.body = Body(head.content_encoding, ROBOTS_LENGTH, cut=True)
        else:
            self.body = Body(head.content_encoding, self._max_bytes)
            self._untyped = head.media_type is None
            if not self.body.coded and head.content_length is not None and head.content_length > self._max_bytes:
                raise too_large(self._max_bytes)
        self.hungry = True

    def feed(self, data: bytes) -> None:
        """Take raw bytes of the body.

        Raises:
            FetchError: `too-large`, `content-encoding`.
        """
        if self.verdict is not None or self.body is None:
            return
        self.body.feed(data)
        if self._untyped and (html := begins_like_html(self.body.start())) is not None:
            self._untyped = False
            if not html:
                self.verdict = NOT_HTML
        self.hungry = self.verdict is None and not self.body.full

    def end(self) -> None:
        """Say that the body has ended.

        Raises:
            FetchError: `truncated`.
        """
        self.hungry = False
        if self.verdict is None and self.body is not None:
            self.body.end()
            if self._untyped and self.body.size:
                self.verdict = NOT_HTML
