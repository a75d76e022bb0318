"""What an answer's head comes to: a redirect, a page left on purpose, a failure, or a body to read.

Pure, and the only place that knows what a status or a content type means.
"""

from codecs import BOM_UTF8
from contextlib import suppress
from dataclasses import dataclass

from crawler.model import Failure, Role, Task
from crawler.urls import canonical, quotable
from crawler.work.body import START
from crawler.work.http import TRANSIENT_STATUSES, Head, failure, status_failure
from crawler.work.retry_after import retry_after

REDIRECTS = frozenset({301, 302, 303, 307, 308})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
ROBOTS_LENGTH = 500 * 1024
"""Bytes of robots.txt that are read; the rest is ignored (RFC 9309 section 2.5)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request without its body: one of the three (see `Outcome`)."""

    redirect: str | None = None
    skip: str | None = None
    failure: Failure | None = None


NOT_HTML = Verdict(skip="content-type")


def judge(task: Task, head: Head, now: float) -> Verdict | None:
    """Return what the head alone decides, or None if the body is to be read; `now` is Unix time."""
    status = head.status
    if status in REDIRECTS:
        return _redirect(task.url, head.location)
    if not 200 <= status < 300:
        wait = retry_after(head.retry_after, now) if status in TRANSIENT_STATUSES else None
        return Verdict(failure=status_failure(status, wait))
    if task.role is Role.ROBOTS:
        return None
    if status in (204, 205):
        return Verdict(skip="no-content")
    if head.media_type is not None and head.media_type not in HTML_TYPES:
        return NOT_HTML
    return None


def begins_like_html(start: bytes) -> bool | None:
    """Say whether a body without a type looks like a page: `<` after white space and a byte order mark.

    None where what is there does not tell yet.
    """
    text = start.removeprefix(BOM_UTF8).lstrip()
    if (not text or BOM_UTF8.startswith(text)) and len(start) < START:
        return None
    return text.startswith(b"<")


def _redirect(url: str, location: str | None) -> Verdict:
    """Return where a Location header leads (RFC 9110 section 10.2.2)."""
    if not location:
        return Verdict(failure=failure("redirect-invalid", "a redirect without Location"))
    # Browsers read it as UTF-8; where it is not, it is latin-1, as it has been read already.
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    target = canonical(location, url)
    if target is None:
        return Verdict(
            failure=failure("redirect-invalid", f"a redirect to {quotable(location)}, which is no http(s) URL")
        )
    return Verdict(redirect=target)
