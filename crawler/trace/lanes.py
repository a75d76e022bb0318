"""The picture of a crawl: a lane a worker, each moment of it of one kind.

a worker's lane    idle ── take ── cross ── connect ── wait ── body ── parse ── cross ── idle …
the coordinator's  decide ── hand-over ── decide ── store ── collect …
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from crawler.trace.recorder import Mark, Trip


class Kind(Enum):
    """What a lane's owner does: a name for the files, a label, an explanation; workers first, then the coordinator."""

    IDLE = ("idle", "waiting for work", "there was no task for it")
    TAKE = ("take", "taking a task", "a task was there: it is handed over, the worker wakes up and takes it")
    CROSS = ("cross", "pickling", "a task or an outcome is pickled or unpickled on its way between processes")
    CONNECT = ("connect", "getting a connection", "until there is a connection, a new one or one that was kept")
    WAIT = ("wait", "waiting for the server", "from the request to the head of the answer, and for a turn on the CPU")
    BODY = ("body", "reading the body", "from the head of the answer to its end")
    STALL = ("stall", "parsing, off the CPU", "the part of it spent waiting for the GIL, a core, or its turn")
    PARSE = ("parse", "parsing, on the CPU", "the other part: decoding and extracting")
    LOST = ("lost", "dead", "the worker ended, or was ended, while it had this task")
    UNKNOWN = ("unknown", "not recorded", "there were more tasks than a trace holds")
    COLLECT = ("collect", "waiting for outcomes", "there was nothing to collect")
    HAND_OVER = ("hand-over", "waiting to hand over", "the hand-off was full, or all permits were taken")
    STORE = ("store", "storing", "committing to crawl.db and the files")
    DECIDE = ("decide", "deciding", "what is next, and handing it over: the frontier, and the backend's submit")
    SERVE = ("serve", "collecting, on the CPU", "taking outcomes in; an event loop does all of its work here")

    def __init__(self, key: str, label: str, meaning: str) -> None:
        self.key = key
        self.label = label
        self.meaning = meaning

    __hash__ = object.__hash__


@dataclass(slots=True)
class Span:
    """A stretch of a lane. Times are seconds since the trace began."""

    kind: Kind
    began: float
    ended: float
    trip: int | None = None
    """The trip that it is part of, by its number in the recording."""
    rest: Kind | None = None
    """What a part of it was spent on that has no place of its own, being many pieces between those of `kind`."""
    share: float = 0.0
    """How large that part is, from 0 to 1."""

    @property
    def parts(self) -> Iterator[tuple[Kind, float]]:
        """The seconds of each kind."""
        length = self.ended - self.began
        yield self.kind, length * (1 - self.share)
        if self.rest is not None:
            yield self.rest, length * self.share


@dataclass(slots=True)
class Lane:
    """What one worker did, or the coordinator. Its spans follow each other without a gap, from 0 to the end."""

    name: str
    spans: list[Span]
    marks: list[Mark] = field(default_factory=list)

    def seconds(self) -> dict[Kind, float]:
        """Return the seconds of each kind."""
        total: defaultdict[Kind, float] = defaultdict(float)
        for span in self.spans:
            for kind, seconds in span.parts:
                total[kind] += seconds
        return dict(total)


@dataclass(frozen=True, slots=True)
class Picture:
    """A trace as it is drawn. All times are seconds since it began."""

    coordinator: Lane
    workers: list[Lane]
    """In the order of their names, producers first."""
    trips: list[Trip]
    wall: float
    cpu: float
    """Seconds that the coordinator's thread was on the CPU."""
    left_out: int
    """Tasks that are not in it."""
    marks_left_out: int

    @property
    def lanes(self) -> list[Lane]:
        """All lanes, the coordinator's first."""
        return [self.coordinator, *self.workers]
