"""Which addresses are public, and what a rule lets a client connect to."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crawler.work.addresses import AddressRule, locality
from crawler.work.http import FetchError

PUBLIC = (
    *("8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0"),
    *("169.253.255.255", "192.167.255.255", "198.17.255.255", "223.255.255.255", "11.0.0.0", "126.255.255.255"),
    *("2606:2800:220:1::1", "2a00::1", "2001:200::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
)

SPECIAL = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "fc00::1": "private",
    "fdff::1": "private",
    "fec0::1": "private",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "169.254.169.254": "link-local",
    "fe80::1": "link-local",
    "fe80::1%2": "link-local",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "ff02::1": "multicast",
    "192.0.0.8": "reserved",
    "192.0.2.1": "reserved",
    "198.18.0.1": "reserved",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "2001:db8::1": "reserved",
    "3fff::1": "reserved",
    "100::1": "reserved",
    "4000::1": "reserved",
    "::127.0.0.1": "reserved",
    # IPv4 in IPv6
    "::ffff:127.0.0.1": "loopback",
    "::ffff:a9fe:a9fe": "link-local",
    "::ffff:0.0.0.0": "unspecified",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b:1::10.0.0.1": "reserved",
    "2002:7f00:1::": "reserved",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "reserved",
    # no address at all
    "": "unreadable",
    "localhost": "unreadable",
    "127.1": "unreadable",
    "0x7f000001": "unreadable",
    "127.0.0.1 ": "unreadable",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_has_no_locality(address: str) -> None:
    assert locality(address) is None


@pytest.mark.parametrize(("address", "what"), SPECIAL.items())
def test_what_is_not_public_is_called_what_it_is(address: str, what: str) -> None:
    assert locality(address) == what


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_in_ipv6(address: IPv4Address) -> None:
    assert locality(f"::ffff:{address}") == locality(f"64:ff9b::{address}") == locality(str(address))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: IPv4Address | IPv6Address) -> None:
    # It takes every mapped address for private, whatever it stands for.
    assume(getattr(address, "ipv4_mapped", None) is None)
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert locality(str(address)) is not None


RULE = AddressRule(private_hosts=frozenset({"intranet", "localhost:8000", "[::1]:9000", "wiki:*"}))


@pytest.mark.parametrize(
    ("name", "port", "allowed"),
    [
        ("intranet", 80, True),
        ("intranet", 443, True),
        ("intranet", 8080, False),
        ("localhost", 8000, True),
        ("localhost", 80, False),
        ("localhost", 8001, False),
        ("::1", 9000, True),
        ("::1", 80, False),
        ("wiki", 80, True),
        ("wiki", 8080, True),
        ("sub.wiki", 80, False),
        ("", 80, False),
    ],
)
def test_a_host_that_was_named_may_be_private_on_the_ports_that_were_named(name: str, port: int, allowed: bool) -> None:
    assert (RULE.refusal(name, port, "10.0.0.1") is None) == allowed
    assert RULE.refusal(name, port, "8.8.8.8") is None


def test_what_may_not_be_connected_to_is_left_out() -> None:
    found = [("10.0.0.1", 1), ("8.8.8.8", 2), ("::ffff:127.0.0.1", 3), ("2606:2800:220:1::1", 4)]
    assert AddressRule().select("a.test", 80, found, lambda item: item[0]) == [found[1], found[3]]
    assert AddressRule(allow_private=True).select("a.test", 80, found, lambda item: item[0]) == found
    assert AddressRule().select("a.test", 80, [], str) == []


def test_where_nothing_is_left_the_reason_is_told() -> None:
    with pytest.raises(FetchError) as error:
        AddressRule().select("a.test", 80, ["10.0.0.1", "127.0.0.1"], str)
    assert error.value.kind == "address-forbidden"
    assert error.value.message == (
        "the address 10.0.0.1 of a.test is private: http.allow_private lets the crawl connect to it"
    )


def test_a_crawl_that_began_in_private_may_reach_addresses_of_that_kind_and_no_others() -> None:
    rule = AddressRule(localities=frozenset({"private"}))
    assert rule.refusal("sso.intranet", 443, "192.168.3.4") is None
    assert rule.refusal("public.example", 443, "93.184.216.34") is None
    for address in ("127.0.0.1", "169.254.169.254", "::1", "0.0.0.0"):
        assert rule.refusal("sso.intranet", 443, address) is not None
