"""The configuration: one TOML file, checked as a whole before anything starts.

Every key, its type and its default stand here; `config.toml` ships the same, with a line of comment each. What is wrong
with a file is told in one line that names the key, the reason and, for a misspelt name, the nearest right one.

What a crawl of somebody's site does not need is imported where it is used: the first request does not wait for it.
"""

import difflib
import ipaddress
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

from crawler.backends.base import Cluster
from crawler.backends.registry import BACKENDS
from crawler.core.frontier import CrawlRules
from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.robots import product_token
from crawler.core.traps import TrapLimits
from crawler.urls import HostSet, Scope, canonical, host, quotable, without_credentials
from crawler.work.addresses import AddressRule
from crawler.work.clients import missing
from crawler.work.parsers import validate_selector
from crawler.work.settings import FieldSpec, FieldType, WorkSettings

Tree = dict[str, Any]
"""A TOML document."""


class ConfigError(Exception):
    """The configuration cannot be used: one line that names the key, the reason and the way out."""

    def __init__(self, message: str) -> None:
        # What it quotes may have been written on several.
        super().__init__(" ".join(message.splitlines()))


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean …?)` with the name that looks most like `name`, or nothing."""
    close = difflib.get_close_matches(name, list(names), 1)
    return f" (did you mean {close[0]}?)" if close else ""


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


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


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


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Crawl(_Table):
    """[crawl]: what is crawled, and by how many."""

    backend: Annotated[str, AfterValidator(_known_backend)] = "queue"
    start_urls: list[Annotated[str, AfterValidator(_http_url)]] = []
    producers: AtLeastOne = 1
    consumers: AtLeastOne = 10
    capacity: AtLeastOne = 10
    processes: Count = 0
    max_pages: Count = 0
    max_depth: Count = 0


class Processes(_Table):
    """[processes]: how the backends whose workers are processes go about it."""

    start_method: Annotated[str, AfterValidator(_start_method)] = "auto"
    ordered: bool = False


class Dask(_Table):
    """[dask]: where the Dask workers are, and how they are reached."""

    scheduler: Annotated[str, AfterValidator(_scheduler)] = ""
    batch: AtLeastOne = 16
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure: bool = False
    connect_timeout: Timeout = 10.0
    check_timeout: Timeout = 5.0
    worker_timeout: Seconds = 30.0

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


class Site(_Table):
    """[site]: which URLs are taken up, and as what."""

    list: Patterns = []
    detail: Patterns = []
    allow: Patterns = []
    deny: Patterns = []
    allowed_hosts: Hosts = []
    follow: RoleNames = ["list", "detail"]
    link_selector: str = "a[href], area[href]"


class Http(_Table):
    """[http]: how a page is asked for."""

    client: Literal["auto", "requests", "aiohttp", "curl"] = "auto"
    user_agent: Annotated[str, AfterValidator(_visible)] = "crawler/0.1"
    timeout: Timeout = 15.0
    max_bytes: AtLeastOne = 10_000_000
    max_redirects: Count = 5
    allow_private: bool = False


class Retry(_Table):
    """[retry]: what is tried again, and when."""

    attempts: AtLeastOne = 3
    backoff: Seconds = 0.5
    max_wait: Seconds = 60.0


class Politeness(_Table):
    """[politeness]: how gently a host is treated."""

    obey_robots: bool = True
    per_host: AtLeastOne = 8
    delay: Seconds = 0.0
    max_backoff: Seconds = 5.0
    give_up_after: Count = 50


class TrapTable(_Table):
    """[traps]: how far a site is followed that may be endless."""

    path_length: Count = 2_000
    repeated_segments: Count = 3
    session_ids: Count = 500
    calendar_pages: Count = 1_000
    query_variants: Count = 10_000
    numbered_pages: Count = 1_000_000
    page_links: Count = 100_000


class FieldTable(_Table):
    """A field as a table: which element, what of it, and as what."""

    css: str
    attr: str | None = None
    type: Annotated[FieldType, Field(strict=False)] = FieldType.STR
    many: bool = False


def _selector_alone(value: object) -> object:
    return {"css": value} if isinstance(value, str) else value


class Extract(_Table):
    """[extract]: what is taken out of a detail page."""

    parser: ParserName = "selectolax"
    fields: dict[str, Annotated[FieldTable, BeforeValidator(_selector_alone)]] = {}


class Fixture(_Table):
    """[fixture]: the fixture site, served when there is no start URL."""

    pages: AtLeastOne = 1000
    latency: Annotated[float | str, PlainValidator(_latency)] = 0.02
    faults: list[Annotated[str, AfterValidator(_fault)]] = []


class Workload(_Table):
    """[compare.NAME]: what every backend is given to do, on a fixture site of its own."""

    pages: AtLeastOne
    latency: Annotated[float | str, PlainValidator(_latency)]
    bulk: AtLeastOne = 1
    parser: ParserName = "selectolax"
    faults: list[Annotated[str, AfterValidator(_fault)]] = []
    backoff: Seconds = 0.5


class IOWorkload(Workload):
    """[compare.io]: the server takes its time, and the pages cost nothing."""

    pages: AtLeastOne = 240
    latency: Annotated[float | str, PlainValidator(_latency)] = 0.025


class CPUWorkload(Workload):
    """[compare.cpu]: large pages and a slow parser, on a quick server."""

    pages: AtLeastOne = 80
    latency: Annotated[float | str, PlainValidator(_latency)] = 0.002
    bulk: AtLeastOne = 3
    parser: ParserName = "bs4-lxml"


class MixedWorkload(Workload):
    """[compare.mixed]: answers of very different age, and pages that cost something."""

    pages: AtLeastOne = 120
    latency: Annotated[float | str, PlainValidator(_latency)] = "lognormal(0.04, 0.6)"
    parser: ParserName = "bs4-lxml"


class FlakyWorkload(Workload):
    """[compare.flaky]: a share of the pages fails at first, and is tried again."""

    pages: AtLeastOne = 300
    latency: Annotated[float | str, PlainValidator(_latency)] = 0.02
    faults: list[Annotated[str, AfterValidator(_fault)]] = ["error", "reset", "truncated"]
    backoff: Seconds = 0.1


class Compare(_Table):
    """[compare]: the workloads by name."""

    io: IOWorkload = IOWorkload()
    cpu: CPUWorkload = CPUWorkload()
    mixed: MixedWorkload = MixedWorkload()
    flaky: FlakyWorkload = FlakyWorkload()

    def workload(self, name: str) -> Workload:
        """Return the workload of that name; ConfigError if there is none."""
        if name not in type(self).model_fields:
            raise ConfigError(f"there is no workload {name!r}{nearest(name, type(self).model_fields)}")
        workload: Workload = getattr(self, name)
        return workload


class Config(_Table):
    """The whole configuration, valid."""

    crawl: Crawl = Crawl()
    processes: Processes = Processes()
    dask: Dask = Dask()
    site: Site = Site()
    http: Http = Http()
    retry: Retry = Retry()
    politeness: Politeness = Politeness()
    traps: TrapTable = TrapTable()
    extract: Extract = Extract()
    fixture: Fixture = Fixture()
    compare: Compare = Compare()

    @property
    def client(self) -> str:
        """The HTTP client: the one that is asked for, or the backend's best of those that are installed."""
        return BACKENDS[self.crawl.backend].client if self.http.client == "auto" else self.http.client

    def work_settings(self, private_hosts: Mapping[str, Collection[str]]) -> WorkSettings:
        """Return what the workers are to know.

        Args:
            private_hosts: the named hosts that have no public address, and of what kinds theirs are.
        """
        return WorkSettings(
            user_agent=self.http.user_agent,
            timeout=self.http.timeout,
            max_bytes=self.http.max_bytes,
            parser=self.extract.parser,
            fields=tuple(
                FieldSpec(name, field.css, field.attr, field.type, field.many)
                for name, field in self.extract.fields.items()
            ),
            link_selector=self.site.link_selector,
            follow_list="list" in self.site.follow,
            follow_detail="detail" in self.site.follow,
            addresses=self._addresses(private_hosts),
            page_links=self.traps.page_links,
            obey_robots=self.politeness.obey_robots,
            robots_agent=product_token(self.http.user_agent),
        )

    def _addresses(self, private_hosts: Mapping[str, Collection[str]]) -> AddressRule:
        """A crawl that began in a private network may go on in it; one that began in public may not come to one."""
        starts = {host(url) for url in self.crawl.start_urls}
        kinds = {kind for start in starts for kind in private_hosts.get(start, ())}
        began_in_private = starts <= private_hosts.keys()
        return AddressRule(
            self.http.allow_private, frozenset(private_hosts), frozenset(kinds if began_in_private else ())
        )

    def cluster(self) -> Cluster:
        """Return where the workers are that may be of other machines."""
        return Cluster(**self.dask.model_dump(exclude={"insecure"}))

    def rules(self) -> CrawlRules:
        """Return what the frontier is to decide by."""
        return CrawlRules(
            user_agent=self.http.user_agent,
            obey_robots=self.politeness.obey_robots,
            hosts=HostRules(**self.politeness.model_dump(exclude={"obey_robots"})),
            max_pages=self.crawl.max_pages,
            max_depth=self.crawl.max_depth,
            max_redirects=self.http.max_redirects,
            retry=RetryPolicy(self.retry.attempts, self.retry.backoff, self.retry.max_wait),
            traps=TrapLimits(**self.traps.model_dump(exclude={"page_links"})),
            consumers=self.crawl.consumers,
            capacity=self.crawl.capacity,
            widen_scope=not self.site.allowed_hosts,
        )

    def scope(self) -> Scope:
        """Return which URLs the crawl takes up. Its hosts grow, where a start URL is redirected."""
        hosts = HostSet(self.site.allowed_hosts)
        for url in self.crawl.start_urls:
            hosts.add(host(url))
        return Scope(
            hosts,
            list_patterns=self.site.list,
            detail_patterns=self.site.detail,
            allow=self.site.allow,
            deny=self.site.deny,
        )

    def meaning(self) -> Tree:
        """Return the part of the configuration that a crawl cannot change on its way without becoming another."""
        tree = self.model_dump(mode="json")
        kept: Tree = {table: tree[table] for table in ("site", "extract", "traps")}
        kept["crawl"] = {key: tree["crawl"][key] for key in ("start_urls", "max_depth")}
        kept["politeness"] = {"obey_robots": self.politeness.obey_robots}
        if not self.crawl.start_urls:
            kept["fixture"] = {key: tree["fixture"][key] for key in ("pages", "faults")}
        return kept

    def for_fixture_site(self, url: str, per_host: int) -> "Config":
        """Return this configuration turned to the fixture site at `url`: its patterns, its fields, its patience.

        What was set to something other than its default stays as it was set.
        """
        from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS

        tree = self.model_dump()
        tree["crawl"]["start_urls"] = [url]
        if not self.site.list and not self.site.detail:
            tree["site"] |= {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)}
        if not self.extract.fields:
            tree["extract"]["fields"] = dict(FIELDS)
        if self.politeness.per_host == Politeness().per_host:
            tree["politeness"]["per_host"] = max(per_host, self.politeness.per_host)
        return check(tree, "the fixture site")


def read(path: Path) -> Tree:
    """Return the TOML document in a file; ConfigError if there is none or it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def put(tree: Tree, setting: str) -> None:
    """Put `TABLE.KEY=VALUE` into a document. VALUE is TOML; what does not parse as TOML is a string."""
    path, equals, text = setting.partition("=")
    *tables, key = (part.strip() for part in path.split("."))
    if not equals or not tables or not all((*tables, key)):
        raise ConfigError(f"--set {setting}: write it as TABLE.KEY=VALUE")
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {setting}: {table} is not a table")
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        parsed = {}
    tree[key] = parsed["value"] if parsed.keys() == {"value"} else text


def check(tree: Mapping[str, Any], source: str) -> Config:
    """Return the configuration that a document describes; ConfigError that names `source` if it cannot be used."""
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(f"{source}: {_explain(error)}") from None
    entry = BACKENDS[config.crawl.backend]
    if entry.missing:
        raise ConfigError(f"{source}: crawl.backend: {config.crawl.backend} {entry.missing}")
    if config.client not in entry.clients:
        raise ConfigError(
            f"{source}: http.client: backend {config.crawl.backend} cannot use {config.client!r}, "
            f"only {' or '.join(entry.clients)}"
        )
    if problem := missing(config.client):
        raise ConfigError(f"{source}: http.client: {config.client} {problem}")
    config = _with_a_parser_it_can_use(config, source)
    selectors = {f"extract.fields.{name}": field.css for name, field in config.extract.fields.items()}
    for key, css in {"site.link_selector": config.site.link_selector, **selectors}.items():
        if problem := validate_selector(css, config.extract.parser):
            raise ConfigError(f"{source}: {key}: {css!r} is not a CSS selector: {problem}")
    return config


def _with_a_parser_it_can_use(config: Config, source: str) -> Config:
    """Return the configuration with the backend's own parser in place of the default, where it cannot use that one."""
    usable, parser = BACKENDS[config.crawl.backend].parsers, config.extract.parser
    if parser in usable:
        return config
    if parser != Extract().parser:
        raise ConfigError(
            f"{source}: extract.parser: backend {config.crawl.backend} cannot use {parser!r}, "
            f"only {' or '.join(usable)}"
        )
    return config.model_copy(update={"extract": config.extract.model_copy(update={"parser": usable[0]})})


def _explain(error: ValidationError) -> str:
    """Return the first of the errors as `table.key: reason`."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        *tables, key = (str(part) for part in first["loc"])
        what = "key" if tables else "table"
        return f"{where}: there is no such {what}{nearest(key, _names(tables))}"
    if first["type"] == "value_error":
        return f"{where}: {first['ctx']['error']}"
    if first["type"] == "model_type":
        return f"{where}: must be a table, not {first['input']!r}"
    reason = first["msg"].removeprefix("Input ")
    return f"{where}: {reason}, not {first['input']!r}"


def _names(tables: Iterable[str]) -> list[str]:
    """Return the names that the table at this path may hold."""
    model: type[BaseModel] = Config
    for table in tables:
        field = model.model_fields.get(table)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return list(FieldTable.model_fields)
        model = field.annotation
    return list(model.model_fields)
