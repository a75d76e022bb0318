"""The tables of the configuration: every key, its type and its default, as `config.toml` has them."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crawler.config.checks import (
    Address,
    AtLeastOne,
    BackendName,
    Count,
    Faults,
    Hosts,
    Latency,
    ParserName,
    Patterns,
    RoleNames,
    Scheduler,
    Seconds,
    StartMethod,
    Timeout,
    Visible,
)
from crawler.work.settings import FieldType


class Table(BaseModel):
    """A table of the file: no other keys than these, each of just its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Crawl(Table):
    """[crawl]: what is crawled, and by how many."""

    backend: BackendName = "queue"
    start_urls: list[Address] = []
    producers: AtLeastOne = 1
    consumers: AtLeastOne = 10
    capacity: AtLeastOne = 10
    processes: Count = 0
    max_pages: Count = 0
    max_depth: Count = 0


class Processes(Table):
    """[processes]: how the backends whose workers are processes go about it."""

    start_method: StartMethod = "auto"
    ordered: bool = False


class Dask(Table):
    """[dask]: where the Dask workers are, and how they are reached."""

    scheduler: Scheduler = ""
    batch: AtLeastOne = 16
    window: Count = 0
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure: bool = False
    connect_timeout: Timeout = 10.0
    check_timeout: Timeout = 5.0
    worker_timeout: Seconds = 30.0
    orphan_timeout: Annotated[float, Field(ge=2, allow_inf_nan=False)] = 10.0

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        """Whoever can connect to a scheduler can run code on its workers, and on us."""
        parts = urlsplit(self.scheduler)
        files = {key: getattr(self, key) for key in ("tls_ca", "tls_cert", "tls_key")}
        if parts.scheme == "tls":
            for key, file in files.items():
                if not file:
                    raise ValueError(f"{self.scheduler} needs dask.tls_ca, dask.tls_cert and dask.tls_key")
                if not Path(file).is_file():
                    raise ValueError(f"{key}: there is no file {file!r}")
        elif any(files.values()):
            raise ValueError("the TLS files are used with a scheduler at tls:// only")
        if parts.scheme == "tcp" and not _is_loopback(parts.hostname or "") and not self.insecure:
            raise ValueError(
                f"{self.scheduler} is another machine, without TLS: whoever can connect to it can run code; "
                "use tls://, or set dask.insecure = true where nobody else can"
            )
        return self


class Site(Table):
    """[site]: which URLs are taken up, and as what."""

    list: Patterns = []
    detail: Patterns = []
    allow: Patterns = []
    deny: Patterns = []
    allowed_hosts: Hosts = []
    follow: RoleNames = ["list", "detail"]
    link_selector: str = "a[href], area[href]"


class Http(Table):
    """[http]: how a page is asked for."""

    client: Literal["auto", "requests", "aiohttp", "curl"] = "auto"
    user_agent: Visible = "crawler/0.1"
    timeout: Timeout = 15.0
    max_bytes: AtLeastOne = 10_000_000
    max_redirects: Count = 5
    allow_private: bool = False


class Retry(Table):
    """[retry]: what is tried again, and when."""

    attempts: AtLeastOne = 3
    backoff: Seconds = 0.5
    max_wait: Seconds = 60.0


class Politeness(Table):
    """[politeness]: how gently a host is treated."""

    obey_robots: bool = True
    per_host: AtLeastOne = 8
    delay: Seconds = 0.0
    max_backoff: Seconds = 5.0
    give_up_after: Count = 50


class TrapTable(Table):
    """[traps]: how far a site is followed that may be endless."""

    path_length: Count = 2_000
    repeated_segments: Count = 3
    session_ids: Count = 500
    calendar_pages: Count = 1_000
    query_variants: Count = 10_000
    numbered_pages: Count = 1_000_000
    page_links: Count = 100_000


class FieldTable(Table):
    """A field as a table: which element, what of it, and as what."""

    css: str
    attr: str | None = None
    type: Annotated[FieldType, Field(strict=False)] = FieldType.STR
    many: bool = False


def _selector_alone(value: object) -> object:
    return {"css": value} if isinstance(value, str) else value


class Extract(Table):
    """[extract]: what is taken out of a detail page."""

    parser: ParserName = "selectolax"
    fields: dict[str, Annotated[FieldTable, BeforeValidator(_selector_alone)]] = {}


class Fixture(Table):
    """[fixture]: the fixture site, served when there is no start URL."""

    pages: AtLeastOne = 1000
    latency: Latency = 0.02
    faults: Faults = []


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
