"""What is counted while a crawl goes on: the figures of its report, in bounded memory."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from crawler.model import WORKER_DIED, WORKER_STOPPED, Failure, Outcome, Record, Role, Settled, Verdict

HOST_GIVEN_UP = "host-given-up"
"""The reason of the pages that were not asked for (again), since their host had failed too often in a row."""


class Histogram:
    """A distribution of positive values, kept as counts in buckets 2% wide: percentiles without the values."""

    _RATIO = math.log(1.02)

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._most = 0.0

    def add(self, value: float) -> None:
        """Count a value; what is not above zero counts as very small."""
        self._buckets[math.floor(math.log(max(value, 1e-9)) / self._RATIO)] += 1
        self._most = max(self._most, value)

    def percentile(self, share: float) -> float | None:
        """Return the value that `share` (0 to 1) of all are at or below, within 2%; None if there are none."""
        wanted = share * self._buckets.total()
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(math.exp((bucket + 1) * self._RATIO), self._most)
        return None

    @property
    def most(self) -> float | None:
        """The largest value; None if there are none."""
        return self._most if self._buckets else None


class Handoffs:
    """How long a task and its worker took to come together once both were there: what a hand-off costs."""

    def __init__(self) -> None:
        self.delays = Histogram()
        """Seconds."""
        self._free_since: dict[str, float] = {}

    def count(self, outcome: Outcome, since: float) -> None:
        """Count an outcome whose task was handed over at `since`; those of a worker come in the order of its work."""
        if outcome.failure is not None and outcome.failure.kind in (WORKER_DIED, WORKER_STOPPED):  # it left no times
            return
        free = self._free_since.get(outcome.worker, since)
        self.delays.add(max(0.0, outcome.timings.started - max(since, free)))
        self._free_since[outcome.worker] = outcome.timings.finished


class Tally:
    """The crawl in figures. Pages only: robots.txt is counted apart."""

    def __init__(self) -> None:
        self.verdicts: Counter[Verdict] = Counter()
        self.reasons: Counter[str] = Counter()
        self.roles: Counter[Role] = Counter()
        """Pages that were ok, by role."""
        self.fetched = 0
        """How many pages were fetched, to a good end or a bad one: what `max_pages` limits."""
        self.retries = 0
        self.bytes = 0
        self.latency = Histogram()
        """Seconds from the start of a request to the end of its body, of the pages that this run has fetched."""
        self.handoffs = Handoffs()
        self.robots_failures: dict[str, str] = {}
        """The sites whose robots.txt could not be had, and why."""
        self.hosts_given_up: dict[str, str] = {}
        """The hosts that failed too often in a row, and their last failure."""
        self.surplus: Counter[str] = Counter()
        """Links that were left because a site may be endless (see `crawler.core.traps`), by reason, as often as met."""
        self.left_out: Counter[str] = Counter()
        """Links to hosts out of scope, `offsite`, and links that no pattern takes up, `filtered`, as often as met."""
        self.fields_missing: Counter[str] = Counter()
        """The items that have no value for a field, by its name."""
        self.starts_failed: list[Settled] = []
        self.starts_ok = 0

    @property
    def settled(self) -> int:
        """How many URLs the crawl is through with."""
        return self.verdicts.total()

    @property
    def items(self) -> int:
        """How many records were extracted."""
        return self.roles[Role.DETAIL]

    def counters(self) -> dict[str, Any]:
        """Return what is counted besides the pages, as plain data: what a crawl that is taken up again must be told."""
        return {
            "retries": self.retries,
            "robots_failures": self.robots_failures,
            "hosts_given_up": self.hosts_given_up,
            "surplus": self.surplus,
            "left_out": self.left_out,
            "fields_missing": self.fields_missing,
        }

    def restore(self, counters: Mapping[str, Any]) -> None:
        """Go on from the counters of an earlier run."""
        self.retries = int(counters.get("retries", 0))
        self.robots_failures = dict(counters.get("robots_failures", {}))
        self.hosts_given_up = dict(counters.get("hosts_given_up", {}))
        self.surplus = Counter(counters.get("surplus", {}))
        self.left_out = Counter(counters.get("left_out", {}))
        self.fields_missing = Counter(counters.get("fields_missing", {}))

    def count(self, settled: Settled) -> None:
        """Count a URL that is settled."""
        self.verdicts[settled.verdict] += 1
        if settled.reason is not None:
            self.reasons[settled.reason] += 1
        if settled.verdict is Verdict.OK:
            self.roles[settled.task.role] += 1
        if settled.attempts and settled.verdict in (Verdict.OK, Verdict.FAILED):
            self.fetched += 1
        if settled.outcome is not None:
            self.bytes += settled.outcome.size

    def time(self, settled: Settled) -> None:
        """Count how long a page took, if it was ok: one that this run has fetched."""
        if settled.verdict is Verdict.OK and settled.outcome is not None:
            self.latency.add(settled.outcome.timings.fetched - settled.outcome.timings.started)

    def look_at(self, record: Record) -> None:
        """Count the fields for which a record has no value."""
        for name, value in record.items():
            if value is None or value == []:
                self.fields_missing[name] += 1

    def start_settled(self, settled: Settled) -> None:
        """Note what became of a start URL, or of what it redirects to."""
        if settled.verdict is Verdict.OK or settled.reason == "noindex":
            self.starts_ok += 1
        elif settled.reason != "redirected":
            self.starts_failed.append(settled)

    def robots_failed(self, site: str, failure: Failure) -> None:
        """Note that a site's robots.txt could not be had."""
        self.robots_failures[site] = f"{failure.kind}: {failure.message}"
