"""The tables of the comparison: what every backend is given to do, on a fixture site of its own."""

from crawler.config.checks import (
    AtLeastOne,
    Faults,
    Latency,
    ParserName,
    Seconds,
)
from crawler.config.errors import ConfigError, nearest
from crawler.config.tables import Table


class Workload(Table):
    """[compare.NAME]: what every backend is given to do, on a fixture site of its own."""

    pages: AtLeastOne
    latency: Latency
    bulk: AtLeastOne = 1
    parser: ParserName = "selectolax"
    faults: Faults = []  # noqa: RUF012 - a table is frozen, and pydantic copies its defaults
    backoff: Seconds = 0.5


class IOWorkload(Workload):
    """[compare.io]: the server takes its time, and the pages cost nothing."""

    pages: AtLeastOne = 240
    latency: Latency = 0.025


class CPUWorkload(Workload):
    """[compare.cpu]: large pages and a slow parser, on a quick server."""

    pages: AtLeastOne = 80
    latency: Latency = 0.002
    bulk: AtLeastOne = 3
    parser: ParserName = "bs4-lxml"


class MixedWorkload(Workload):
    """[compare.mixed]: answers of very different age, and pages that cost something."""

    pages: AtLeastOne = 120
    latency: Latency = "lognormal(0.04, 0.6)"
    parser: ParserName = "bs4-lxml"


class FlakyWorkload(Workload):
    """[compare.flaky]: a share of the pages fails at first, and is tried again."""

    pages: AtLeastOne = 300
    latency: Latency = 0.02
    faults: Faults = ["error", "reset", "truncated"]  # noqa: RUF012
    backoff: Seconds = 0.1


class Compare(Table):
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
