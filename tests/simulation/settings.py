"""The figures of a simulation, and the ways to break it."""

from dataclasses import dataclass
from enum import Enum, auto


class Flaw(Enum):
    """Something left out of the design, to see that it is missed."""

    NO_GRACE = auto()
    """A new owner begins as soon as the old one's lease has run out, whatever of that one's is still under way."""
    NO_LEASE = auto()
    """A cell goes on dispatching after its lease has run out: two owners."""
    NO_FENCE = auto()
    """A journal takes commits of any epoch."""
    NO_DEDUP = auto()
    """A new owner is told what is pending, and not what was settled."""
    EARLY_ACK = auto()
    """Links are acknowledged when they arrive, not when they are committed."""
    NO_OUTBOX = auto()
    """Links to other buckets are sent once, and not kept until they are acknowledged."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One simulation. Times are seconds."""

    pages: int = 1_050_000
    hosts: int = 20_000
    cells: int = 40
    buckets: int = 512
    seed: int = 1
    calm: float = 8.0
    """Between two disturbances, on average."""
    flaw: Flaw | None = None

    per_host: int = 4
    delays: tuple[float, ...] = (1.0, 2.0, 5.0)
    """The Crawl-delays that a quarter of the hosts ask for."""
    in_flight: int = 4
    """Pages that a bucket may have in flight."""

    timeout: float = 10.0
    """The longest that a worker lets a request take."""
    travel: float = 0.05
    """The longest from a dispatch to the arrival at the server, and of a message without trouble."""
    task_lease: float = 15.0
    """After which the frontier takes a task that is not back for failed."""

    heartbeat: float = 2.0
    cell_lease: float = 10.0
    drift: float = 500e-6
    """The most by which a cell's clock may run too fast or too slowly."""
    loss: float = 0.02
    """Of messages; as many are delivered twice."""
    resend: float = 6.0
    """After which links are sent again that were not acknowledged."""
    commit_every: float = 0.5
    patience: float = 1_000.0
    """After which a simulation without progress is ended: it has lost something."""

    @property
    def grace(self) -> float:
        """Seconds from when nothing more may be dispatched until every host may be asked again.

        What was dispatched has ended after its travel and its time-out, and the longest delay has passed since.
        """
        return 0.0 if self.flaw is Flaw.NO_GRACE else (self.travel + self.timeout) * 1.05 + self.longest_delay

    @property
    def longest_delay(self) -> float:
        """Seconds."""
        return max(self.delays) * 1.05
