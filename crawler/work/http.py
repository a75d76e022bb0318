"""What a request says, what of an answer's head matters, and how a fetch fails: the same for every client."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from crawler.model import Failure
from crawler.urls import without_credentials

TRANSIENT_KINDS = frozenset({"connection", "timeout", "truncated"})
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
UNKNOWN_NAME = "the host's name is not known"
_PLAIN = {
    "connection": "no connection",
    "timeout": "no complete answer in time",
    "truncated": "the body is cut off",
    "protocol": "the answer is not HTTP",
    "tls": "TLS failed",
}
LINE_LENGTH = 65_536
"""Bytes of a header line that are allowed: http.client's bound, so that all clients refuse the same heads."""
LINES = 100
"""Header lines that are allowed: http.client's bound too."""
HEAD_LENGTH = 262_144
"""Characters of all header lines together; libcurl would end at about as many."""
MESSAGE_LENGTH = 200
"""Characters of a failure's message: enough for people, and no way for a server to fill the disk."""


class FetchError(Exception):
    """A fetch that failed: raised by clients and by what they feed, and turned into a `Failure`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


def explained(kind: str, detail: str) -> FetchError:
    """Return the error of a kind that clients know, in plain words and with what is known besides."""
    return FetchError(kind, f"{_PLAIN[kind]}: {detail}" if detail else _PLAIN[kind])


def failure(kind: str, message: str) -> Failure:
    """Return the failure of a kind, its message made fit for people, a terminal and a log."""
    return Failure(kind, one_line(message), transient=kind in TRANSIENT_KINDS)


def status_failure(status: int, retry_after: float | None) -> Failure:
    """Return the failure that a status stands for; `retry_after` in seconds."""
    return Failure(f"status-{status}", f"the server answered {status}", status in TRANSIENT_STATUSES, retry_after)


def one_line(text: str) -> str:
    """Return the text on one line, without credentials, memory addresses and control characters."""
    # Credentials first: what is cut off may be the `@` that tells them.
    text = without_credentials(text[: 10 * MESSAGE_LENGTH])
    text = re.sub(r"<[\w.]+(?: object)? at 0x[0-9a-fA-F]+>:?\s*|\b0x[0-9a-fA-F]{6,}", "", text)
    text = "".join(" " if unicodedata.category(mark)[0] in "CZ" else mark for mark in text[: 2 * MESSAGE_LENGTH])
    return " ".join(text.split())[:MESSAGE_LENGTH]


def request_headers(user_agent: str) -> dict[str, str]:
    """Return the headers that every request carries; `Host` and `Cookie` are added per URL."""
    return {
        "User-Agent": user_agent,
        "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
        "Accept-Encoding": "gzip, deflate",
    }


_WANTED = frozenset(
    {
        "content-type",
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "location",
        "retry-after",
        "set-cookie",
        "x-robots-tag",
    }
)
_LENGTH = re.compile("[0-9]{1,19}", re.ASCII)
_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)\s*(?:;|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """What of a response's head decides anything. Values are latin-1: byte for byte what was sent."""

    status: int
    content_type: str | None = None
    """The whole value, parameters included."""
    content_encoding: str = ""
    """Codings in the order in which they were applied, lists in several headers joined."""
    content_length: int | None = None
    """Bytes, as announced; None where the body comes in chunks or ends with the connection."""
    location: str | None = None
    retry_after: str | None = None
    set_cookies: tuple[str, ...] = ()
    robots_tags: tuple[str, ...] = ()
    """The values of X-Robots-Tag, a header each."""

    @classmethod
    def read(cls, status: int, headers: Iterable[tuple[str, str]]) -> Self:
        """Return the head made of `(name, value)` pairs as they came; of what should be there once the first counts.

        Raises:
            FetchError: `protocol`, it cannot be said for certain where the body ends, or a value holds what none may.
        """
        values: dict[str, list[str]] = {}
        length = 0
        for name, value in headers:
            length += len(name) + len(value)
            if "\0" in value or "\r" in value:
                raise FetchError("protocol", f"the header {name} holds a control character")
            if (key := name.lower()) in _WANTED:
                values.setdefault(key, []).append(value.strip())
        if length > HEAD_LENGTH:
            raise explained("protocol", "the head is too long")

        def first(name: str) -> str | None:
            return values[name][0] if name in values else None

        return cls(
            status=status,
            content_type=first("content-type"),
            content_encoding=", ".join(values.get("content-encoding", ())),
            content_length=_length(values.get("content-length", ()), values.get("transfer-encoding", ())),
            location=first("location"),
            retry_after=first("retry-after"),
            set_cookies=tuple(values.get("set-cookie", ())),
            robots_tags=tuple(values.get("x-robots-tag", ())),
        )

    @property
    def media_type(self) -> str | None:
        """The bare type in lower case, as `text/html`; None if there is none or it is not one."""
        return _media_type(self.content_type) if self.content_type else None


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str | None:
    match = _MEDIA_TYPE.match(content_type)
    return match[1].lower() if match else None


def _length(lengths: Sequence[str], transfer_codings: Sequence[str]) -> int | None:
    """Return the announced length of a body, in bytes, or None.

    Clients differ in what they make of two lengths, a wrong one, or a length beside chunks, and an attacker can make
    two bodies of one that way; RFC 9112 section 6.3 has a user agent discard such answers.
    """
    if transfer_codings:
        if lengths or [coding.lower() for coding in transfer_codings] != ["chunked"]:
            raise FetchError("protocol", f"the transfer coding {', '.join(transfer_codings)!r} was not asked for")
        return None
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise FetchError("protocol", f"the length {', '.join(lengths)!r} is none")
    return int(lengths[0])
