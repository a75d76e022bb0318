"""The tables of the configuration: every key, its type and its default, as `config.toml` has them."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field, structs, to_builtins

from crawler.config.checks import (
    FOR_EVER,
    AtLeastOne,
    Count,
    Faults,
    Latency,
    ParserName,
    Patterns,
    RoleNames,
    Seconds,
    Timeout,
    fixture_site,
    host_pattern,
    is_loopback,
    known_backend,
    path_pattern,
    scheduler,
    start_method,
    visible,
)
from crawler.config.errors import Tree, explained_as
from crawler.core.robots import product_token
from crawler.work.settings import FieldType


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no other keys than these, each of just its type."""

    def verify(self) -> None:
        """Let values pass that can be used: to have the right types may not be enough.

        Raises:
            ValueError: `key: reason`.
        """

    def changed(self, **values: Any) -> Self:
        """Return the table with other values."""
        return structs.replace(self, **values)

    def dump(self) -> Tree:
        """Return the table as a document has it, every key in it."""
        tree: Tree = to_builtins(self)
        return tree


class Crawl(Table, frozen=True):
    """[crawl]: what is crawled, and by how many."""

    backend: str = "queue"
    start_urls: list[str] = []
    """Canonical, once they are checked."""
    producers: AtLeastOne = 1
    consumers: AtLeastOne = 10
    capacity: AtLeastOne = 10
    processes: Count = 0
    max_pages: Count = 0
    max_depth: Count = 0

    def verify(self) -> None:
        """Let a backend pass that there is."""
        with explained_as("backend"):
            known_backend(self.backend)


class Processes(Table, frozen=True):
    """[processes]: how the backends whose workers are processes go about it."""

    start_method: str = "auto"
    ordered: bool = False

    def verify(self) -> None:
        """Let a start method pass that this platform has."""
        with explained_as("start_method"):
            start_method(self.start_method)


class Dask(Table, frozen=True):
    """[dask]: where the Dask workers are, and how they are reached."""

    scheduler: str = ""
    batch: Annotated[int, Meta(ge=1, le=1_000)] = 16
    window: Annotated[int, Meta(ge=0, le=10_000)] = 0
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure: bool = False
    connect_timeout: Timeout = 10.0
    check_timeout: Timeout = 5.0
    worker_timeout: Seconds = 30.0
    orphan_timeout: Annotated[float, Meta(ge=2, le=FOR_EVER)] = 10.0

    def verify(self) -> None:
        """Let what may be a scheduler's address pass."""
        with explained_as("scheduler"):
            scheduler(self.scheduler)

    def verify_safety(self) -> None:
        """Let a scheduler pass that is safe: whoever can connect to it can run code on its workers, and on us.

        Raises:
            ValueError: `key: reason`.
        """
        parts = urlsplit(self.scheduler)
        files = {key: getattr(self, key) for key in ("tls_ca", "tls_cert", "tls_key")}
        if parts.scheme == "tls":
            for key, file in files.items():
                if not file:
                    raise ValueError(f"scheduler: {self.scheduler} needs dask.tls_ca, dask.tls_cert and dask.tls_key")
                if not Path(file).is_file():
                    raise ValueError(f"{key}: there is no file {file!r}")
        elif any(files.values()):
            raise ValueError("scheduler: the TLS files are used with a scheduler at tls:// only")
        if parts.scheme == "tcp" and not is_loopback(parts.hostname or "") and not self.insecure:
            raise ValueError(
                f"scheduler: {self.scheduler} is another machine, without TLS: whoever can connect to it can run code; "
                "use tls://, or set dask.insecure = true where nobody else can"
            )


class Site(Table, frozen=True):
    """[site]: which URLs are taken up, and as what."""

    list: Patterns = []
    detail: Patterns = []
    allow: Patterns = []
    deny: Patterns = []
    allowed_hosts: Patterns = []
    follow: RoleNames = field(default_factory=lambda: ["list", "detail"])
    link_selector: str = "a[href], area[href]"

    def verify(self) -> None:
        """Let what may be hosts and paths pass."""
        for name in ("list", "detail", "allow", "deny"):
            with explained_as(name):
                for pattern in getattr(self, name):
                    path_pattern(pattern)
        with explained_as("allowed_hosts"):
            for pattern in self.allowed_hosts:
                host_pattern(pattern)


class Http(Table, frozen=True):
    """[http]: how a page is asked for."""

    client: Literal["auto", "requests", "aiohttp", "curl"] = "auto"
    user_agent: str = "crawler/0.1"
    timeout: Timeout = 15.0
    max_bytes: AtLeastOne = 10_000_000
    max_redirects: Count = 5
    allow_private: bool = False

    def verify(self) -> None:
        """Let a user agent pass that can be sent."""
        with explained_as("user_agent"):
            visible(self.user_agent)
            if not product_token(self.user_agent).strip("*"):
                raise ValueError("must begin with a name, by which robots.txt can call it: name/version")


class Retry(Table, frozen=True):
    """[retry]: what is tried again, and when."""

    attempts: AtLeastOne = 3
    backoff: Seconds = 0.5
    max_wait: Seconds = 60.0


class Politeness(Table, frozen=True):
    """[politeness]: how gently a host is treated."""

    obey_robots: bool = True
    per_host: AtLeastOne = 8
    delay: Seconds = 0.0
    max_backoff: Seconds = 5.0
    give_up_after: Count = 50


class TrapTable(Table, frozen=True):
    """[traps]: how far a site is followed that may be endless."""

    path_length: Count = 2_000
    repeated_segments: Count = 3
    session_ids: Count = 500
    calendar_pages: Count = 1_000
    circling_paths: Count = 10_000
    query_variants: Count = 10_000
    numbered_pages: Count = 1_000_000
    page_links: Count = 100_000


class FieldTable(Table, frozen=True):
    """A field as a table: which element, what of it, and as what."""

    css: str
    attr: str | None = None
    type: FieldType = FieldType.STR
    many: bool = False


class Extract(Table, frozen=True):
    """[extract]: what is taken out of a detail page."""

    parser: ParserName = "selectolax"
    fields: dict[str, FieldTable] = {}

    def verify(self) -> None:
        """Let fields pass that leave a record its address."""
        if "url" in self.fields:
            raise ValueError("fields.url: that is each page's own address: choose another name")


class Fixture(Table, frozen=True):
    """[fixture]: the fixture site, served when there is no start URL."""

    pages: AtLeastOne = 1000
    latency: Latency = 0.02
    faults: Faults = []

    def verify(self) -> None:
        """Let a site pass that can be served."""
        fixture_site(self.latency, self.faults)
