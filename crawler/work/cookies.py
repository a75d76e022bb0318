"""Cookies, kept apart from other sites: a jar for each `host:port`.

Browsers share cookies between the ports of a host and the hosts of a domain. A crawler has nothing to log in to:
it sends back what a server set itself, and nothing to anybody else. With one jar for all clients the rules are
the same for all (RFC 6265, by way of http.cookiejar, which is loaded when the first cookie comes).
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from crawler.urls import host

if TYPE_CHECKING:
    from email.message import Message
    from http.cookiejar import CookieJar
    from urllib.request import Request

HOSTS = 1_000
"""Hosts whose cookies are remembered; the one not asked for longest is forgotten first."""
COOKIES = 100
"""Cookies of a host; a server that sets more starts afresh. RFC 6265 section 6.1 asks for at least 50."""
_KEPT = re.compile(r"[\t -~]{1,4096}")
"""The Set-Cookie headers that are kept: neither endless (RFC 6265 section 6.1) nor with bytes that clients send anew
each in their own way."""
_FOR_EVER = re.compile(r"max-age[^;]*\d{16}", re.IGNORECASE)
"""More seconds than http.cookiejar can count: it would print a traceback."""


class _Answer:
    """The part of a response that a cookie jar reads."""

    def __init__(self, set_cookies: Iterable[str]) -> None:
        from email.message import Message

        self._headers = Message()
        for value in set_cookies:
            if _KEPT.fullmatch(value) and not _FOR_EVER.search(value):
                self._headers["Set-Cookie"] = value

    def info(self) -> "Message":
        return self._headers


class Cookies:
    """The cookies of one performer. Not for use by two threads."""

    def __init__(self) -> None:
        self._jars: OrderedDict[str, CookieJar] = OrderedDict()

    def header(self, url: str) -> str | None:
        """Return the Cookie header for a request of a canonical URL, or None."""
        if not self._jars or (jar := self._jars.get(host(url))) is None:
            return None
        self._jars.move_to_end(host(url))
        request = _request(url)
        jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def store(self, url: str, set_cookies: Iterable[str]) -> None:
        """Keep what the answer to a request of a canonical URL set. Malformed cookies are dropped."""
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        site = host(url)
        jar = self._jars.setdefault(site, CookieJar(DefaultCookiePolicy(rfc2965=False)))
        self._jars.move_to_end(site)
        # typeshed wants an http.client.HTTPResponse, of which cookiejar reads nothing but info().
        jar.extract_cookies(_Answer(set_cookies), _request(url))  # type: ignore[arg-type]
        if len(jar) > COOKIES:
            jar.clear()
        while len(self._jars) > HOSTS:
            self._jars.popitem(last=False)


def _request(url: str) -> "Request":
    """Return the URL as cookie jars want it; it is never opened."""
    from urllib.request import Request

    return Request(url)  # noqa: S310
