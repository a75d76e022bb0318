"""The whole configuration, and what each part of the crawl is told of it."""

from collections.abc import Collection, Mapping

from crawler.backends.base import Cluster
from crawler.backends.registry import BACKENDS
from crawler.config.checks import scheduler
from crawler.config.errors import Tree
from crawler.config.tables import (
    Crawl,
    Dask,
    Extract,
    Fixture,
    Http,
    Politeness,
    Processes,
    Retry,
    Site,
    Table,
    TrapTable,
)
from crawler.config.workloads import Compare
from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.robots import product_token
from crawler.core.rules import CrawlRules
from crawler.core.traps import TrapLimits
from crawler.urls import HostSet, Scope, host
from crawler.work.addresses import AddressRule
from crawler.work.settings import FieldSpec, WorkSettings


class Config(Table, frozen=True):
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
        return Cluster(**{**_all_but("insecure", self.dask), "scheduler": scheduler(self.dask.scheduler)})

    def rules(self) -> CrawlRules:
        """Return what the frontier is to decide by."""
        return CrawlRules(
            user_agent=self.http.user_agent,
            obey_robots=self.politeness.obey_robots,
            hosts=HostRules(**_all_but("obey_robots", self.politeness)),
            max_pages=self.crawl.max_pages,
            max_depth=self.crawl.max_depth,
            max_redirects=self.http.max_redirects,
            retry=RetryPolicy(self.retry.attempts, self.retry.backoff, self.retry.max_wait),
            traps=TrapLimits(**_all_but("page_links", self.traps)),
            consumers=self.crawl.consumers,
            capacity=self.crawl.capacity,
            widen_scope=not self.site.allowed_hosts,
        )

    def scope(self) -> Scope:
        """Return which URLs the crawl takes up. Its hosts grow, where a start URL is redirected."""
        return Scope(
            HostSet(self.site.allowed_hosts) if self.site.allowed_hosts else self._with_start_hosts(HostSet()),
            list_patterns=self.site.list,
            detail_patterns=self.site.detail,
            allow=self.site.allow,
            deny=self.site.deny,
        )

    def named_hosts(self) -> frozenset[str]:
        """Return the hosts that the user has named one by one: `host[:port]`, or `name:*` for every port of it."""
        return self._with_start_hosts(HostSet(self.site.allowed_hosts)).named

    def _with_start_hosts(self, hosts: HostSet) -> HostSet:
        for url in self.crawl.start_urls:
            hosts.add(host(url))
        return hosts

    def meaning(self) -> Tree:
        """Return the part of the configuration that a crawl cannot change on its way without becoming another."""
        tree = self.dump()
        kept: Tree = {table: tree[table] for table in ("site", "extract", "traps")}
        kept["crawl"] = {key: tree["crawl"][key] for key in ("start_urls", "max_depth")}
        kept["politeness"] = {"obey_robots": self.politeness.obey_robots}
        if not self.crawl.start_urls:
            kept["fixture"] = {key: tree["fixture"][key] for key in ("pages", "faults")}
        return kept


def _all_but(left_out: str, table: Table) -> Tree:
    """Return a table's values by key, one of them left out."""
    return {key: value for key, value in table.dump().items() if key != left_out}
