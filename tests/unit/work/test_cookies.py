"""Cookies stay with the `host:port` that set them."""

from hypothesis import given
from hypothesis import strategies as st

from crawler.work.cookies import HOSTS, Cookies

URL = "http://a.example/x/y"


def test_a_cookie_goes_back_to_its_site_and_path() -> None:
    cookies = Cookies()
    cookies.store(URL, ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/z"])
    assert set((cookies.header(URL) or "").split("; ")) == {"a=1", "b=2"}
    assert cookies.header("http://a.example/") == "a=1"


def test_no_other_host_or_port_sees_it() -> None:
    cookies = Cookies()
    cookies.store("http://127.0.0.1:8001/", ["a=1", "b=2; Domain=127.0.0.1"])
    cookies.store(URL, ["c=3; Domain=example", "d=4; Domain=.example.com"])
    for url in ("http://127.0.0.1:8002/", "http://127.0.0.1/", "http://b.example/", "http://example/"):
        assert cookies.header(url) is None


def test_secure_and_expired_cookies_are_not_sent() -> None:
    cookies = Cookies()
    cookies.store(URL, ["a=1; Secure", "b=2; Max-Age=0", "c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "d=4"])
    assert cookies.header(URL) == "d=4"


def test_sites_are_forgotten_oldest_first() -> None:
    cookies = Cookies()
    for number in range(HOSTS + 1):
        cookies.store(f"http://h{number}.example/", ["a=1"])
    assert cookies.header("http://h0.example/") is None
    assert cookies.header("http://h1.example/") == "a=1"


def test_a_flood_of_cookies_is_not_kept() -> None:
    cookies = Cookies()
    cookies.store(URL, [f"c{number}=x" for number in range(1_000)])
    cookies.store(URL, ["long=" + "x" * 10_000])
    assert len(cookies.header(URL) or "") < 1_000


PARTS = st.sampled_from(
    [
        "a=1",
        "=",
        "a",
        ";",
        "Path=/",
        "Path",
        "Path=x",
        "Domain=a.example",
        "Domain=.example",
        "Domain=",
        "Secure",
        "HttpOnly",
        "Max-Age=1",
        "Max-Age=-1",
        "Max-Age=1e9",
        f"Max-Age={'9' * 400}",
        "Max-Age=x",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        "Expires=Fri, 31 Feb 99999 99:99:99 XYZ",
        "Expires=0",
        'a="b;c"',
        'a="',
        "Version=x",
        "Version=1",
        "Port",
        'Port="80,x"',
        "expires",
        "\t",
        "$Path=/",
        "SameSite=None",
        "__Host-a=1",
    ]
)


@given(
    st.lists(
        st.lists(PARTS | st.text(alphabet=st.characters(max_codepoint=255), max_size=8), max_size=6).map("; ".join),
        max_size=4,
    )
)
def test_any_attributes_are_survived_and_no_other_host_gets_the_cookie(values: list[str]) -> None:
    cookies = Cookies()
    cookies.store(URL, values)
    assert (cookies.header(URL) or "").isprintable()
    assert cookies.header("http://b.example/x/y") is None


@given(st.lists(st.text(alphabet=st.characters(max_codepoint=255), max_size=80), max_size=4))
def test_any_header_is_survived(values: list[str]) -> None:
    cookies = Cookies()
    cookies.store(URL, values)
    header = cookies.header(URL) or ""
    assert "\r" not in header
    assert "\n" not in header
