"""What every backend is: a way to get tasks to workers and outcomes back.

    coordinator ──submit──▶ [ hand-off ] ──▶ workers ──▶ [ outcomes ] ──collect──▶ coordinator

A backend moves values and decides nothing: what is fetched next, retried, delayed or given up is the frontier's affair.
One thread, the coordinator's, calls all of these methods; they are never called at the same time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self, TypeVar

from crawler.model import Outcome, Role, Task
from crawler.work.base import Work

T = TypeVar("T")
L = TypeVar("L")


PARTING = 1.0
"""Seconds that stopping waits for what is under way: threads cannot be ended, and processes are killed after that."""


class BackendError(Exception):
    """A backend cannot go on: one line that says why."""


@contextmanager
def starting_threads() -> Iterator[None]:
    """Say in one line that a thread cannot be started, as where there are too many."""
    try:
        yield
    except RuntimeError as error:
        if type(error) is not RuntimeError:  # a pool that has broken says so by a class of its own
            raise
        raise BackendError(f"a thread cannot be started: {error}; ask for fewer consumers") from error


class Watch:
    """What a primitive can tell of itself. Nobody listens unless a crawl is traced, so this one does nothing."""

    def mark(self, what: str) -> None:
        """Say that something happened."""

    def lock(self, lock: L) -> L:
        """Return the lock, or one that does the same and tells how long it was waited for."""
        return lock


UNWATCHED = Watch()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the workers are that may be of other machines; all times are in seconds."""

    scheduler: str = ""
    """The scheduler's address; empty: a cluster of processes is started on this machine."""
    batch: int = 16
    """Tasks that are handed over in one message, at most."""
    window: int = 0
    """At most window x batch tasks are with the workers; 0: those that they do at once."""
    tls_ca: str = ""
    """A file with the certificate authority by which scheduler and workers are known, in PEM; as the next two."""
    tls_cert: str = ""
    tls_key: str = ""
    connect_timeout: float = 10.0
    """Within which the scheduler must answer."""
    check_timeout: float = 5.0
    """Within which a worker must say that it has this package, at this version."""
    worker_timeout: float = 30.0
    """For which the crawl goes on without a single worker."""
    orphan_timeout: float = 10.0
    """For which a worker goes on without being asked for what it has."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backend is to be made of."""

    work: Work
    """What its workers do."""
    producers: int = 1
    """Workers that fetch list pages, and robots.txt."""
    consumers: int = 10
    """Workers that fetch detail pages."""
    capacity: int = 10
    """Detail tasks that may wait in the hand-off, where there is one."""
    start_method: str = "auto"
    """How processes are started (`children.context`), where the workers are processes."""
    ordered: bool = False
    """Whether outcomes are to come in the order of the tasks, where a backend can do either."""
    processes: int = 0
    """Processes, where one holds many requests; 0: as many as there are cores."""
    preload: tuple[str, ...] = ()
    """Modules that every worker process needs: where processes are forked from a server, that imports them once."""
    cluster: Cluster = Cluster()
    """Where to find them, if so."""
    say: Callable[[str], None] = lambda _: None
    """Takes a line that a person should see."""
    watch: Watch = UNWATCHED
    """Where primitives of this process tell what they do."""

    def workers(self, crew: Role) -> int:
        """Return of how many workers a crew is."""
        return self.consumers if crew is Role.DETAIL else self.producers


class Backend(ABC):
    """Carries tasks to workers. A context manager: entering starts it, leaving stops it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def holds(self) -> Mapping[Role, int]:
        """How many tasks of each crew it takes without making `submit` wait: the frontier grants no more."""
        return {Role.LIST: self.plan.producers, Role.DETAIL: self.plan.consumers}

    @property
    def orphans(self) -> float:
        """For how many seconds its workers may go on by themselves if the coordinator ends at this moment."""
        return 0.0

    def turns(self, crew: Role) -> float:
        """How many tasks of a crew a worker has to do, at most, before one handed over now is done."""
        return 1 + self.holds[crew] / self.plan.workers(crew)

    @abstractmethod
    def start(self) -> None:
        """Start the workers, and return when they can work."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Hand a task over."""

    @abstractmethod
    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Return all outcomes that are ready; wait at most `timeout` seconds for the first."""

    def recall(self) -> Sequence[Task]:
        """Take back the tasks that no worker has begun, where that can be known. They will have no outcome.

        Those of a host and role come in the order in which they were handed over, as far as that is known.
        """
        return ()

    def abandon(self, task: Task) -> None:  # noqa: B027 - where nothing can hang there is nothing to replace
        """Write off the worker that does not come back with `task`, and put another in its place."""

    @abstractmethod
    def stop(self) -> None:
        """End the workers, at once if they can be made to; leave no process behind. May be called twice."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class OutcomesFirst:
    """Holds an error back until the outcomes that came before it have been taken: a page that is done stays done."""

    def __init__(self) -> None:
        self._error: BackendError | None = None

    def take(self, at_hand: list[Outcome], more: Iterable[Outcome]) -> list[Outcome]:
        """Return both, as far as no BackendError ends `more`; with nothing to return, raise it: now, or the next time.

        Once there has been an error, `more` is not asked.
        """
        if self._error is None:
            try:
                for outcome in more:
                    at_hand.append(outcome)  # noqa: PERF402  # extend need not keep what came before an error
            except BackendError as error:
                self._error = error
        if self._error is not None and not at_hand:
            raise self._error
        return at_hand


class Outbox:
    """Where workers of one process leave what they have: outcomes, or the reason why they cannot work."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Outcome | BackendError] = SimpleQueue()
        self._first = OutcomesFirst()

    def put(self, outcome: Outcome | BackendError) -> None:
        """Leave something for the coordinator; never waits."""
        self._queue.put(outcome)

    def take(self, timeout: float) -> list[Outcome]:
        """Return all that is there, after at most `timeout` seconds for the first; raise what is an error.

        Outcomes that are there beside it are returned, and the error is raised by the next call.
        """
        return self._first.take([], self._drained(timeout))

    def _drained(self, timeout: float) -> Iterator[Outcome]:
        errors: list[BackendError] = []
        for item in drain(self._queue, timeout):
            if isinstance(item, BackendError):
                errors.append(item)
            else:
                yield item
        if errors:
            raise errors[0]


def drain(queue: SimpleQueue[T], timeout: float) -> list[T]:
    """Return all that is in a queue, after at most `timeout` seconds for the first."""
    items: list[T] = []
    try:
        items.append(queue.get(timeout=max(timeout, 0.0)))
        while True:
            items.append(queue.get_nowait())
    except Empty:
        return items
