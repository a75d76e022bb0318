"""The blocking client `curl`: libcurl's easy interface, by way of pycurl.

    fetch ──▶ Transfer ──▶ libcurl, without the GIL while it waits ──▶ callbacks, with it ──▶ the exchange

A handle keeps its connections, and so a client has one handle for all that it fetches.
"""

import pycurl

from crawler.work.addresses import AddressRule
from crawler.work.curl import Transfer
from crawler.work.exchange import Exchange


class CurlClient:
    """The client `curl` (see `Client`)."""

    def __init__(self, addresses: AddressRule) -> None:
        self._transfer = Transfer(addresses, timed=True)

    def fetch(self, exchange: Exchange) -> None:
        """Send the exchange's request and feed it the answer (see `Client`)."""
        self._transfer.begin(exchange)
        while not self._transfer.ended(*self._perform()):
            pass

    def _perform(self) -> tuple[int, str]:
        """Block until libcurl is through; return its code and its words."""
        try:
            self._transfer.handle.perform()
        except pycurl.error as error:
            match error.args:
                case (int(code), message):
                    return code, message
            raise
        return pycurl.E_OK, ""

    def close(self) -> None:
        """Close the connections."""
        self._transfer.close()


def open_client(addresses: AddressRule) -> CurlClient:
    """Return a new client, which connects to what the rule lets it."""
    return CurlClient(addresses)
