"""Which addresses a crawl may connect to: no link, redirect or name server talks it into the network it runs in.

    name ──look-up──▶ addresses ──select──▶ those that may be connected to ──▶ connect

A check of its own before the look-up would be worth nothing: a name server may give a public address the first time and
a private one the second (DNS rebinding). So each client asks here about the very addresses that it is about to connect
to, for each new connection; a host that is an address is no exception.

The table is our own, since `ipaddress.is_global` differs between versions of Python, and calls multicast global.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeVar

from crawler.model import ADDRESS_FORBIDDEN
from crawler.work.http import FetchError

Found = TypeVar("Found")

# The IANA special-purpose address registries (RFC 6890), what is not globally reachable, and multicast (RFC 5771).
_IPV4 = {
    IPv4Network("0.0.0.0/8"): "unspecified",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "private",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.0.2.0/24"): "reserved",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "reserved",
    IPv4Network("198.51.100.0/24"): "reserved",
    IPv4Network("203.0.113.0/24"): "reserved",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}
_IPV6 = {
    IPv6Network("::/128"): "unspecified",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("2001::/23"): "reserved",  # Teredo is in it (RFC 4380), which wraps IPv4 addresses
    IPv6Network("2001:db8::/32"): "reserved",
    IPv6Network("2002::/16"): "reserved",  # 6to4 (RFC 3056) wraps them too; nothing on the web is reached by either
    IPv6Network("3fff::/20"): "reserved",
    IPv6Network("fc00::/7"): "private",
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("fec0::/10"): "private",
    IPv6Network("ff00::/8"): "multicast",
}
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that has ever been given out (RFC 4291 section 2.4)."""
_STANDS_FOR_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv4-mapped addresses (RFC 4291 section 2.5.5.2), which sockets take for IPv4, and NAT64's (RFC 6052 section 2.1)."""


def locality(address: str) -> str | None:
    """Return what an IP address is if it is not one of the public Internet's: `loopback`, `private`, …; else None.

    An IPv6 address that stands for an IPv4 one is what that is. What cannot be read is `unreadable`, and so not public.
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return "unreadable"
    if any(ip in network for network in _STANDS_FOR_IPV4):
        ip = IPv4Address(int(ip) & 0xFFFF_FFFF)
    if isinstance(ip, IPv4Address):
        return next((word for network, word in _IPV4.items() if ip in network), None)
    return next(
        (word for network, word in _IPV6.items() if ip in network), None if ip in _GLOBAL_UNICAST else "reserved"
    )


@dataclass(frozen=True, slots=True)
class AddressRule:
    """What may be connected to: public addresses, and others only where the user has said so."""

    allow_private: bool = False
    """Whether every address may."""
    private_hosts: frozenset[str] = frozenset()
    """The hosts that may have any address: `name:port`; `name` (the ports of http and https); `name:*` (every port)."""
    localities: frozenset[str] = frozenset()
    """The kinds of addresses (see `locality`) that every host may have: those of the place in which the crawl began."""

    def refusal(self, name: str, port: int, address: str) -> str | None:
        """Return why `address` may not be connected to on behalf of a host, in words; None if it may.

        To be asked with the address that the socket will be connected to, and the host as its URL has it.
        """
        if self.allow_private or self._named(name, port):
            return None
        if (what := locality(address)) is None or what in self.localities:
            return None
        whose = "" if address == name else f" of {name}"
        return f"the address {address}{whose} is {what}: http.allow_private lets the crawl connect to it"

    def select(self, name: str, port: int, found: Sequence[Found], address: Callable[[Found], str]) -> list[Found]:
        """Return, of what a look-up found for a host, that which may be connected to; `address` takes it out of each.

        Raises:
            FetchError: `address-forbidden`, none of it may.
        """
        refusals = [self.refusal(name, port, address(item)) for item in found]
        if refusals and (why := refusals[0]) and all(refusals):
            raise FetchError(ADDRESS_FORBIDDEN, why)
        return [item for item, why in zip(found, refusals, strict=True) if why is None]

    def _named(self, name: str, port: int) -> bool:
        host = f"[{name}]" if ":" in name else name
        written = (f"{host}:{port}", f"{host}:*", host if port in (80, 443) else "")
        return not self.private_hosts.isdisjoint(written)
