"""The engine: one loop that carries tasks from the frontier to a backend, and outcomes back.

    frontier ──next──▶ task ──submit──▶ backend ──collect──▶ outcomes ──complete──▶ frontier ──changes──▶ store

It is the same for every backend, and it alone runs in the coordinator's thread. A backend spends its time in `collect`.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Protocol, Self

from crawler.backends.base import Backend
from crawler.core.frontier import Done, Frontier
from crawler.model import Changes, Task
from crawler.store.store import Counters

TICK = 0.5
"""Seconds: the longest that the coordinator lets a backend wait, and so the longest that Ctrl-C goes unseen."""

GRACE = 10.0
"""Seconds that requests in flight are given to finish after a first Ctrl-C."""


def stopping_signals() -> list[signal.Signals]:
    """Return what asks a program to stop, besides Ctrl-C: SIGTERM, and SIGHUP unless it is ignored, as under nohup."""
    numbers = [signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


class Interrupts:
    """Counts what asks the crawl to stop: SIGINT (Ctrl-C), SIGTERM, and SIGHUP (the terminal is gone).

    A context manager, for the main thread. A SIGHUP that is ignored when it is entered, as under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._seen) for number in (signal.SIGINT, *stopping_signals())}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _seen(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.count += 1


class Keeper(Protocol):
    """Whoever keeps what the frontier decides; see `Store`."""

    def save(self, changes: Changes, counters: Callable[[], Counters]) -> None:
        """Take it in."""


def pump(
    frontier: Frontier,
    backend: Backend,
    store: Keeper,
    *,
    interrupts: Interrupts | None = None,
    watch: Callable[[Frontier], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Crawl until the frontier is done; return False if it was interrupted before that.

    The first interrupt lets what is in flight finish, for at most GRACE seconds; the second does not. If the backend
    cannot go on, its BackendError comes out of here, and what had come back last is still to be taken out of the
    frontier and saved.
    """
    interrupts = interrupts or Interrupts()
    give_up_at = float("inf")
    while True:
        now = clock()
        if interrupts.count and give_up_at == float("inf"):
            give_up_at = now + GRACE
            frontier.cancel()
            frontier.recall(backend.recall(), now)
        step = frontier.next(now)
        if isinstance(step, Task):
            backend.submit(step)
            continue
        store.save(frontier.take_changes(), frontier.tally.counters)
        watch(frontier)
        if isinstance(step, Done) or interrupts.count > 1 or now > give_up_at:
            return not interrupts.count or frontier.is_over
        outcomes = backend.collect(min(max(step.until - now, 0.0), TICK))
        for outcome in outcomes:
            frontier.complete(outcome, clock())
        if not outcomes:  # else some that seem late may only be waiting for this loop, which was busy
            for task in frontier.expire(clock(), backend.recall):
                backend.abandon(task)
