"""What `python -m crawler advise` does: sample the site, tune a fixture site to it, compare there, recommend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.advise import MOST_PAGES, advice, tune
from crawler.advise.sample import Sample, SampleError, gentle, take
from crawler.backends.registry import BACKENDS
from crawler.compare.bench import Plan
from crawler.compare.cases import Choice
from crawler.compare.command import leave, prepare
from crawler.compare.cores import divide
from crawler.compare.measure import compare
from crawler.compare.runs import Place
from crawler.config import Config, ConfigError, check
from crawler.engine import Interrupts
from crawler.words import counted

CANDIDATES = ("queue", "thread-pool", "process-pool", "asyncio", "curl-multi", "sharded")
"""The backends that are compared unless others are named: the best of each kind."""

HOPELESS = 0.6
"""The share of the best speed so far below which a case is not run again. One run may be off by a quarter."""

WITHIN = 300.0
"""Seconds after which no more rounds are begun: some sites cannot be imitated quickly."""

NAME = "tuned"
"""What the workload is called."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options as they were given."""

    pages: int = MOST_PAGES
    backends: str = ""
    rounds: int = 3
    limit: float = 120.0


def advise(config: Config, url: str, options: Options, folder: Path | None, say: Callable[[str], None]) -> str | None:
    """Return the advice for a site as a fragment of config.toml; None if that was interrupted.

    The report of the comparison is left in `folder`, if there is one.

    Raises:
        ConfigError: the options are wrong, or the folder cannot be written.
        SampleError: no page could be fetched, or no backend's run was right.
        FixtureError, LoadError: the fixture site cannot be served.
    """
    backends = candidates(options.backends)
    if folder is not None:
        prepare(folder, timelines=True)
    address = gentle(config, url, options.pages).crawl.start_urls[0]
    say(f"asking {address} for at most {options.pages} pages, one at a time")
    with Interrupts() as interrupts:  # of the sampling alone: a comparison ends at once
        sample = take(config, url, min(options.pages, MOST_PAGES), interrupts, say)
    if sample is None:
        return None
    seen = look(config, address, sample)
    if seen.delay > 0:
        return advice.fragment(seen, advice.one_at_a_time(seen))
    backends = [name for name in backends if seen.parser in BACKENDS[name].parsers]
    if not backends:
        raise ConfigError(f"--backends: none of {options.backends} reads pages with {seen.parser}: name others, too")
    place = Place(config, divide(), config.crawl.producers, options.limit)
    consumers = sorted({seen.per_host, max(1, seen.per_host // 2)})
    cost = seen.costs[seen.parser].seconds
    cores = len(place.cores.crawl)
    seconds = tune.shortened([page.seconds for page in seen.pages], cost, max(consumers), cores)
    workload = tune.workload(seconds, seen.parser, cost, max(consumers), cores)
    clients = () if config.http.client == "auto" else (config.http.client,)
    choice = Choice(backends, consumers, clients=clients)
    runs = options.rounds * len(backends) * len(consumers)
    sooner = "; --rounds 1 and --backends NAME,… make it fewer" if options.rounds > 1 else ""
    say(f"now up to {counted(runs, 'run')} of some seconds each{sooner}")
    reported = folder is not None  # then all rounds of all cases are wanted
    hopeless = 0.0 if reported else HOPELESS
    plan = Plan(rounds=options.rounds, within=WITHIN, hopeless=hopeless, explain=reported, folder=folder)
    made = compare({NAME: workload}, choice, place, plan, skipped={}, say=say)
    if folder is not None:
        leave(made, folder)
    if made.interrupted:
        return None
    chosen = advice.choose(made)
    if chosen is None:
        raise SampleError(f"there is no advice, since no run was right: {made.scenes[0].results[0].problem}")
    return advice.fragment(seen, advice.from_comparison(seen, made, chosen))


def look(config: Config, url: str, sample: Sample) -> advice.Seen:
    """Return what is to be seen of a sample."""
    pages = sample.typical
    costs = tune.costs(config, pages)
    return advice.Seen(
        url,
        pages,
        costs,
        config.extract.parser,
        tune.best_parser(config, costs),
        config.politeness.per_host,
        max(config.politeness.delay, sample.crawl_delay if config.politeness.obey_robots else 0.0),
        len(config.extract.fields),
    )


def candidates(text: str) -> Sequence[str]:
    """Return the backends between the commas; without any, the candidates that this machine has."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        check({"crawl": {"backend": name}}, "--backends")
    return names or [name for name in CANDIDATES if not BACKENDS[name].missing]
