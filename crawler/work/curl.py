"""libcurl's easy handle, held to the one meaning of a fetch: it moves bytes, and the exchange decides.

    begin(exchange) ──▶ handle, performed by whoever has it ──▶ ended(code, message)
                          │ a line at a time ──▶ exchange.begin     │ FetchError, or all went well,
                          └ as they come ──────▶ exchange.feed      └ or once more, on a fresh connection

Left to itself libcurl would read proxies from the environment, tidy up paths, take text without a head for HTTP/0.9,
and speak two dozen protocols. Python's exceptions cannot pass through it, so they are kept until it has returned.
"""

import math
import os
import re
import socket
import time
from functools import lru_cache

import pycurl

from crawler.model import ADDRESS_FORBIDDEN
from crawler.urls import host, hostname, origin, path_and_query
from crawler.work.addresses import AddressRule
from crawler.work.exchange import Exchange
from crawler.work.http import LINE_LENGTH, LINES, UNKNOWN_NAME, FetchError, explained
from crawler.work.tls import authorities

SHORT_LINE = 100
"""Bytes of a header line that may be remembered."""
CONNECTIONS = 64
"""Connections that are kept while they are idle; the one not used longest is closed first."""

_ABORT = -1
"""What a callback returns to have libcurl end the transfer and close its connection."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)[ \r\n]")
_FIELD = re.compile(rb"([\w!#$%&'*+.^`|~-]+):(.*?)\r?\n", re.DOTALL)

_OPTIONS: tuple[tuple[int, object], ...] = (
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.HTTP09_ALLOWED, 0),
    (pycurl.HTTP_CONTENT_DECODING, 0),
    (pycurl.FOLLOWLOCATION, 0),
    # Empty, not unset: unset means the proxy that the environment names.
    (pycurl.PROXY, ""),
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.MAXCONNECTS, CONNECTIONS),
    # Signals are the main thread's; without this libcurl would use SIGALRM to time out the look-up of names.
    (pycurl.NOSIGNAL, 1),
)

_KINDS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_PARTIAL_FILE: "truncated",
    # Of a canonical URL only the host can be malformed to libcurl: a name that nobody can have.
    pycurl.E_URL_MALFORMAT: "connection",
    pycurl.E_COULDNT_RESOLVE_HOST: "connection",
    pycurl.E_COULDNT_CONNECT: "connection",
    pycurl.E_GOT_NOTHING: "connection",
    pycurl.E_SEND_ERROR: "connection",
    pycurl.E_RECV_ERROR: "connection",
    pycurl.E_ABORTED_BY_CALLBACK: "connection",
    pycurl.E_OUT_OF_MEMORY: "connection",  # what it says where there are too many open files, too
    pycurl.E_UNSUPPORTED_PROTOCOL: "protocol",
    pycurl.E_FTP_WEIRD_SERVER_REPLY: "protocol",
    pycurl.E_BAD_CONTENT_ENCODING: "protocol",
    100: "protocol",  # CURLE_TOO_LARGE, for which pycurl has no name: a head beyond libcurl's own bounds
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_SSL_CIPHER: "tls",
}
# Two of libcurl's codes stand for more than one kind, which only its words tell apart.
_NOT_HTTP = re.compile("chunk|Malformed encoding|response headers")
_HUNG_UP = re.compile("SYSCALL|unexpected eof|reset by peer", re.IGNORECASE)


class _Lent(socket.socket):
    """A socket that libcurl is given: it takes a duplicate, and so this one closes when it is let go."""

    def __del__(self) -> None:
        if hasattr(self, "_io_refs"):  # else there is none: the system had no more
            self.close()


def _read_field(line: bytes) -> tuple[str, str] | None:
    """Return the name and the value of a header line, as latin-1; None if it is none."""
    field = _FIELD.fullmatch(line)
    return None if field is None else (field[1].decode("latin-1"), field[2].decode("latin-1"))


# Most of a server's header lines are the same each time.
_read_short = lru_cache(maxsize=256)(_read_field)


class Transfer:
    """An easy handle, and the exchange that it is having: one after another.

    Args:
        addresses: what it may connect to.
        timed: whether libcurl is to end it at the exchange's deadline; else it does so with connecting only.
    """

    def __init__(self, addresses: AddressRule, *, timed: bool) -> None:
        self.handle = pycurl.Curl()
        """To be performed after `begin`, and again where `ended` says so."""
        for option, value in _OPTIONS:
            self.handle.setopt(option, value)
        self.handle.setopt(pycurl.HEADERFUNCTION, self._take_line)
        self.handle.setopt(pycurl.WRITEFUNCTION, self._take_body)
        self.handle.setopt(pycurl.PREREQFUNCTION, self._connected)
        self.handle.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        self.exchange: Exchange
        self._addresses = addresses
        self._limit = pycurl.TIMEOUT_MS if timed else pycurl.CONNECTTIMEOUT_MS
        self._headers: dict[str, str] = {}
        self._refusals: list[str] = []
        self._opened = 0
        self._lines: list[bytes] = []
        self._ends_with_connection = False
        self._sent, self._tries = 0, 1
        self._error: BaseException | None = None

    def begin(self, exchange: Exchange) -> None:
        """Make the handle ready to send the exchange's request.

        Raises:
            FetchError: `tls`, there are no certificate authorities; `timeout`, the deadline has passed.
        """
        self.exchange = exchange
        self._sent, self._tries = 0, 1
        self._error = None
        handle, url = self.handle, exchange.url
        site = origin(url)
        # libcurl parses the site's address only. The target goes out as it stands, without being parsed.
        handle.setopt(pycurl.URL, f"{site}/")
        handle.setopt(pycurl.REQUEST_TARGET, path_and_query(url))
        if exchange.headers != self._headers:  # else the handle has them already
            lines = [f"{name}: {value}".encode("latin-1") for name, value in exchange.headers.items()]
            handle.setopt(pycurl.HTTPHEADER, lines)
            self._headers = dict(exchange.headers)
        handle.setopt(pycurl.FRESH_CONNECT, 0)
        if site.startswith("https:"):
            handle.setopt(pycurl.CAINFO, authorities())
        self._get_ready()

    def ended(self, code: int, message: str) -> bool:
        """Take in how libcurl ended, by its code and its words; return whether that was the end.

        If it was not, a kept connection broke before a whole head had come, or none was made in time though there is
        time left, and the handle is to be performed once more.

        Raises:
            FetchError: of whatever kind.
        """
        exchange, error, self._error = self.exchange, self._error, None
        if error is not None:
            raise error
        if code == pycurl.E_OK and exchange.head is not None:
            if exchange.hungry:
                exchange.end()
            return True
        if code == pycurl.E_WRITE_ERROR and exchange.head is not None and not exchange.hungry:
            return True
        if code == pycurl.E_RECV_ERROR and self._ends_with_connection and "unexpected eof" in message:
            # Servers that do not take leave of TLS are common, and OpenSSL alone minds.
            exchange.end()
            return True
        failed = self._failure(code, message)
        # A time-out before the deadline: it was put off while there was a connection to be made.
        broke = (failed.kind == "connection" and exchange.kept) or failed.kind == "timeout"
        if not broke or exchange.head is not None or self._tries > 1 or exchange.deadline <= time.monotonic():
            raise failed
        self._sent, self._tries = min(self._sent, 1), 2
        self.handle.setopt(pycurl.FRESH_CONNECT, 1)
        self._get_ready()
        return False

    def close(self) -> None:
        """Close the handle, and the connections that are its own."""
        self.handle.close()

    def _get_ready(self) -> None:
        self._lines = []
        self._ends_with_connection = False
        self._refusals = []
        self._opened = 0
        try:
            left = self.exchange.time_left()
        except TimeoutError:
            raise explained("timeout", "") from None
        # 0 would mean no limit at all.
        self.handle.setopt(self._limit, math.ceil(left * 1000))

    def _failure(self, code: int, message: str) -> FetchError:
        """Return what libcurl's code means; its words where the code does not say enough."""
        if code == pycurl.E_OK:
            return explained("connection", "it ended within the head")
        if self._refusals and not self._opened:
            return FetchError(ADDRESS_FORBIDDEN, self._refusals[0])
        kind = _KINDS.get(code)
        if kind is None:
            return FetchError("internal", f"libcurl: {message or code}")
        if code == pycurl.E_RECV_ERROR and not _HUNG_UP.search(message):
            kind = "protocol" if _NOT_HTTP.search(message) else "tls" if "SSL" in message else kind
        if code == pycurl.E_SSL_CONNECT_ERROR and _HUNG_UP.search(message):
            kind = "connection"
        if code == pycurl.E_COULDNT_CONNECT and (number := self.handle.getinfo(pycurl.OS_ERRNO)):
            message = os.strerror(number)
        elif code in (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_URL_MALFORMAT):
            message = UNKNOWN_NAME
        return explained(kind, message.partition(": 0x")[0])

    def _open_socket(self, _purpose: int, address: pycurl.CurlSockAddr) -> socket.socket | int:
        """Open the socket to connect to an address with, unless the rule refuses that: libcurl then tries the next."""
        site = host(self.exchange.url)
        name = hostname(site)
        port = site[len(name) + 1 :] or ("443" if self.exchange.url.startswith("https:") else "80")
        try:
            refusal = self._addresses.refusal(name.strip("[]"), int(port), str(address.addr[0]))
            if refusal is not None:
                self._refusals.append(refusal)
                return pycurl.SOCKET_BAD
            self._opened += 1
            return _Lent(address.family, address.socktype, address.protocol)
        except OSError as error:  # there may be no more open files
            self._error = explained("connection", error.strerror or str(error))
        except BaseException as error:
            self._error = error
        return pycurl.SOCKET_BAD

    def _connected(self, *_: object) -> int:
        """Let a request go out as often as it may. Where a kept connection broke, libcurl would try the next kept one,
        and so on; it is to be a fresh one, and once."""
        self._sent += 1
        if self._sent > self._tries:
            return pycurl.PREREQFUNC_ABORT
        self.exchange.connected(kept=not self._opened)
        return pycurl.PREREQFUNC_OK

    def _take_line(self, line: bytes) -> int | None:
        lines = self._lines
        lines.append(line)
        try:
            if len(line) > LINE_LENGTH or len(lines) > LINES + 2:
                raise explained("protocol", "the head is too long")
            if line == b"\r\n" or line == b"\n":
                return self._take_head()
        except BaseException as error:
            self._error = error
            return _ABORT
        return None

    def _take_head(self) -> int | None:
        """Begin the exchange, if the head that has come is not an interim answer's (RFC 9110 section 15.2)."""
        exchange, lines, self._lines = self.exchange, self._lines, []
        if exchange.head is not None:
            return None  # trailers
        first = _STATUS.match(lines[0])
        if first is None:
            raise explained("protocol", "a status line that is none")
        status = int(first[1])
        if 100 <= status < 200 and status != 101:
            return None
        headers = []
        for line in lines[1:-1]:
            field = _read_short(line) if len(line) <= SHORT_LINE else _read_field(line)
            if field is None:
                raise explained("protocol", "a header line that is none")
            headers.append(field)
        framing = {"content-length", "transfer-encoding"}
        self._ends_with_connection = not any(name.lower() in framing for name, _ in headers)
        exchange.begin(status, headers)
        return None if exchange.hungry else _ABORT

    def _take_body(self, data: bytes) -> int | None:
        exchange = self.exchange
        try:
            exchange.feed(data)
        except BaseException as error:
            self._error = error
            return _ABORT
        return None if exchange.hungry else _ABORT
