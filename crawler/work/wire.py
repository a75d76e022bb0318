"""HTTP over a blocking socket, held to one deadline and read strictly: what requests leaves open.

A timeout of `requests` bounds one `recv`, so a server that sends a byte now and then is waited for without end; and
`http.client` takes a head that breaks off for a whole one. Here each wait gets only the time that is left of the
whole request, and an answer that is not whole, or not HTTP, is an error.
"""

import io
import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http.client import CONTINUE, BadStatusLine, HTTPException, HTTPResponse, RemoteDisconnected
from queue import Empty, SimpleQueue
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from crawler.urls import path_and_query
from crawler.work.addresses import AddressRule
from crawler.work.exchange import Exchange

BUFFER = 32_768
"""Bytes read from a socket at once: most pages come in one."""
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r\n")
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+[ \t]*", re.ASCII)
_DEFECTS = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect)

Address = tuple[int, int, int, str, tuple[Any, ...]]


def connect(host: str, port: int, exchange: Exchange, rule: AddressRule) -> socket.socket:
    """Return a socket connected before the exchange's deadline, with its timeout set to what is left of it.

    Raises:
        FetchError: `address-forbidden`, the rule lets it connect to no address of the host.
        OSError: no address answered (a TimeoutError: in time), or the name is not known.
    """
    addresses = rule.select(host, port, resolve(host, port, exchange.time_left()), lambda found: str(found[4][0]))
    error: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # One dead address of several must not eat the time of the others.
            sock.settimeout(exchange.time_left() / (len(addresses) - tried))
            sock.connect(address)
            sock.settimeout(exchange.time_left())
            return sock
        except OSError as failed:
            sock.close()
            error = failed
    raise error or OSError("the name has no addresses")


def resolve(host: str, port: int, timeout: float) -> Sequence[Address]:
    """Return the addresses of a name; an address is its own.

    The system's look-up cannot be interrupted, so it runs in a thread that may be left behind (a daemon: it keeps no
    program from ending).

    Raises:
        TimeoutError: not known within `timeout` seconds.
        OSError: not known at all.
    """
    with suppress(socket.gaierror, UnicodeError):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    answers: SimpleQueue[Sequence[Address] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(socket.gaierror(socket.EAI_NONAME, "a label of the name is empty or too long"))

    thread = threading.Thread(target=look_up, name="resolve")
    with suppress(RuntimeError):  # interpreters other than the main one allow no daemons
        thread.daemon = True
    thread.start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


class _TimedReader(io.RawIOBase):
    """A socket's bytes, each read of them within the exchange's deadline."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange
        # Holds the socket open while the response is read, even if the connection is closed.
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.time_left())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Lines(io.BufferedReader):
    """A reader that gives whole lines only."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line.

        Raises:
            RemoteDisconnected: the connection ended in the middle of it.
        """
        line = super().readline(size)
        if not line.endswith(b"\n") and len(line) != size:
            raise RemoteDisconnected("the connection ended within a line")
        return line


class _TimedSocket:
    """A socket as http.client's response wants it: it only ever asks for a file."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _Lines(_TimedReader(self._sock, self._exchange), BUFFER)


class StrictResponse(HTTPResponse):
    """http.client's response, with a deadline, and without what it forgives and no other client does.

    It has no hooks for that, so four of its private methods are overridden or called; the contract test holds them.
    """

    _read_and_discard_trailer: Callable[[], None]
    _close_conn: Callable[[], None]

    def __init__(self, sock: socket.socket, exchange: Exchange, method: str | None = None) -> None:
        # typeshed wants a whole socket where http.client needs but makefile().
        super().__init__(_TimedSocket(sock, exchange), method=method)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head.

        Raises:
            HTTPException: a line of it is no header; the email parser that http.client uses takes that for text.
        """
        super().begin()
        message = self.headers
        if any(isinstance(defect, _DEFECTS) for defect in message.defects) or not all(map(_NAME.fullmatch, message)):
            raise HTTPException("a header line that is none")

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line; interim answers (RFC 9110 section 15.2) are passed over, not 100 alone."""
        start = self.fp.peek(5)[:5]
        if start and not b"HTTP/".startswith(start):
            # Said at once: garbage may never come to the end of a line.
            raise BadStatusLine(repr(start))
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, CONTINUE if 100 < status < 200 and status != 101 else status, reason

    def _get_chunk_left(self) -> int | None:
        """Return the bytes left of the current chunk, beginning the next if need be; None after the last.

        http.client takes a wrong chunk size for the end of the connection, a negative one for a size, and whatever
        follows a chunk for its end.
        """
        if self.chunk_left:
            return self.chunk_left
        if self.chunk_left == 0 and self.fp.readline(3) != b"\r\n":
            raise HTTPException("a chunk is longer than its size")
        match = _CHUNK_SIZE.fullmatch(self.fp.readline(4_096))
        if match is None:
            raise HTTPException("a chunk without a size")
        self.chunk_left = int(match[1], 16) or None
        if self.chunk_left is None:
            self._read_and_discard_trailer()
            self._close_conn()
        return self.chunk_left


class Wire:
    """What the connections of one client share: the exchange that is under way. There is one at a time."""

    exchange: Exchange

    def __init__(self, addresses: AddressRule) -> None:
        self.addresses = addresses


class PlainConnection(HTTPConnection):
    """urllib3's connection, serving the exchange on the wire byte for byte and in time."""

    def __init__(self, *args: Any, wire: Wire, **options: Any) -> None:
        super().__init__(*args, **options)
        self._wire = wire

    def response_class(self, sock: socket.socket, method: str | None = None, **_: Any) -> StrictResponse:  # type: ignore[override]
        """Return what http.client reads a response with."""
        return StrictResponse(sock, self._wire.exchange, method)

    def _new_conn(self) -> socket.socket:
        return connect(self._dns_host.strip("[]"), self.port, self._wire.exchange, self._wire.addresses)

    def connect(self) -> None:
        """Open the connection, TLS and all."""
        super().connect()
        self._wire.exchange.connected(kept=False)

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Send the request line."""
        exchange = self._wire.exchange
        if self.sock is not None and exchange.connected_at is None:  # else it is, or will be, a new one
            exchange.connected(kept=True)
        # urllib3 has quoted the target anew by now (`%zz`, `|`); what goes out is the URL's own.
        super().putrequest(method, path_and_query(exchange.url), *args, **options)


class TLSConnection(PlainConnection, HTTPSConnection):
    """The same over TLS."""
