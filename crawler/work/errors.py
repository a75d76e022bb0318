"""From the exceptions that sockets, TLS and HTTP libraries raise to the few kinds of failure that a crawl knows.

Libraries wrap each other's exceptions, so what happened is looked for in the whole chain, most telling first.
"""

import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from http.client import HTTPException, IncompleteRead

from crawler.work.http import UNKNOWN_NAME, FetchError, explained

Rules = Sequence[tuple[type[BaseException], str]]
"""Exception classes and the kind that each means; the first that anything in a chain belongs to wins."""

STANDARD: Rules = (
    # The peer hung up in the middle of TLS: a broken connection, not a broken certificate.
    (ssl.SSLEOFError, "connection"),
    (ssl.SSLZeroReturnError, "connection"),
    (ssl.SSLError, "tls"),
    (ssl.CertificateError, "tls"),
    (TimeoutError, "timeout"),
    (socket.gaierror, "connection"),
    (IncompleteRead, "truncated"),
    # http.client's RemoteDisconnected is a ConnectionError and an HTTPException: the former says it.
    (ConnectionError, "connection"),
    (HTTPException, "protocol"),
    (OSError, "connection"),
)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it wraps: in its cause, its arguments, or the attributes that libraries use."""
    seen: set[int] = set()
    stack: list[object] = [error]
    while stack:
        item = stack.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        wrapped = (getattr(item, name, None) for name in ("reason", "os_error", "certificate_error", "__cause__"))
        stack += [*wrapped, *item.args]


def fetch_error(error: Exception, own: Rules = ()) -> FetchError | None:
    """Return what an exception means, or None if it is none of a fetch's: a bug.

    Args:
        own: the rules of the library that raised it, before the standard library's.
    """
    # What was there first comes last: a library's own error may be an OSError too, without its details.
    links = list(chain(error))[::-1]
    for link in links:
        if isinstance(link, FetchError):
            return link
    for cls, kind in (*own, *STANDARD):
        for link in links:
            if isinstance(link, cls):
                return explained(kind, _detail(link, kind))
    return None


def _detail(error: BaseException, kind: str) -> str:
    """Return what to tell people besides the kind: the system's words where there are any."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(getattr(error, "verify_message", ""))
    if isinstance(error, ssl.SSLError):
        return (error.reason or "").replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return UNKNOWN_NAME
    if isinstance(error, OSError) and error.errno:
        # The system's words, since asyncio replaces them by an address.
        return os.strerror(error.errno)
    if kind == "protocol":
        # aiohttp's errors print a made-up status of their own before the message.
        return getattr(error, "message", None) or str(error)
    return ""
