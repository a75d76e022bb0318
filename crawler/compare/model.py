"""The values of a comparison: what is compared, what was measured, what came of it. report.json holds just these.

Times are in seconds and sizes in bytes unless named otherwise.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

FIGURES = (
    "pages_per_second",
    "efficiency",
    "cpu_per_1000",
    "peak_memory",
    "latency_p50_ms",
    "latency_p99_ms",
    "handoff_p50_ms",
    "handoff_p99_ms",
    "startup",
    "crawl",
    "shutdown",
    "context_switches",
)
"""The figures of a run that are summed up over its rounds."""


class Scene(NamedTuple):
    """What is the same for all that are ranked together."""

    workload: str
    consumers: int
    parser: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is run once a round."""

    scene: Scene
    backend: str
    client: str
    start_method: str | None = None
    """How processes are started; None where the workers are none."""

    def label(self, *, client: bool = False, start_method: bool = False) -> str:
        """Return its name in its scene: the backend's, with what else tells it from others there."""
        extra = [self.client] if client else []
        if start_method and self.start_method:
            extra.append(self.start_method)
        return f"{self.backend} ({', '.join(extra)})" if extra else self.backend


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run of a case made of it."""

    wall: float
    """From the start of its process to its end."""
    problem: str | None = None
    """Why its figures do not count; they are all 0 then, but for `wall`."""
    startup: float = 0.0
    """Until the first page can be asked for: the interpreter, imports, workers."""
    crawl: float = 0.0
    shutdown: float = 0.0
    pages_per_second: float = 0.0
    efficiency: float = 0.0
    """The scene's ideal time for `crawl`."""
    cpu_per_1000: float = 0.0
    """CPU seconds of the whole tree of processes for 1,000 pages, its start-up included."""
    peak_memory: int = 0
    """The most that the tree of processes had at once."""
    latency_p50_ms: float = 0.0
    latency_p99_ms: float = 0.0
    context_switches: int = 0
    handoff_p50_ms: float = 0.0
    """From when a task and its worker were both there until the worker began."""
    handoff_p99_ms: float = 0.0
    others: float = 0.0
    """The cores that other programs had meanwhile, on average."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The median of a figure over its rounds, and its 95% interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Split:
    """Where the time of a case's consumers went, in a run that was traced and is not among the rounds."""

    consumers: int
    pages: int
    wall: float
    """From the start of the process to the last outcome."""
    seconds: dict[str, float]
    """Of all consumers together, by the names of `split.Part`; they come to `wall` x `consumers`."""
    timeline: str | None = None
    """The run's timeline, as a path from the report's folder."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case in all rounds."""

    label: str
    case: Case
    rank: int | None
    """1, and one more for each that is faster; None where it is not ranked."""
    figures: dict[str, Estimate]
    """By the names of FIGURES; empty where it is not ranked."""
    rounds: tuple[Measurement, ...]
    limited_by_server: bool = False
    problem: str | None = None
    """Why it is not ranked."""
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Ideal:
    """The least time that a scene's crawl can take."""

    seconds: float
    bound: str
    """What binds: `latency` or `cpu`."""
    latency: float
    """If workers did nothing but wait: latency x pages / workers."""
    cpu: float
    """If cores did nothing but parse: CPU a page x pages / cores."""


@dataclass(frozen=True, slots=True)
class SceneResult:
    """A scene and its results, the fastest first, those that are not ranked last."""

    scene: Scene
    ideal: Ideal
    server_limit: float
    """Pages a second that the fixture server can deliver, were there nothing to wait for."""
    results: tuple[Result, ...]

    @property
    def ranked(self) -> tuple[Result, ...]:
        """Those that count."""
        return tuple(result for result in self.results if result.rank is not None)


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """A workload as it was run."""

    pages: int
    latency: float | str
    bulk: int
    parser: str
    faults: tuple[str, ...]
    backoff: float
    page_bytes: int
    """The mean size of a detail page."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures hold for."""

    system: str
    processor: str
    cores: int
    """That this process may use."""
    memory: int
    python: str
    gil: str
    """`on`, `off`, or `always on`, where this Python has no say in it."""
    memory_measure: str
    """What `peak_memory` is made of."""
    placement: str
    """Which cores the crawl and the server had."""
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it."""

    started_at: str
    seconds: float
    seed: int
    producers: int
    rounds: int
    machine: Machine
    workloads: dict[str, WorkloadFacts]
    scenes: tuple[SceneResult, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    """Backends that cannot be used here, and why."""
    repeated: int = 0
    """Runs that were done once more, since others had disturbed them."""
    interrupted: bool = False
    """Whether it was ended before all rounds were done."""
    verdict: tuple[str, ...] = ()
    """What the figures say, in sentences."""
