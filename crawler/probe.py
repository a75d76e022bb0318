"""One URL, looked at closely: what `crawler fetch` and `crawler robots` tell."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from crawler.config import Config, ConfigError
from crawler.config.checks import http_url
from crawler.core.robots import MAX_HOPS, RobotsBook, product_token
from crawler.model import Failure, Outcome, Role, Task
from crawler.urls import Scope, canonical, host, origin
from crawler.work.base import Performer
from crawler.work.clients import CLIENTS
from crawler.work.names import private_hosts
from crawler.work.perform import SiteWork

WORKER = "probe"


def fetch(config: Config, url: str) -> tuple[bool, dict[str, Any]]:
    """Fetch one page as a crawl would, robots.txt aside; return whether it is ok, and all that came of it."""
    address = _address(url)
    outcome = _perform(config, Task(address, Role.DETAIL), _private(config, address))
    failure = outcome.failure
    reason = failure.kind if failure else outcome.skip or ("redirected" if outcome.redirect else None)
    timings = outcome.timings
    scope = config.scope()
    if not config.site.allowed_hosts:
        scope.hosts.add(host(address))
    return failure is None, {
        "url": outcome.task.url,
        "taken_up": _taken_up(scope, address),
        "status": outcome.status,
        "reason": reason,
        "message": failure.message if failure else None,
        "redirect": outcome.redirect,
        "content_type": outcome.content_type,
        "bytes": outcome.size,
        "fetch_ms": round((timings.fetched - timings.started) * 1000, 1),
        "parse_ms": round((timings.finished - timings.fetched) * 1000, 1),
        "record": outcome.record,
        "links": list(outcome.links),
        "links_taken_up": Counter(_taken_up(scope, link) for link in outcome.links),
    }


def _taken_up(scope: Scope, url: str) -> str:
    """Return what a crawl would take a link up as, `list` or `detail`; or why it would not."""
    if not scope.holds(url):
        return "offsite"
    role = scope.role(url)
    return role.value if role else "filtered"


def robots(config: Config, url: str) -> tuple[bool, dict[str, Any]]:
    """Fetch the robots.txt that speaks for a URL; return whether it was reached, and what it says of that URL to us."""
    address = _address(url)
    site = origin(address)
    book = RobotsBook(config.http.user_agent)
    task = Task(f"{site}/robots.txt", Role.ROBOTS, referrer=site)
    private = _private(config, address)
    outcome = _perform(config, task, private)
    while outcome.redirect is not None and outcome.task.hops < MAX_HOPS:
        task = Task(outcome.redirect, Role.ROBOTS, hops=outcome.task.hops + 1, referrer=site)
        outcome = _perform(config, task, private)
    failure = outcome.failure
    if outcome.redirect is not None:
        failure = Failure("redirect-limit", f"more than {MAX_HOPS} redirects", transient=False)
    rules, _ = book.give_up(site, failure) if failure else book.learn(site, outcome.robots or "")
    return failure is None or outcome.status is not None, {
        "url": address,
        "robots": outcome.task.url,
        "status": outcome.status,
        "reason": failure.kind if failure else None,
        "message": failure.message if failure else None,
        "agent": product_token(config.http.user_agent),
        "allowed": rules.allow(address),
        "crawl_delay": rules.crawl_delay or None,
        "sitemaps": [link for link in (canonical(href, site) for href in rules.sitemaps) if link is not None],
    }


def _address(url: str) -> str:
    try:
        return http_url(url)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _private(config: Config, address: str) -> Mapping[str, Collection[str]]:
    return private_hosts((host(address),), config.http.timeout)


def _perform(config: Config, task: Task, private: Mapping[str, Collection[str]]) -> Outcome:
    # What the backend would use may be a client for an event loop; one URL needs none.
    client = config.client if config.client in CLIENTS else "requests"
    performer: Performer = SiteWork(config.work_settings(private), client).open()
    try:
        return performer.perform(task, WORKER)
    finally:
        performer.close()
