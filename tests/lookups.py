"""Names that are not in any DNS, for libcurl, which looks names up by itself."""

from collections.abc import Callable, Sequence

import pycurl
import pytest

from crawler.urls import host
from crawler.work.curl import Transfer
from crawler.work.exchange import Exchange


def tell_libcurl(monkeypatch: pytest.MonkeyPatch, look_up: Callable[[str], Sequence[str] | None]) -> None:
    """Have libcurl take the addresses that `look_up` gives for a name; where that is None, look for itself."""
    begin = Transfer.begin

    def told(transfer: Transfer, exchange: Exchange) -> None:
        name, _, port = host(exchange.url).rpartition(":")
        if (addresses := look_up(name)) is not None:
            transfer.handle.setopt(pycurl.RESOLVE, [f"{name}:{port}:{','.join(addresses)}"])
        begin(transfer, exchange)

    monkeypatch.setattr(Transfer, "begin", told)
