"""URLs in messages, and the hosts of a scope."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import (
    HostSet,
    Scope,
    canonical,
    has_credentials,
    host,
    origin,
    path_and_query,
    quotable,
    spellings,
    without_credentials,
)

# ---- credentials ---------------------------------------------------------------------------------------------------

WITH_CREDENTIALS = (
    "http://joe:s3cret@a.test/x",
    "https://s3cret@a.test/x",
    "HTTP://joe:s3@cret@a.test/x",
    "http://joe:it's s3cret@a.test/x",
    "http:\\\\joe:s3cret@a.test\\x",
    "http:joe:s3cret@a.test/x",
    "http:/joe:s3cret@a.test/x",
    " http://:s3cret@a.test/x ",
)


@pytest.mark.parametrize("url", WITH_CREDENTIALS)
def test_credentials_are_seen_and_left_out(url: str) -> None:
    assert has_credentials(url)
    plain = canonical(url)
    assert plain in ("http://a.test/x", "https://a.test/x")
    assert "cret" not in without_credentials(f"crawler: '{url}' went wrong")
    assert canonical(without_credentials(url)) == plain, "what is printed still works"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://joe:s3cret@a.test/",
        "joe:s3cret@a.test",
        "not 'joe:s3cret@a.test'",
        '--set=crawl.start_urls=["http://a.test/", "http://joe:s3cret@a.test/"]',
        "http://joe:s3cret@[bad/",
    ],
)
def test_credentials_are_found_within_a_text(text: str) -> None:
    shown = without_credentials(text)
    assert "s3cret" not in shown
    assert ("a.test" in shown) == ("a.test" in text)


@pytest.mark.parametrize(
    "text",
    [
        "http://a.test/@joe",
        "http://a.test/?x=@y#@z",
        "http://a.test:80/a:b@c",
        "joe@a.test",
        "mailto:joe@a.test",
        "crawl.start_urls: no",
        "bot/1.0 (joe@a.test)",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert without_credentials(text) == text
    assert not has_credentials(text)


@given(st.text())
def test_any_text_can_be_shown(text: str) -> None:
    without_credentials(text)
    has_credentials(text)


@pytest.mark.parametrize("text", ["http://joe:s3cret@", "joe:s3 cret@a.test", "ftp://a/b:s3cret@c", "s3cret@"])
def test_what_is_no_url_is_quoted_without_what_may_be_credentials(text: str) -> None:
    assert "cret" not in quotable(text)


def test_what_has_no_credentials_is_quoted_whole() -> None:
    assert quotable("javascript:alert(1)") == "javascript:alert(1)"


# ---- the canonical form --------------------------------------------------------------------------------------------

HREFS = st.text() | st.text(alphabet="htps:/\\.?#@[]%&=1aZ\u00e9 \t\n\x00\ud800", max_size=30)
ADDRESSES = HREFS | st.builds("{}//{}/{}".format, st.sampled_from(["http:", "https:", "HTTP:", ""]), HREFS, HREFS)


@given(ADDRESSES, st.none() | st.sampled_from(["http://a.test/", "https://a.test:1/b/c?d", "http://[::1]/"]))
def test_any_href_has_a_canonical_form_of_the_known_shape_or_none(href: str, base: str | None) -> None:
    url = canonical(href, base)
    if url is None:
        return
    assert re.fullmatch(r"https?://[^/?#@\s]+/[^#\s]*", url, re.ASCII)
    assert url.isascii()
    assert url.isprintable()
    assert canonical(url) == url, "once is enough"
    assert canonical(url, "http://b.test/x?y") == url
    assert url == f"{origin(url)}{path_and_query(url)}"
    assert origin(url).endswith(f"//{host(url)}")


# ---- hosts ---------------------------------------------------------------------------------------------------------


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
        # As canonical URLs have them.
        ("a.test:80", ("a.test", "a.test:80"), ("a.test:443", "a.test:8080")),
        ("a.test:443", ("a.test", "a.test:443"), ("a.test:80", "a.test:8080")),
        ("a.test:0080", ("a.test",), ("a.test:8080",)),
        ("*.a.test:443", ("b.a.test", "b.a.test:443"), ("b.a.test:80", "b.a.test:8443", "a.test")),
        ("Bücher.test:*", ("xn--bcher-kva.test", "xn--bcher-kva.test:1"), ("bücher.test",)),
        ("İstanbul.test:8080", ("xn--istanbul-o0e.test:8080",), ("xn--istanbul-o0e.test",)),
        ("*.bücher.test", ("www.xn--bcher-kva.test",), ("xn--bcher-kva.test",)),
        ("*.test.", ("a.test.",), ("a.test",)),
        ("[0:0::1]:443", ("[::1]",), ("[::1]:80",)),
        ("127.1", ("127.0.0.1:80",), ("127.1",)),
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
    hosts = HostSet(["a.test", "b.test:1", "[0::1]", "c.test:*", "*.d.test", "e.test:1*", "é.test:80"])
    hosts.add("f.test")
    assert hosts.named == {
        *("a.test:*", "b.test:1", "[::1]:*", "c.test:*", "f.test"),
        *("xn--9ca.test", "xn--9ca.test:80"),
    }


@given(ADDRESSES)
def test_the_host_of_any_url_may_be_named_as_it_is(href: str) -> None:
    url = canonical(href)
    if url is not None:
        assert host(url) in HostSet([host(url)])


# ---- patterns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("/catégorie/*", ("/catégorie/x", "/cat%C3%A9gorie/"), ("/categorie/", "/cat%c3%a9gorie/")),
        ("/a b/*", ("/a b/c", "/a%20b/?c"), ("/a+b/c",)),
        ('/"q"', ('/"q"', "/%22q%22"), ("/q",)),
        ("/x/{a}*", ("/x/{a}", "/x/{a}?{a}"), ("/x/?{a}",)),
        ("/s?q='é'", ("/s?q='é'", "/s?q=%27%C3%A9%27", "/s/q='é'"), ("/s?q=é",)),
        ("*{x}'*", ("/{x}'", "/?{x}'", "/{x}'?{x}'"), ("/?%7Bx%7D'", "/{x}%27")),
        ("/é[a-c]?é", ("/ébxé", "/éc?é"), ("/édxé",)),
        ("/[é]", (), ("/é",)),
        ("/[]]é[", ("/]é[",), ("/[]]é[",)),
        ("/a\tb", ("/ab", "/a\tb"), ("/a%09b",)),
    ],
)
def test_a_pattern_is_written_as_an_address_is_seen(
    pattern: str, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    scope = Scope(HostSet(), detail_patterns=[pattern])
    assert all(scope.role(canonical(f"http://a.test{path}") or "") for path in inside)
    assert not any(scope.role(canonical(f"http://a.test{path}") or "") for path in outside)


@pytest.mark.parametrize("pattern", ["", "*", "/a*?b/[c-d]", "/a%20b?c=%c3%a9", "[!]", "/[", "//.;,=&$!~@:+()"])
def test_a_pattern_that_is_spelt_as_canonical_urls_are_stays_as_it_is(pattern: str) -> None:
    assert spellings(pattern) == [pattern]


@given(st.text(alphabet=st.characters(exclude_characters="*?[#\\", exclude_categories=["Cs"])))
def test_any_path_is_matched_by_what_it_was_written_as(path: str) -> None:
    url = canonical(f"http://a.test/x{path}x")
    if url is not None and "/." not in path and "/%2" not in path:
        assert Scope(HostSet(), detail_patterns=[f"/x{path}x"]).role(url)
