"""The client for an event loop: aiohttp."""

import asyncio
import socket
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from ipaddress import ip_address
from operator import itemgetter
from typing import Any

import aiohttp
from aiohttp import http_exceptions
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from crawler.work.addresses import AddressRule
from crawler.work.errors import Rules, fetch_error
from crawler.work.exchange import Exchange
from crawler.work.http import LINE_LENGTH, LINES
from crawler.work.tls import ssl_context

DNS_SECONDS = 300
"""For how long an address is remembered; what changes meanwhile shows as a failed connection, and is tried again."""

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


class _Connection(ResponseHandler):
    """aiohttp's connection, which says so when it breaks in the middle of a body.

    aiohttp (3.14) takes a reset for the end of a body that has no length; and on a bad chunk it closes the connection,
    and lets who waits for the body wait until the time-out.
    """

    kept = False
    """Whether it has served a request before."""

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the reader of a body that has not ended know why it will not."""
        body, error = self._payload, self.exception() or exc
        if body is not None and error is not None and not body.is_eof():
            body.set_exception(error)
        super().connection_lost(exc)


def _open_connection(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Connection(loop)


_under_way: ContextVar[Exchange] = ContextVar("_under_way")
"""The exchange of the running asyncio task."""


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool, of connections of our own, which tells the exchange when it has one.

    It has no hook for that; the contract test holds that it works. aiohttp's own tracing (`TraceConfig`) would tell
    when there is a connection, for a tenth of what a request costs.
    """

    def __init__(self, addresses: AddressRule, *, keeps: bool) -> None:
        # How many connections at once is the frontier's to say, not the pool's.
        super().__init__(limit=0, ttl_dns_cache=DNS_SECONDS, resolver=_Resolver(addresses), force_close=not keeps)
        self._factory = partial(_open_connection, self._loop)

    async def connect(self, *args: Any, **options: Any) -> Connection:
        """Return a connection, a new one or one that was kept."""
        connection = await super().connect(*args, **options)
        protocol = connection.protocol
        assert isinstance(protocol, _Connection)
        _under_way.get().connected(kept=protocol.kept)
        protocol.kept = True
        return connection


class AiohttpClient:
    """The client `aiohttp` (see `AsyncClient`). To be made within a running loop."""

    def __init__(self, addresses: AddressRule) -> None:
        self._addresses = addresses
        self._session = self._open_session(keeps=True)
        self._fresh: aiohttp.ClientSession | None = None
        """Whose connections are new ones all."""

    def _open_session(self, *, keeps: bool) -> aiohttp.ClientSession:
        """Return a session that keeps connections, or makes one for each request."""
        session = aiohttp.ClientSession(
            connector=_Connector(self._addresses, keeps=keeps),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=LINE_LENGTH,
            max_field_size=LINE_LENGTH,
            max_headers=LINES,
        )
        # It would send any request that a broken connection took with it again, on a new connection, too.
        session._retry_connection = False
        return session

    async def fetch(self, exchange: Exchange) -> None:
        """Send the exchange's request and feed it the answer (see `AsyncClient`)."""
        _under_way.set(exchange)
        try:
            async with asyncio.timeout(exchange.time_left()):
                try:
                    await self._fetch(exchange, self._session)
                except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                    if not exchange.kept or exchange.head is not None:
                        raise
                    self._fresh = self._fresh or self._open_session(keeps=False)
                    await self._fetch(exchange, self._fresh)
        except Exception as error:
            raise fetch_error(error, _RULES) or error from error

    async def _fetch(self, exchange: Exchange, session: aiohttp.ClientSession) -> None:
        secure = exchange.url.startswith("https:")
        url = URL(exchange.url, encoded=True)
        self._check_address(url)
        async with session.get(
            url,
            headers=exchange.headers,
            allow_redirects=False,
            ssl=ssl_context() if secure else True,
        ) as response:
            exchange.begin(
                response.status,
                ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers),
            )
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
        if self._fresh is not None:
            await self._fresh.close()


def open_client(addresses: AddressRule) -> AiohttpClient:
    """Return a new client for the running event loop, which connects to what the rule lets it."""
    return AiohttpClient(addresses)
