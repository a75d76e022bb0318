"""URLs: one canonical form, and the scope of a crawl.

Parsing is ada's (the WHATWG URL Standard), since that is what browsers do with the hrefs that people write.
A canonical URL is a plain string of a known shape, `scheme://host[:port]/path[?query]`, so that its parts
can be cut out of it without parsing it again.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from crawler.model import Role

try:
    from ada_url import join_url, normalize_url
except ImportError:  # an interpreter that is not the main one: cffi's modules refuse it
    from crawler.ada import join_url, normalize_url


def canonical(href: str, base: str | None = None) -> str | None:
    """Return the canonical form of `href`, resolved against `base`; None where it is not an http(s) URL.

    WHATWG's serialisation less fragment, userinfo and an empty query. Percent-escapes stay as they are:
    `%70` and `p` are two URLs to a server, and so they are two here.
    """
    try:
        url: str = normalize_url(href) if base is None else join_url(base, href)
    except ValueError:
        return None
    if not url.startswith(("http://", "https://")):
        return None
    url = url.partition("#")[0]
    if url.endswith("?") and url.index("?") == len(url) - 1:
        url = url[:-1]
    scheme, _, rest = url.partition("//")
    authority, slash, tail = rest.partition("/")
    if "@" in authority:
        url = f"{scheme}//{authority.rpartition('@')[2]}{slash}{tail}"
    return url


def has_credentials(href: str) -> bool:
    """Say whether an http(s) URL holds a user name or a password, which `canonical` leaves out."""
    try:
        return "@" in str(normalize_url(href)).partition("//")[2].partition("/")[0]
    except ValueError:
        return False


def quotable(href: str) -> str:
    """Return what ought to be a URL and is none, for a message: nothing that stands before an `@` is in it."""
    return f"…@{href.rpartition('@')[2]}" if "@" in href else href


# They end at the last `@` before a path, a query or a fragment; browsers take a backslash for a slash. Where there is
# no scheme, as in `joe:secret@example.com`, a colon tells them from a mail address.
_CREDENTIALS = re.compile(
    r"""(https?:[/\\]*|//)[^/\\?#]*@ | (?<![^\s'"=])(?!mailto:)[^\s/\\?#@:'"]+:[^\s/\\?#]*@""",
    re.IGNORECASE | re.VERBOSE,
)


def without_credentials(text: str) -> str:
    """Return a text, a message or an argument, less the credentials of all URLs in it; those then still are URLs.

    It takes out too much rather than too little.
    """
    return _CREDENTIALS.sub(lambda match: match[1] or "", text)


def origin(url: str) -> str:
    """Return `scheme://host[:port]` of a canonical URL: what one robots.txt speaks for (RFC 9309 section 2.3)."""
    return url[: url.index("/", 8)]


def host(url: str) -> str:
    """Return `host[:port]` of a canonical URL, the port only if it is not the scheme's: what politeness counts by."""
    return url.split("/", 3)[2]


def hostname(host: str) -> str:
    """Return `host[:port]` without the port (which may be `*`); an IPv6 address keeps its brackets."""
    return _PORT.sub("", host)


def path_and_query(url: str) -> str:
    """Return the part of a canonical URL that a server is asked for: `/path[?query]`."""
    return url[url.index("/", 8) :]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return one expression that matches what any of the shell-style patterns does; None if there are none."""
    parts = [translate(pattern) for pattern in patterns]
    return re.compile("|".join(parts)) if parts else None


def _any_path(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches a canonical URL's path and query as any of the patterns does; None if there are none."""
    return _any_of(spelling for pattern in patterns for spelling in spellings(pattern))


# Compiled when they are first needed: most starts do without them.
_WILDCARD = r"([*?]|\[!?+\]?+[^]]*\])"
_ESCAPABLE = r"""[^\x21-\x7e]+|["'<>^`{|}]"""


def pattern_parts(pattern: str) -> list[str]:
    """Return the parts of a shell-style pattern: what stands as it is, a wildcard, what stands as it is, and so on."""
    return re.split(_WILDCARD, pattern)


def spellings(pattern: str) -> list[str]:
    """Return a pattern over path and query as canonical URLs have it: `/é*` as `/%C3%A9*`. Wildcards stay as they are.

    It is several where something stands behind a wildcard that a query spells otherwise than a path (URL section 1.3).
    """
    parts = pattern_parts(pattern)
    in_path, in_query = (
        [part if number % 2 else _escaped(part, mark) for number, part in enumerate(parts)] for mark in ("", "?")
    )
    begins = range(len(parts), 0, -2)  # of the query: at a wildcard, or not at all
    return list(dict.fromkeys("".join(in_path[:begin] + in_query[begin:]) for begin in begins))


