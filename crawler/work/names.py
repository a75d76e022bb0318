"""Which of the hosts that the user named are private: a crawl of an intranet, or of this machine, may reach those."""

import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait

from crawler.urls import hostname
from crawler.work.addresses import locality

LOOKUPS = 32
"""Names that are looked up at once."""


def private_hosts(hosts: Collection[str], timeout: float) -> frozenset[str]:
    """Return those of the hosts (`name` or `name:port`) that have addresses of which none is public.

    A name that is not known within `timeout` seconds is not among them. If one private address were enough, or one that
    comes later, whoever owns a name could give it that of a machine which he cannot reach himself.
    """
    names = {hostname(host) for host in hosts}
    if not names:
        return frozenset()
    crew = ThreadPoolExecutor(min(len(names), LOOKUPS), "look-up")
    answers = {crew.submit(_is_private, name): name for name in names}
    wait(answers, timeout)
    # A look-up cannot be interrupted; one that hangs is left behind.
    crew.shutdown(wait=False, cancel_futures=True)
    private = {name for answer, name in answers.items() if answer.done() and not answer.cancelled() and answer.result()}
    return frozenset(host for host in hosts if hostname(host) in private)


def _is_private(name: str) -> bool:
    """Say whether a name, or an address, has addresses of which none is public."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(locality(str(address[0])) for *_, address in found)
