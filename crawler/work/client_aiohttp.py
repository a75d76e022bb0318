"""The client for an event loop: aiohttp."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from operator import itemgetter

import aiohttp
from aiohttp import http_exceptions
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crawler.work.addresses import AddressRule
from crawler.work.errors import Rules, fetch_error
from crawler.work.exchange import Exchange
from crawler.work.tls import ssl_context

DNS_SECONDS = 300
"""For how long an address is remembered; what changes meanwhile shows as a failed connection, and is tried again."""
LINE = 65_536
"""Bytes of a header line that are allowed: http.client's bound, so that all clients refuse the same heads."""
HEADERS = 100
"""Header lines that are allowed: http.client's bound too."""

_RULES: Rules = (
    # Despite their base class these two say that the connection ended within the body.
    (http_exceptions.ContentLengthError, "truncated"),
    (http_exceptions.TransferEncodingError, "truncated"),
    (http_exceptions.HttpProcessingError, "protocol"),
    (aiohttp.ClientPayloadError, "truncated"),
    (aiohttp.ServerDisconnectedError, "connection"),
    (aiohttp.ClientResponseError, "protocol"),
    # A name that IDNA cannot encode (RFC 3490) is one that nobody knows.
    (UnicodeError, "connection"),
)


class _Resolver(AbstractResolver):
    """The system's resolver, less the addresses that the rule refuses: what it returns is what is connected to."""

    def __init__(self, addresses: AddressRule) -> None:
        self._addresses = addresses
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name; FetchError if none of them may be connected to."""
        return self._addresses.select(host, port, await self._system.resolve(host, port, family), itemgetter("host"))

    async def close(self) -> None:
        """Do nothing: there is nothing open."""


class AiohttpClient:
    """The client `aiohttp` (see `AsyncClient`). To be made within a running loop."""

    def __init__(self, addresses: AddressRule) -> None:
        self._addresses = addresses
        self._session = aiohttp.ClientSession(
            # How many connections at once is the frontier's to say, not the pool's.
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=DNS_SECONDS, resolver=_Resolver(addresses)),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=LINE,
            max_field_size=LINE,
            max_headers=HEADERS,
        )

    async def fetch(self, exchange: Exchange) -> None:
        """Send the exchange's request and feed it the answer (see `AsyncClient`)."""
        try:
            async with asyncio.timeout(exchange.time_left()):
                await self._fetch(exchange)
        except Exception as error:
            raise fetch_error(error, _RULES) or error from error

    async def _fetch(self, exchange: Exchange) -> None:
        secure = exchange.url.startswith("https:")
        url = URL(exchange.url, encoded=True)
        self._check_address(url)
        async with self._session.get(
            url,
            headers=exchange.headers,
            allow_redirects=False,
            ssl=ssl_context() if secure else True,
        ) as response:
            exchange.begin(
                response.status,
                ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers),
            )
            with _watched(response):
                while exchange.hungry:
                    if chunk := await response.content.readany():
                        exchange.feed(chunk)
                    else:
                        exchange.end()
            if not response.content.at_eof():
                response.close()

    def _check_address(self, url: URL) -> None:
        """Raise FetchError where the host is an address that the rule refuses: aiohttp asks no resolver about those."""
        name = url.raw_host or ""
        with suppress(ValueError):
            ip_address(name)
            self._addresses.select(name, url.port or 0, (name,), str)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


@contextmanager
def _watched(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Wake the reader of a body when its connection is closed.

    aiohttp (3.14) closes the connection on a bad chunk, and lets who waits for the body wait until the time-out.
    """
    connection, content = response.connection, response.content
    if connection is None or connection.protocol is None:
        # The connection is back in the pool: the body is here, as it is for most pages.
        yield
        return
    protocol = connection.protocol

    def wake(_closed: object = None) -> None:
        if not content.is_eof() and content.exception() is None:
            content.set_exception(protocol.exception() or aiohttp.ClientPayloadError("the connection was closed"))

    closed = protocol.closed
    if closed is None:
        wake()
        yield
        return
    closed.add_done_callback(wake)
    try:
        yield
    finally:
        closed.remove_done_callback(wake)


def open_client(addresses: AddressRule) -> AiohttpClient:
    """Return a new client for the running event loop, which connects to what the rule lets it."""
    return AiohttpClient(addresses)
