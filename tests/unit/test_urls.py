"""The hosts of a scope."""

import pytest

from crawler.urls import HostSet


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("a.test", ("a.test", "a.test:8080"), ("b.a.test", "a.test.b", "xa.test")),
        ("A.test", ("a.test",), ()),
        ("a.test:8080", ("a.test:8080",), ("a.test", "a.test:80801")),
        ("a.test:*", ("a.test", "a.test:1"), ("b.a.test",)),
        ("*.test", ("a.test", "b.a.test:8080"), ("test", "a.test.b")),
        ("*.test:8080", ("a.test:8080",), ("a.test",)),
        ("a.test:80*", ("a.test:8080", "a.test:80"), ("a.test:9000",)),
        ("a[bc].test", ("ab.test", "ac.test:1"), ("a[bc].test",)),
        ("[::1]", ("[::1]", "[::1]:8080"), (":", "1")),
        ("[::1]:8080", ("[::1]:8080",), ("[::1]", ":")),
    ],
)
def test_a_host_is_named_or_matched(pattern: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    hosts = HostSet([pattern])
    assert all(host in hosts for host in inside)
    assert not any(host in hosts for host in outside)


def test_a_host_that_is_added_stands_for_itself() -> None:
    hosts = HostSet()
    hosts.add("a.test")
    assert "a.test" in hosts
    assert "a.test:8080" not in hosts
    assert 1 not in hosts


def test_the_hosts_that_are_named_are_known_by_name() -> None:
    hosts = HostSet(["a.test", "b.test:1", "[::1]", "c.test:*", "*.d.test", "e.test:1*"])
    hosts.add("f.test")
    assert hosts.named == {"a.test:*", "b.test:1", "[::1]:*", "c.test:*", "f.test"}
