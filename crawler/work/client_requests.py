"""The blocking client: requests, by way of its transport adapter.

    fetch ──▶ HTTPAdapter.send ──▶ a pool per origin ──▶ one connection: strict, and in time (see `wire`)

A `Session` does for each request what a crawler must not have done: it follows redirects, merges cookies, reads
proxies and passwords from the environment. So it is left out, and its adapter is called as a session would call it.
"""

from collections import OrderedDict
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import InvalidHeader, LocationValueError
from urllib3.response import HTTPResponse

from crawler.urls import origin, path_and_query
from crawler.work.addresses import AddressRule
from crawler.work.errors import Rules, fetch_error
from crawler.work.exchange import Exchange
from crawler.work.tls import ssl_context
from crawler.work.wire import BUFFER, PlainConnection, TLSConnection, Wire

ORIGINS = 64
"""Origins to which a connection is kept open; the one not used longest is closed first."""

# What requests raises are OSErrors all, so these would pass for broken connections.
_RULES: Rules = ((InvalidHeader, "protocol"), (LocationValueError, "protocol"))


class _Adapter(HTTPAdapter):
    """requests' transport with connections of our own, and without what each request would pay for and not use."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._wire = wire
        self._pools: OrderedDict[str, HTTPConnectionPool] = OrderedDict()

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool of the request's origin, which holds one connection."""
        site = origin(request.url or "")
        pool = self._pools.get(site)
        if pool is None:
            pool = self._pools[site] = self._open(site)
            while len(self._pools) > ORIGINS:
                self._pools.popitem(last=False)[1].close()
        else:
            self._pools.move_to_end(site)
        return pool

    def _open(self, site: str) -> HTTPConnectionPool:
        scheme, _, authority = site.partition("://")
        host, colon, port = authority.rpartition(":")
        # A colon within brackets belongs to an IPv6 address.
        if not colon or port.endswith("]"):
            host, port = authority, "443" if scheme == "https" else "80"
        pool: HTTPConnectionPool
        if scheme == "https":
            pool = HTTPSConnectionPool(host, int(port), maxsize=1, ssl_context=ssl_context(), wire=self._wire)
            pool.ConnectionCls = TLSConnection
        else:
            pool = HTTPConnectionPool(host, int(port), maxsize=1, wire=self._wire)
            pool.ConnectionCls = PlainConnection
        return pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Do nothing: the pool's SSL context verifies."""

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:  # noqa: ARG002
        """Return the request target."""
        return path_and_query(request.url or "")

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return a response that has what is read of it: cookies and headers are read from the raw one."""
        response = Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()


class RequestsClient:
    """The client `requests` (see `Client`)."""

    def __init__(self, addresses: AddressRule) -> None:
        self._wire = Wire(addresses)
        self._adapter = _Adapter(self._wire)

    def fetch(self, exchange: Exchange) -> None:
        """Send the exchange's request and feed it the answer (see `Client`)."""
        self._wire.exchange = exchange
        try:
            self._read(exchange, self._send(exchange))
        except Exception as error:
            raise fetch_error(error, _RULES) or error from error

    def _send(self, exchange: Exchange) -> HTTPResponse:
        """Return the response, its body unread."""
        request = PreparedRequest()
        request.method = "GET"
        request.url = exchange.url
        request.headers = CaseInsensitiveDict(exchange.headers)
        try:
            response = self._adapter.send(request, stream=True, timeout=exchange.time_left())
        except Exception as error:
            known = fetch_error(error, _RULES)
            if not exchange.kept or known is None or known.kind != "connection":
                raise
            response = self._adapter.send(request, stream=True, timeout=exchange.time_left())
        raw: HTTPResponse = response.raw
        return raw

    def _read(self, exchange: Exchange, raw: HTTPResponse) -> None:
        try:
            exchange.begin(raw.status, raw.headers.iteritems())
            while exchange.hungry:
                if chunk := raw.read1(BUFFER, decode_content=False):
                    exchange.feed(chunk)
                else:
                    exchange.end()
        finally:
            # A connection whose response was read to its end is back in the pool, and this leaves it there.
            raw.close()

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def open_client(addresses: AddressRule) -> RequestsClient:
    """Return a new client, which connects to what the rule lets it."""
    return RequestsClient(addresses)
