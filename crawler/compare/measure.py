"""The whole comparison: a warm-up, each case once, traced, then round after round, each case once and in another order.

What drifts, a machine that grows warm or a neighbour that wakes up, then hits all alike.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crawler.compare import machine
from crawler.compare.again import fastest_first
from crawler.compare.bench import STAGING, TRACED, Bench, Plan
from crawler.compare.cases import Choice, cases, ideal, one_of_each_kind_first
from crawler.compare.model import Case, Comparison, Ideal, Measurement, Scene, Split, WorkloadFacts
from crawler.compare.pace import Pace
from crawler.compare.results import scene_result
from crawler.compare.runs import Place, run, server_limit
from crawler.compare.statistics import ENOUGH
from crawler.compare.verdict import verdict
from crawler.config import Workload, check
from crawler.model import Role
from crawler.words import counted
from crawler.work.extract import Extractor
from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS, Site

SAMPLE = 20
"""Pages by which the CPU for parsing one is measured,"""
PASSES = 3
"""and how often, for the ideal: that is the least, and cores are not always equally fast."""

WARM_UP = 10
"""Detail pages of each backend's warm-up, which loads all that it needs from the disk."""

TOO_BUSY = 1.5
"""Threads a core that want to run before we begin: others are at work, and intervals will be wide."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A workload whose own figures are known."""

    workload: Workload
    limit: float
    facts: WorkloadFacts


def compare(
    workloads: Mapping[str, Workload],
    choice: Choice,
    place: Place,
    plan: Plan,
    *,
    skipped: Mapping[str, str],
    say: Callable[[str], None],
) -> Comparison:
    """Measure and return the comparison; FixtureError or LoadError if the fixture site cannot be served.

    `say` takes a line now and then about how far it is.
    """
    pace, started_at = Pace(plan.within), datetime.now(UTC)
    facts = machine.describe(place.cores)
    load = machine.load_average()
    if load is not None and load > TOO_BUSY * facts.cores:
        say(f"this machine is busy (load {load:.1f} on {counted(facts.cores, 'core')}): expect wide intervals")
    every = cases(workloads.items(), choice)
    ready = {name: _prepare(workload, place) for name, workload in workloads.items()}
    ideals = {scene: _ideal(scene, ready[scene.workload], place) for scene in {case.scene for case in every}}
    _warm_up(every, workloads, place, say, each=not plan.explain)
    bench = Bench(workloads, ideals, place, pace, say)
    splits: dict[Case, Split] = {}
    if plan.explain:  # before the rounds, which it warms the machine up for; one of each kind, if not all
        began, needed = pace.elapsed, len(every) * min(plan.rounds, ENOUGH)
        bench.explain(
            one_of_each_kind_first(every), splits, plan.folder, lambda done: pace.may_explain(began, done, needed)
        )
    runs: dict[Case, list[Measurement]] = {case: [] for case in every}
    repeated, interrupted = 0, False
    try:
        bench.rounds(runs, plan)
        repeated = bench.repeat(runs)
        if plan.explain and len(splits) < len(every):  # what there is time for yet
            bench.explain(fastest_first(runs), splits, plan.folder, lambda _: pace.has_room(STAGING + TRACED))
            say(f"{len(splits)} of {len(every)} cases are explained")
    except KeyboardInterrupt:
        if not any(runs.values()):
            raise
        interrupted = True
    scenes = tuple(
        scene_result(
            scene,
            ideals[scene],
            ready[scene.workload].limit,
            {case: measured for case, measured in runs.items() if case.scene == scene},
            splits,
        )
        for scene in dict.fromkeys(case.scene for case in every)
    )
    comparison = Comparison(
        started_at=started_at.isoformat(timespec="seconds"),
        seconds=round(pace.elapsed, 1),
        seed=plan.seed,
        producers=place.producers,
        rounds=max(map(len, runs.values())),
        machine=facts,
        workloads={name: known.facts for name, known in ready.items()},
        scenes=scenes,
        skipped=dict(skipped),
        repeated=repeated,
        interrupted=interrupted,
    )
    return replace(comparison, verdict=tuple(verdict(comparison)))


def _prepare(workload: Workload, place: Place) -> _Ready:
    site = Site(workload.pages, bulk=workload.bulk)
    numbers = range(1, min(workload.pages, SAMPLE) + 1)
    sizes = [len(site.detail(site.item(number)).body) for number in numbers]
    facts = WorkloadFacts(
        workload.pages,
        workload.latency,
        workload.bulk,
        workload.parser,
        tuple(workload.faults),
        workload.backoff,
        page_bytes=sum(sizes) // len(sizes),
    )
    return _Ready(workload, server_limit(workload, place.cores), facts)


def _ideal(scene: Scene, ready: _Ready, place: Place) -> Ideal:
    cpu = parse_seconds(ready.workload, scene.parser, passes=PASSES)
    return ideal(ready.workload, scene.consumers, cpu, len(place.cores.crawl))


def parse_seconds(workload: Workload, parser: str, passes: int = 1) -> float:
    """Return the seconds of CPU that parsing and extracting one of a workload's detail pages takes.

    It is the mean over pages, of the quickest of the `passes` over them.
    """
    site = Site(workload.pages, bulk=workload.bulk)
    pages = [site.detail(site.item(number)).body.decode() for number in range(1, min(workload.pages, SAMPLE) + 1)]
    tree = {
        "crawl": {"start_urls": ["http://127.0.0.1/"]},
        "site": {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)},
        "extract": {"parser": parser, "fields": FIELDS},
    }
    extractor = Extractor(check(tree, "the workload").work_settings({}))
    extractor.read(pages[0], "http://127.0.0.1/item/1", Role.DETAIL)  # once for all that happens only once
    least = math.inf
    for _ in range(passes):
        began = time.thread_time()
        for page in pages:
            extractor.read(page, "http://127.0.0.1/item/1", Role.DETAIL)
        least = min(least, time.thread_time() - began)
    return least / len(pages)


def _warm_up(
    every: Sequence[Case], workloads: Mapping[str, Workload], place: Place, say: Callable[[str], None], *, each: bool
) -> None:
    """Crawl a few pages by one worker with each client and parser, so that files are in memory and bytecode compiled.

    With `each`, by each backend too: where none of them has a run before those that count.
    """
    say(f"warming up; then {len(every)} runs a round")
    warm: set[object] = set()
    for case in every:
        new = {(case.backend if each else "", case.client), case.scene.parser} - warm
        if not new:
            continue
        warm |= new
        workload = workloads[case.scene.workload].changed(pages=WARM_UP, faults=[], latency=0.0)
        few = replace(case, scene=case.scene._replace(consumers=1))
        run(few, workload, ideal(workload, 1, 0.0, 1), place)