def _escaped(part: str, mark: str) -> str:
    """Return a part as the URL parser escapes it in a query (`?`) or in a path."""
    before = f"http://h/{mark}"
    return re.sub(_ESCAPABLE, lambda found: (canonical(f"{before}{found[0]}x") or f"{before}x")[len(before) : -1], part)


_PORT = re.compile(r":(?:\d+|\*)$")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")


def host_spelling(pattern: str) -> str | None:
    """Return `host[:port]`, or a pattern of hosts, with its name as canonical URLs have it; None if it can be no host.

    `Bücher.example:*` becomes `xn--bcher-kva.example:*`; a pattern does label by label, if none has a wildcard, too.
    """
    pattern = pattern.lower()
    name = hostname(pattern)
    port = pattern[len(name) :]
    if _is_wild(name):
        labels = [
            label if label.isascii() else None if re.search(_WILDCARD, label) else host_spelling(label)
            for label in name.split(".")
        ]
        return None if None in labels else ".".join(map(str, labels)) + port
    url = canonical(f"http://{name}{port.removesuffix(':*')}")
    if url is None or path_and_query(url) != "/":
        return None
    return hostname(host(url)) + (f":{int(port[1:])}" if port[1:].isdecimal() else port)


def _is_wild(name: str) -> bool:
    return re.search(_WILDCARD, name) is not None and not _IPV6.fullmatch(name)


class HostSet:
    """The hosts that a crawl may visit: exact ones, and shell-style patterns (`*.example.com`).

    A name without a port stands for every port of it. With `:80` or `:443` it stands for http and https, both, since
    canonical URLs do not name the port that is their scheme's.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._names: set[str] = set()
        wild: list[str] = []
        for pattern in patterns:
            spelling = host_spelling(pattern) or pattern
            name = hostname(spelling)
            if _is_wild(name):
                wild.append(spelling)
            elif spelling in (name, f"{name}:*"):
                self._names.add(name)
            else:
                self._exact.update((spelling, name) if spelling.endswith((":80", ":443")) else (spelling,))
        self._patterns = _any_of(wild)

    @property
    def named(self) -> frozenset[str]:
        """The hosts that are named one by one and not by a pattern: `host[:port]`, or `name:*` for every port of it."""
        return frozenset({*self._exact, *(f"{name}:*" for name in self._names)})

    def add(self, host: str) -> None:
        """Admit `host[:port]`, just as it stands."""
        self._exact.add(host)

    def __contains__(self, host: object) -> bool:
        if host in self._exact:
            return True
        if not isinstance(host, str) or not (self._names or self._patterns):
            return False
        name = hostname(host)
        if name in self._names:
            return True
        others = (name,) if name != host else (f"{host}:80", f"{host}:443")
        return self._patterns is not None and any(map(self._patterns.match, (host, *others)))


class Scope:
    """Which URLs a crawl takes up, and as what.

    Patterns are shell-style over path and query: `*` matches anything, slashes too; characters beyond ASCII, blanks and
    quotes may stand in them as an address bar shows them (see `spellings`). `deny` wins over `allow`; `list` wins over
    `detail`. With neither `list` nor `detail` patterns every URL in scope is a detail page.
    """

    def __init__(
        self,
        hosts: HostSet,
        *,
        list_patterns: Sequence[str] = (),
        detail_patterns: Sequence[str] = (),
        allow: Sequence[str] = (),
        deny: Sequence[str] = (),
    ) -> None:
        self.hosts = hosts
        self._list = _any_path(list_patterns)
        self._detail = _any_path(detail_patterns)
        self._allow = _any_path(allow)
        self._deny = _any_path(deny)

    def holds(self, url: str) -> bool:
        """Say whether the URL's host is one that the crawl may visit."""
        return host(url) in self.hosts

    def role(self, url: str) -> Role | None:
        """Return what a URL on a host in scope is taken up as, or None if the patterns leave it out."""
        target = path_and_query(url)
        if self._deny is not None and self._deny.match(target):
            return None
        if self._allow is not None and not self._allow.match(target):
            return None
        return self._kind(target)

    def start_role(self, url: str) -> Role:
        """Return what a start URL is taken up as: always something, a list page if the patterns do not say."""
        return self._kind(path_and_query(url)) or Role.LIST

    def _kind(self, target: str) -> Role | None:
        if self._list is None and self._detail is None:
            return Role.DETAIL
        if self._list is not None and self._list.match(target):
            return Role.LIST
        if self._detail is not None and self._detail.match(target):
            return Role.DETAIL
        return None
