"""The values of a configuration, and what each must be: the types of its keys, and checks beyond a type.

A check raises ValueError, with the reason and the way out.
"""

import ipaddress
import re
import sys
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from crawler.backends.registry import BACKENDS
from crawler.config.errors import nearest
from crawler.urls import canonical, host_spelling, pattern_parts, quotable, spellings, without_credentials


def known_backend(name: str) -> None:
    """Let the name of a backend pass."""
    if name not in BACKENDS:
        raise ValueError(f"there is no backend {name!r}{nearest(name, BACKENDS)}; the command `backends` lists them")


def start_method(name: str) -> None:
    """Let a way to start processes pass that this platform has."""
    if name == "auto":
        return
    from multiprocessing import get_all_start_methods

    methods = ["auto", *get_all_start_methods()]
    if name not in methods:
        raise ValueError(f"{name!r} is not a way to start processes on {sys.platform}, only {', '.join(methods)}")


def http_url(url: str) -> str:
    """Return the canonical form of an http(s) URL."""
    address = canonical(url)
    if address is None:
        way_out = ""
        if "://" not in url and (meant := canonical(f"https://{url}")) is not None:
            scheme = "http" if is_loopback(urlsplit(meant).hostname or "") else "https"
            way_out = f" (did you mean {without_credentials(f'{scheme}://{url}')}?)"
        raise ValueError(f"{quotable(url)!r} is not an http or https URL{way_out}")
    return address


def is_loopback(name: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_pattern(pattern: str) -> None:
    """Let what may be a host, or a pattern of hosts, pass (see `urls.host_spelling`)."""
    if any(mark in "/@#\\" or mark.isspace() for mark in pattern) or host_spelling(pattern) is None:
        way_out = "write it as example.com, example.com:8080 or *.example.com"
        if not pattern.isascii():
            way_out += ", and what is not ASCII, beside a wildcard, in its form that begins with xn--"
        raise ValueError(f"{pattern!r} is not a host: {way_out}")


def path_pattern(pattern: str) -> None:
    """Let a pattern pass that the path and query of a canonical URL can match (see `urls.spellings`)."""
    parts = pattern_parts(pattern)
    shown = repr(quotable(pattern))
    if strange := next((part for part in parts[1::2] if not part.isascii()), None):
        raise ValueError(
            f"{shown} matches no path, as each is ASCII, with é as %C3%A9: write * in the place of {strange}"
        )
    if not _can_be_slash(parts):
        meant = pattern.partition("://")[2].partition("/")[2] if "://" in pattern else pattern  # a whole URL
        meant = "/" + meant.strip().removeprefix("/")
        raise ValueError(f"{shown} matches no path, as each begins with a slash: write it as {quotable(meant)!r}")
    if (marked := next((number for number in range(0, len(parts), 2) if "#" in parts[number]), None)) is not None:
        meant = "".join(parts[:marked]) + parts[marked].partition("#")[0]
        raise ValueError(f"{shown} matches no path, as none has what follows a #: write it as {quotable(meant)!r}")
    # Of what stands before the first wildcard it is certain that it is no query.
    path, end = spellings(parts[0])[0], "x" if len(parts) > 1 else ""
    resolved = (canonical(f"http://h{path or '/'}{end}") or "").removeprefix("http://h").removesuffix(end)
    if path and resolved != path:
        meant = resolved + "".join(parts[1:])
        raise ValueError(
            f"{shown} matches no path, as . and .. are resolved in each, and \\ is /: write it as {quotable(meant)!r}"
        )


def _can_be_slash(parts: Sequence[str]) -> bool:
    """Say whether what the parts of a pattern match can begin with a slash."""
    if parts[0] or len(parts) == 1:
        return parts[0].startswith("/")
    return re.match(translate(parts[1]), "/") is not None


def visible(text: str) -> None:
    """Let a text pass that can stand in a header."""
    if not text.strip() or not text.isprintable() or not text.isascii():
        raise ValueError("must be printable ASCII, and not empty")


def scheduler(address: str) -> str:
    """Return the address of a Dask scheduler, or none, with its scheme as Dask knows it: in lower case.

    To others the case makes no difference (RFC 3986 section 3.1).
    """
    try:
        parts = urlsplit(address)
        complete = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:
        complete = False
    if address and not complete:
        raise ValueError(f"{address!r} is not a scheduler: write it as tcp://host:port or tls://host:port")
    scheme, mark, place = address.partition("://")
    return scheme.lower() + mark + place


def fixture_site(latency: float | str, faults: Iterable[str]) -> None:
    """Let a latency and faults pass that the fixture site can have."""
    from fixtures.faults import check_faults
    from fixtures.latency import parse_latency

    try:
        parse_latency(latency)
    except ValueError as error:
        raise ValueError(f"latency: {error}") from None
    try:
        check_faults(faults)
    except ValueError as error:
        raise ValueError(f"faults: {error}") from None


FOR_EVER = 1e9
"""Seconds: a lifetime. Infinity is none that can be waited for."""
Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=FOR_EVER)]
Timeout = Annotated[float, Meta(gt=0, le=FOR_EVER)]
Patterns = list[str]
ParserName = Literal["selectolax", "bs4-lxml", "bs4-html"]
RoleNames = list[Literal["list", "detail"]]
Latency = float | str
Faults = list[str]
