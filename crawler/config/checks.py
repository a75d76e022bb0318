"""The values of a configuration, and what each must be: used as types by its tables."""

import sys
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator

from crawler.backends.registry import BACKENDS
from crawler.config.errors import nearest
from crawler.urls import canonical, quotable, without_credentials


def _known_backend(name: str) -> str:
    if name not in BACKENDS:
        raise ValueError(f"there is no backend {name!r}{nearest(name, BACKENDS)}; `crawler backends` lists them")
    return name


def _start_method(name: str) -> str:
    if name == "auto":
        return name
    from multiprocessing import get_all_start_methods

    methods = ["auto", *get_all_start_methods()]
    if name not in methods:
        raise ValueError(f"{name!r} is not a way to start processes on {sys.platform}, only {', '.join(methods)}")
    return name


def _http_url(url: str) -> str:
    address = canonical(url)
    if address is None:
        meant = f"https://{url}"
        way_out = f" (did you mean {without_credentials(meant)}?)" if "://" not in url and canonical(meant) else ""
        raise ValueError(f"{quotable(url)!r} is not an http or https URL{way_out}")
    return address


def _host(pattern: str) -> str:
    if not pattern or any(mark in "/@#" or mark.isspace() for mark in pattern):
        raise ValueError(f"{pattern!r} is not a host: write it as example.com, example.com:8080 or *.example.com")
    return pattern


def _visible(text: str) -> str:
    if not text.strip() or not text.isprintable() or not text.isascii():
        raise ValueError("must be printable ASCII, and not empty")
    return text


def _scheduler(address: str) -> str:
    try:
        parts = urlsplit(address)
        complete = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:
        complete = False
    if address and not complete:
        raise ValueError(f"{address!r} is not a scheduler: write it as tcp://host:port or tls://host:port")
    return address


def _latency(value: object) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number of seconds or a distribution")
    from fixtures.latency import parse_latency

    parse_latency(value)
    # A whole number would be neither of the field's types, and pydantic would say so on stderr.
    return value if isinstance(value, str) else float(value)


def _fault(name: str) -> str:
    from fixtures.faults import FAULTS

    if name not in FAULTS:
        raise ValueError(f"there is no fault {name!r}{nearest(name, FAULTS)}")
    return name


Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Timeout = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Patterns = list[str]
ParserName = Literal["selectolax", "bs4-lxml", "bs4-html"]
Hosts = list[Annotated[str, AfterValidator(_host)]]
RoleNames = list[Literal["list", "detail"]]
BackendName = Annotated[str, AfterValidator(_known_backend)]
StartMethod = Annotated[str, AfterValidator(_start_method)]
Address = Annotated[str, AfterValidator(_http_url)]
Visible = Annotated[str, AfterValidator(_visible)]
Scheduler = Annotated[str, AfterValidator(_scheduler)]
Latency = Annotated[float | str, PlainValidator(_latency)]
Faults = list[Annotated[str, AfterValidator(_fault)]]
