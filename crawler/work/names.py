"""Which of the hosts that the user named are private: a crawl of an intranet, or of this machine, may reach those."""

import socket
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress

from crawler.urls import hostname
from crawler.work.addresses import locality

LOOKUPS = 32
"""Names that are looked up at once."""


def private_hosts(hosts: Collection[str], timeout: float) -> Mapping[str, frozenset[str]]:
    """Return those of the hosts (`name` or `name:port`) that have addresses of which none is public, and of what kinds.

    A name that is not known within `timeout` seconds is not among them. If one private address were enough, or one that
    comes later, whoever owns a name could give it that of a machine which he cannot reach himself.
    """
    names = {hostname(host) for host in hosts}
    if not names:
        return {}
    crew = ThreadPoolExecutor(min(len(names), LOOKUPS), "look-up")
    answers = {crew.submit(_localities, name): name for name in names}
    known: dict[str, frozenset[str]] = {}
    with suppress(TimeoutError):
        for answer in as_completed(answers, timeout):
            known[answers[answer]] = answer.result()
    # A look-up cannot be interrupted; one that hangs is left behind.
    crew.shutdown(wait=False, cancel_futures=True)
    return {host: kinds for host in hosts if (kinds := known.get(hostname(host)))}


def _localities(name: str) -> frozenset[str]:
    """Return what a name's addresses are (see `addresses.locality`); nothing where one of them is public."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset()
    kinds = {locality(str(address[0])) for *_, address in found}
    return frozenset() if None in kinds else frozenset(kind for kind in kinds if kind is not None)
