"""Name look-ups and connections, held to a deadline."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from crawler.model import Role, Task
from crawler.work import wire
from crawler.work.addresses import AddressRule
from crawler.work.client_requests import open_client
from crawler.work.exchange import Exchange
from crawler.work.http import FetchError


def exchange(timeout: float) -> Exchange:
    return Exchange(Task("http://x/", Role.DETAIL), {}, timeout=timeout, max_bytes=1)


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name servers that do not answer."""
    answered = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, **options: int) -> object:
        if not options.get("flags", 0) & socket.AI_NUMERICHOST:
            answered.wait(5)
        return real(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    answered.set()


@pytest.mark.usefixtures("slow_names")
def test_a_name_is_not_waited_for_beyond_the_deadline() -> None:
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.connect("localhost", 80, exchange(0.1), AddressRule(allow_private=True))
    assert time.monotonic() - before < 4.0


@pytest.mark.usefixtures("slow_names")
def test_an_address_needs_no_name_server() -> None:
    assert wire.resolve("127.0.0.1", 80, 0.1)[0][4][:2] == ("127.0.0.1", 80)
    assert wire.resolve("::1", 80, 0.1)[0][4][:2] == ("::1", 80)


def test_names_are_looked_up_where_no_thread_may_be_a_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    class Thread(threading.Thread):
        """As threads are in an interpreter that is not the main one."""

        @property
        def daemon(self) -> bool:
            return False

        @daemon.setter
        def daemon(self, _daemonic: bool) -> None:
            raise RuntimeError("daemon threads are disabled in this interpreter")

    monkeypatch.setattr(threading, "Thread", Thread)
    assert wire.resolve("localhost", 80, 10)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ""])
def test_a_name_that_cannot_be_is_an_error(name: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011
        wire.connect(name, 1, exchange(2.0), AddressRule(allow_private=True))


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        dead, alive = (wire.resolve("127.0.0.1", number, 1)[0] for number in (1, port))
        monkeypatch.setattr(wire, "resolve", lambda *_: [dead, alive])
        with wire.connect("name", 80, exchange(2.0), AddressRule(allow_private=True)) as connection:
            assert connection.getpeername()[1] == port


def test_an_address_that_refuses_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*_: object) -> socket.socket:
        asked.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(wire, "connect", refuse)
    client = open_client(AddressRule(allow_private=True))
    with pytest.raises(FetchError):
        client.fetch(exchange(5.0))
    assert asked == [1], "only what breaks after there was a connection is tried anew at once"
