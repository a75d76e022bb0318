"""The tables of the comparison: what every backend is given to do, on a fixture site of its own."""

from msgspec import field

from crawler.config.checks import AtLeastOne, Faults, Latency, ParserName, Seconds, fixture_site
from crawler.config.errors import ConfigError, explained_as, nearest
from crawler.config.tables import Table


class Workload(Table, frozen=True):
    """[compare.NAME]: what every backend is given to do, on a fixture site of its own."""

    pages: AtLeastOne
    latency: Latency
    bulk: AtLeastOne = 1
    parser: ParserName = "selectolax"
    faults: Faults = field(default_factory=list)
    backoff: Seconds = 0.5

    def verify(self) -> None:
        """Let a site pass that can be served."""
        fixture_site(self.latency, self.faults)


class IOWorkload(Workload, frozen=True):
    """[compare.io]: the server takes its time, and the pages cost nothing."""

    pages: AtLeastOne = 240
    latency: Latency = 0.025


class CPUWorkload(Workload, frozen=True):
    """[compare.cpu]: large pages and a slow parser, on a quick server."""

    pages: AtLeastOne = 80
    latency: Latency = 0.002
    bulk: AtLeastOne = 3
    parser: ParserName = "bs4-lxml"


class MixedWorkload(Workload, frozen=True):
    """[compare.mixed]: answers of very different age, and pages that cost something."""

    pages: AtLeastOne = 120
    latency: Latency = "lognormal(0.04, 0.6)"
    parser: ParserName = "bs4-lxml"


class FlakyWorkload(Workload, frozen=True):
    """[compare.flaky]: a share of the pages fails at first, and is tried again."""

    pages: AtLeastOne = 300
    latency: Latency = 0.02
    faults: Faults = field(default_factory=lambda: ["error", "reset", "truncated"])
    backoff: Seconds = 0.1


class Compare(Table, frozen=True):
    """[compare]: the workloads by name."""

    io: IOWorkload = IOWorkload()
    cpu: CPUWorkload = CPUWorkload()
    mixed: MixedWorkload = MixedWorkload()
    flaky: FlakyWorkload = FlakyWorkload()

    def verify(self) -> None:
        """Let workloads pass whose sites can be served."""
        for name in self.names():
            with explained_as(name, "."):
                self.workload(name).verify()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all workloads."""
        return cls.__struct_fields__

    def workload(self, name: str) -> Workload:
        """Return the workload of that name; ConfigError if there is none."""
        if name not in self.names():
            raise ConfigError(f"there is no workload {name!r}{nearest(name, self.names())}")
        workload: Workload = getattr(self, name)
        return workload
