"""Messages between processes: whole, in order, and without anybody waiting for anybody."""

import socket
from collections.abc import Iterator

import pytest

from crawler.backends.link import Link
from crawler.backends.plain import Plain


@pytest.fixture
def ends() -> Iterator[tuple[Link, Link]]:
    one, other = (Link(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


MESSAGES: list[Plain] = [None, [], "", "é\0", [(1, 2.5, True, None, {"a": ["b", 1]})], "x" * 100_000]


def test_messages_come_as_they_were_sent(ends: tuple[Link, Link]) -> None:
    one, other = ends
    for message in MESSAGES:
        one.send(message)
    received: list[Plain] = []
    while len(received) < len(MESSAGES):
        received += other.receive()
        one.flush()
    assert received == MESSAGES
    assert other.receive() == []


def test_two_that_send_more_than_fits_do_not_wait_for_each_other(ends: tuple[Link, Link]) -> None:
    big = "x" * 5_000_000
    received: dict[Link, list[Plain]] = {end: [] for end in ends}
    for end in ends:
        end.send(big)
        assert end.unsent
    while not all(received.values()):
        for end in ends:
            received[end] += end.receive()
            end.flush()
    assert list(received.values()) == [[big], [big]]
    assert [end.unsent for end in ends] == [0, 0]


def test_what_was_sent_last_comes_before_the_end(ends: tuple[Link, Link]) -> None:
    one, other = ends
    one.send("last words")
    one.close()
    assert other.receive() == ["last words"]
    with pytest.raises(EOFError):
        other.receive()


def test_half_a_message_at_the_end_is_none() -> None:
    end, theirs = socket.socketpair()
    link = Link(end)
    theirs.send(b"\0\0\0\x09half")
    theirs.close()
    with pytest.raises(EOFError):
        link.receive()
    link.close()


def test_to_send_to_somebody_who_is_gone_is_no_error(ends: tuple[Link, Link]) -> None:
    one, other = ends
    other.close()
    one.send("x" * 1_000_000)
    one.drain()
    assert one.unsent == 0
    with pytest.raises(EOFError):
        one.receive()
