"""The values that travel between coordinator, backends and workers.

All are immutable, picklable and made of plain data, so that a thread, a process or another machine
can be handed one. They hold strings where one might expect exceptions or sockets: what cannot be
pickled would break the process backends, and nothing that comes back may carry code.
"""

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple

WORKER_DIED = "worker-died"
"""The kind of failure of a task whose worker process ended while it had it."""
WORKER_STOPPED = "worker-stopped"
"""The kind of failure of a task whose worker had to be ended because another did: the task is not to blame."""

Scalar = str | int | float
FieldValue = Scalar | list[Scalar] | None
Record = dict[str, FieldValue]
"""What was extracted from a detail page: the configured fields by name; one that is not there is None."""

ADDRESS_FORBIDDEN = "address-forbidden"
"""The failure of a request to an address that is not to be connected to: a private one, mostly."""


class Role(Enum):
    """What a URL is fetched for."""

    LIST = "list"
    DETAIL = "detail"
    ROBOTS = "robots"

    __hash__ = object.__hash__  # each role is one object; Enum's own hash is a call of Python, dozens of times a page

    @cached_property
    def crew(self) -> "Role":
        """Whose work it is: LIST, the producers', which fetch robots.txt too, or DETAIL, the consumers'."""
        return Role.DETAIL if self is Role.DETAIL else Role.LIST


@dataclass(frozen=True, slots=True)
class Task:
    """One request to make. Two attempts at a URL are two different tasks."""

    url: str
    """Canonical, and sent as it stands (see `crawler.urls.canonical`)."""
    role: Role
    depth: int = 0
    """Links followed from a start URL to here; a redirect keeps the depth."""
    hops: int = 0
    """Redirects followed to get here."""
    attempt: int = 1
    referrer: str | None = None
    """The page that linked or redirected here; for robots.txt, the origin that it speaks for."""

    def __hash__(self) -> int:
        return hash(self.url)


class Timings(NamedTuple):
    """When a worker did what: seconds of `time.monotonic`, one clock for all processes of a machine.

    started ── connect ── connected ── wait ── answered ── body ── fetched ── parse ── finished
    """

    started: float
    fetched: float
    finished: float
    connected: float | None = None
    """When there was a connection, a new one or one that was kept; None: it did not come to that, or nobody looked."""
    answered: float | None = None
    """When the head of the answer was there; None as above."""
    fetch_cpu: float | None = None
    """Seconds for which the worker's thread was on the CPU while it fetched; None where it is not its alone."""
    parse_cpu: float | None = None
    """The same for what it did with the answer; the rest of that time it waited for its turn, the GIL or a core."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request brought no answer that can be used."""

    kind: str
    """The `reason` in pages.jsonl: `timeout`, `status-503`, …"""
    message: str
    """For people: one line, no credentials."""
    transient: bool
    """Whether trying again may help."""
    retry_after: float | None = None
    """Seconds that the server asked to be left alone (RFC 9110 section 10.2.3)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: at most one of `redirect`, `robots`, `skip` and `failure`; with none, the page is ok."""

    task: Task
    worker: str
    timings: Timings
    status: int | None = None
    content_type: str | None = None
    size: int = 0
    """Bytes of the body, after decoding."""
    links: tuple[str, ...] = ()
    """Canonical URLs in document order, each once; what is in scope is not decided here."""
    record: Record | None = None
    redirect: str | None = None
    """The canonical URL of the Location header."""
    robots: str | None = None
    """The text of robots.txt."""
    skip: str | None = None
    """The reason for which a page was left on purpose, as `content-type`; one left as `noindex` may have links."""
    failure: Failure | None = None
    surplus_links: int = 0
    """Links beyond the most that are taken from one page: they are counted and not brought."""


class Verdict(Enum):
    """How a URL ended: the `outcome` in pages.jsonl."""

    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Settled:
    """A URL that the crawl is through with, and why."""

    task: Task
    verdict: Verdict
    reason: str | None = None
    """Why it is not ok: `robots`, `redirected`, `status-404`, …"""
    attempts: int = 0
    """Requests made for it; 0 where none was."""
    outcome: Outcome | None = None
    """The answer that settled it; None where none was needed."""


@dataclass(slots=True)
class Changes:
    """What the frontier decided: what is to be stored, in one transaction."""

    taken_up: list[Task] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    strays: list[Task] = field(default_factory=list)
    """What is out of scope, and may yet come into it."""
