"""A few pages of the user's site, fetched as politely as the crawl itself would, and kept to be looked at.

It is a crawl: the same frontier, so robots.txt, scope, redirects and delays hold; but one request at a time, each once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from crawler.backends.base import Plan
from crawler.backends.registry import BACKENDS
from crawler.config import Config, ConfigError, check
from crawler.config.checks import http_url
from crawler.core.frontier import Frontier
from crawler.core.robots import RobotsBook
from crawler.engine import Interrupts, pump
from crawler.job import leases
from crawler.model import Changes, Outcome, Role, Task, Timings
from crawler.report import problem
from crawler.store.store import Counters
from crawler.work.base import AsyncPerformer, MultiPerformer, Performer
from crawler.work.charset import decode
from crawler.work.clients import CLIENTS, Client, open_client
from crawler.work.exchange import Exchange
from crawler.work.names import private_hosts
from crawler.work.perform import SitePerformer
from crawler.work.settings import WorkSettings

BACKEND = "queue"

ENOUGH = "enough"
"""The reason for which a page is left: the site has been asked for as many as it may be."""


class SampleError(Exception):
    """There is nothing to go by: one line that says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was fetched."""

    url: str
    role: Role
    html: str
    size: int
    """Bytes, after decoding."""
    seconds: float
    """From when there was a connection to the end of the body."""


@dataclass(slots=True)
class Sample:
    """What was fetched."""

    most: int
    """Requests for pages that may be made, whatever becomes of them: robots.txt apart."""
    asked: int = 0
    """Those that were."""
    pages: list[Page] = field(default_factory=list)
    """Those that were ok."""
    crawl_delay: float = 0.0
    """Seconds between two requests that robots.txt asks for."""

    @property
    def typical(self) -> list[Page]:
        """The detail pages, which are most of a site; where there are none, all."""
        return [page for page in self.pages if page.role is Role.DETAIL] or self.pages


def take(config: Config, url: str, pages: int, interrupts: Interrupts, say: Callable[[str], None]) -> Sample | None:
    """Fetch at most so many pages, from `url` on; return what came, or None if it was interrupted.

    Raises:
        ConfigError: it is no URL, or the configuration does not go with it.
        SampleError: not a single page could be fetched.
    """
    config = gentle(config, url, pages)
    sample = Sample(pages)
    private = private_hosts(config.named_hosts(), config.http.timeout)
    work = _Sampling(config.work_settings(private), config, sample)
    with BACKENDS[BACKEND].load()(Plan(work, producers=1, consumers=1, capacity=1)) as backend:
        due = leases(backend, config.http.timeout)
        frontier = Frontier(config.rules(), config.scope(), holds=backend.holds, leases=due)
        frontier.start(config.crawl.start_urls)
        pump(frontier, backend, _Nobody(), interrupts=interrupts, watch=_Teller(say, sample))
        if interrupts.count:
            return None
    if not sample.pages:
        nothing = f"{config.crawl.start_urls[0]}: no page of HTML came of {sample.asked} requests"
        raise SampleError(nothing if sample.asked >= pages > 1 else problem(frontier) or nothing)
    return sample


def gentle(config: Config, url: str, pages: int) -> Config:
    """Return the configuration for a sample of a site: its own, but for what a few pages need; ConfigError."""
    try:
        address = http_url(url)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    tree = config.dump()
    tree["crawl"] |= {"start_urls": [address], "backend": BACKEND, "max_pages": pages}
    tree["crawl"] |= {"producers": 1, "consumers": 1, "capacity": 1}
    tree["politeness"]["per_host"] = 1
    tree["retry"]["attempts"] = 1
    if tree["http"]["client"] not in CLIENTS:  # one for an event loop
        tree["http"]["client"] = "auto"
    return check(tree, "advise")


class _Sampling:
    """Work that keeps what it fetches. All in this process: it is for a backend of threads."""

    def __init__(self, settings: WorkSettings, config: Config, sample: Sample) -> None:
        self._settings = settings
        self._config = config
        self._sample = sample

    def open(self) -> Performer:
        client = _Keeping(open_client(self._config.client, self._settings.addresses))
        return _Sampler(SitePerformer(self._settings, client), client, self._config.http.user_agent, self._sample)

    def open_async(self) -> AsyncPerformer:
        raise NotImplementedError

    def open_multi(self) -> MultiPerformer:
        raise NotImplementedError


class _Keeping:
    """A client that remembers what it fetched last."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.last: Exchange | None = None

    def fetch(self, exchange: Exchange) -> None:
        self.last = exchange
        self._client.fetch(exchange)

    def close(self) -> None:
        self._client.close()


class _Sampler:
    def __init__(self, performer: Performer, client: _Keeping, user_agent: str, sample: Sample) -> None:
        self._performer = performer
        self._client = client
        self._robots = RobotsBook(user_agent)
        self._sample = sample

    def perform(self, task: Task, worker: str) -> Outcome:
        if task.role is not Role.ROBOTS:
            if self._sample.asked >= self._sample.most:  # handed over before the crawl was called off
                return Outcome(task, worker, Timings(0.0, 0.0, 0.0), skip=ENOUGH)
            self._sample.asked += 1
        outcome = self._performer.perform(task, worker)
        if outcome.robots is not None:
            rules, _ = self._robots.learn(task.referrer or "", outcome.robots)
            self._sample.crawl_delay = max(self._sample.crawl_delay, rules.crawl_delay or 0.0)
        elif outcome.failure is None and outcome.redirect is None and outcome.skip in (None, "noindex"):
            self._keep(task, outcome)
        return outcome

    def close(self) -> None:
        self._performer.close()

    def _keep(self, task: Task, outcome: Outcome) -> None:
        exchange, times = self._client.last, outcome.timings
        if exchange is None or exchange.head is None or exchange.body is None:
            return
        html = decode(exchange.body.content(), exchange.head.content_type)
        began = times.started if times.connected is None else times.connected
        self._sample.pages.append(Page(task.url, task.role, html, outcome.size, times.fetched - began))


class _Nobody:
    """Who keeps nothing of what the frontier decides."""

    def save(self, changes: Changes, counters: Callable[[], Counters]) -> None:
        """Let it go."""


class _Teller:
    """Tells of every page, since with a long delay one would wonder, and calls the crawl off when it has asked enough.

    The frontier's own limit counts pages that were fetched; a redirect, or a page of something else than HTML, is a
    request to the site all the same.
    """

    def __init__(self, say: Callable[[str], None], sample: Sample) -> None:
        self._say = say
        self._sample = sample
        self._told = 0

    def __call__(self, frontier: Frontier) -> None:
        if (asked := self._sample.asked) > self._told:
            self._told = asked
            self._say(f"asked for {asked} of at most {self._sample.most} pages")
        if self._sample.asked >= self._sample.most:
            frontier.cancel()
