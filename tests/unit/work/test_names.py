"""Which of the named hosts are private, by what their names stand for when a crawl begins."""

import socket
import threading
from collections.abc import Iterator

import pytest

from crawler.work.names import private_hosts

NAMES = {
    "intranet": ["10.0.0.5"],
    "dual": ["10.0.0.5", "fd00::5"],
    "mixed": ["127.0.0.1", "93.184.216.34"],
    "public": ["93.184.216.34"],
    "127.0.0.1": ["127.0.0.1"],
    "8.8.8.8": ["8.8.8.8"],
    "::1": ["::1"],
    "both": ["10.0.0.5", "127.0.0.1"],
    "none": [],
}
HANG = threading.Event()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that knows these names, and never answers about `slow`."""

    def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host == "slow":
            HANG.wait(30)
        if host == "x" * 64:
            raise UnicodeError
        if host not in NAMES:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in NAMES[host]]

    HANG.clear()
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    HANG.set()


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("intranet", True),
        ("intranet:8080", True),
        ("intranet:*", True),
        ("dual", True),
        ("mixed", False),
        ("public:80", False),
        ("127.0.0.1:8000", True),
        ("8.8.8.8", False),
        ("[::1]:8000", True),
        ("[::1]:*", True),
        ("none", False),
        ("unknown", False),
        ("x" * 64, False),
    ],
)
def test_a_host_is_private_if_all_of_its_addresses_are(host: str, private: bool) -> None:
    assert private_hosts([host], 5.0).keys() == ({host} if private else set())


def test_of_a_private_host_it_is_told_of_what_kinds_its_addresses_are() -> None:
    hosts = private_hosts(["dual", "[::1]:8000", "both"], 5.0)
    assert hosts == {"dual": {"private"}, "[::1]:8000": {"loopback"}, "both": {"loopback", "private"}}


def test_no_host_is_none() -> None:
    assert private_hosts([], 5.0) == {}


def test_a_name_that_is_not_known_in_time_is_not_private_and_holds_up_no_other() -> None:
    assert private_hosts(["slow", "intranet:1", "intranet:2"], 0.2).keys() == {"intranet:1", "intranet:2"}
