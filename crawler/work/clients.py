"""The HTTP clients by name, and what all of them are asked. A client's library is imported when it is asked for.

    requests   blocking: for threads and processes
    curl       blocking, or for many URLs at once in one thread
    aiohttp    for an event loop

A client moves bytes: it opens connections, sends what the exchange says and feeds it what comes. What that means is
decided in the exchange, once for all clients.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from crawler.work.addresses import AddressRule
from crawler.work.exchange import Exchange

CLIENTS = {"requests": "crawler.work.client_requests", "curl": "crawler.work.client_curl"}
MULTI_CLIENTS = {"curl": "crawler.work.client_curl_multi"}
ASYNC_CLIENTS = {"aiohttp": "crawler.work.client_aiohttp"}

_OPTIONAL = {"curl": ("pycurl", "curl")}
"""The clients that are not always installed: their module, and the extra that brings it."""


class Client(Protocol):
    """Fetches one URL after another, in one thread."""

    def fetch(self, exchange: Exchange) -> None:
        """Send the exchange's request and feed it the answer. Blocks, at most until its deadline.

        Follows no redirects, keeps no cookies, reads no environment, and sends a request anew, once, where the
        connection broke before a whole head had come (RFC 9110 section 9.2.2). Connects to those of a host's addresses
        only that the client's rule selects.

        Raises:
            FetchError: of whatever kind; a broken connection is `connection` even in the middle of the body.
        """

    def close(self) -> None:
        """Close the connections."""


class AsyncClient(Protocol):
    """Fetches URLs side by side, in one event loop."""

    async def fetch(self, exchange: Exchange) -> None:
        """Do what `Client.fetch` does, without blocking."""

    async def close(self) -> None:
        """Close the connections."""


class MultiClient(Protocol):
    """Fetches URLs side by side, in the thread that polls it."""

    def begin(self, exchange: Exchange) -> None:
        """Begin what `Client.fetch` does, without blocking.

        Raises:
            FetchError: it cannot be begun.
        """

    def poll(self, timeout: float) -> Sequence[tuple[Exchange, Exception | None]]:
        """Feed the exchanges what comes; return those that are through, with what `Client.fetch` would raise.

        Waits at most `timeout` seconds for the first, or until there is something to read where it was told to watch.
        """

    def cancel(self, exchange: Exchange) -> None:
        """Leave an exchange where it is, and close its connection."""

    def watch(self, fileno: int) -> None:
        """Have `poll` return when there is something to read at `fileno`."""

    def close(self) -> None:
        """Close the connections."""


def missing(name: str) -> str | None:
    """Return what a client needs and this machine has not, in words, or None."""
    module, extra = _OPTIONAL.get(name, ("", ""))
    return (
        f"needs {module}: pip install '.[{extra}]', or {module} alone" if module and find_spec(module) is None else None
    )


def client_modules(name: str) -> tuple[str, ...]:
    """Return the modules of a client, whichever way it is opened."""
    return tuple(known[name] for known in (CLIENTS, MULTI_CLIENTS, ASYNC_CLIENTS) if name in known)


def open_client(name: str, addresses: AddressRule) -> Client:
    """Return a new blocking client, which connects to what the rule lets it.

    Raises:
        KeyError: there is none of that name.
    """
    client: Client = import_module(CLIENTS[name]).open_client(addresses)
    return client


def open_async_client(name: str, addresses: AddressRule) -> AsyncClient:
    """Return a new client for the running event loop, which connects to what the rule lets it.

    Raises:
        KeyError: there is none of that name.
    """
    client: AsyncClient = import_module(ASYNC_CLIENTS[name]).open_client(addresses)
    return client


def open_multi_client(name: str, addresses: AddressRule) -> MultiClient:
    """Return a new client for many URLs at once, in the calling thread, which connects to what the rule lets it.

    Raises:
        KeyError: there is none of that name.
    """
    client: MultiClient = import_module(MULTI_CLIENTS[name]).open_client(addresses)
    return client
