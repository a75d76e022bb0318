"""A process joined before its queue is drained: it cannot end, as what it put has not left it yet.

child:  put ─▶ [ buffer ] ─▶ feeder thread ══▶ pipe, some 64 KB ══▶ get :parent
        returns, and waits for its feeder        full, as nobody reads: parent is in join
"""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.reduction import ForkingPickler

from crawler.backends.children import settle_in
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.processes import child, heard, safe_method
from crawler.hazards.watchdog import LIMIT, PAUSE
from crawler.model import Outcome, Role, Task, Timings

OUTCOMES = 100
LINKS = 100
"""Links of each outcome, as those of a long list page."""


@dataclass(frozen=True, slots=True)
class Ending(Facts):
    """How the process ended."""

    put: int
    """Outcomes that the process had put before it came to its end."""
    size: int
    """Bytes of them, pickled as the queue does it."""
    got: int
    """Outcomes that were taken out before the join."""
    waited: float
    """Seconds in `join`."""
    status: int | None
    """Exit status; None if it had not ended, and was killed."""

    @property
    def harmed(self) -> bool:
        """Whether the process did not end."""
        return self.status is None

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        end = f"it had ended with status {self.status}"
        if self.harmed:
            end = "it had still not ended, and was killed"
        return (
            f"the process put {self.put} outcomes, {self.size:,} bytes, and came to the end of its work",
            f"{self.got} of them were taken out, then it was joined: after {self.waited:.2f} s {end}",
        )


def put_and_join(*, drain: bool, patience: float) -> Ending:
    """Let a process put outcomes into a queue, and join it for `patience` seconds, after draining it or not."""
    method = safe_method()
    results: Queue[Outcome] = get_context(method).Queue()
    with closing(results), child(method, _produce, results) as started:
        put, size = heard(started.pipe, int), heard(started.pipe, int)
        got = len([results.get(timeout=LIMIT) for _ in range(put)]) if drain else 0
        began = time.monotonic()
        started.process.join(patience)
        return Ending(put, size, got, time.monotonic() - began, started.process.exitcode)


def _produce(pipe: Connection, results: "Queue[Outcome]") -> None:
    settle_in()
    outcomes = [_outcome(number) for number in range(OUTCOMES)]
    for outcome in outcomes:
        results.put(outcome)
    pipe.send(len(outcomes))
    pipe.send(sum(len(ForkingPickler.dumps(outcome)) for outcome in outcomes))


def _outcome(number: int) -> Outcome:
    task = Task(f"http://shop.test/category/{number}", Role.LIST)
    now = time.monotonic()
    links = tuple(f"http://shop.test/item/{number}-{link}.html" for link in range(LINKS))
    return Outcome(task, "list-0", Timings(now, now, now), 200, links=links)


UNDRAINED = Hazard(
    tries=f"""
        A process puts {OUTCOMES} outcomes of list pages into a multiprocessing.Queue and is through. The
        coordinator first waits for it with `join`, and means to read the queue then.
    """,
    run=lambda: put_and_join(drain=False, patience=PAUSE),
    cause="""
        `put` only leaves the value with a feeder thread, which pickles it and writes it to a pipe. The pipe
        holds some 64 KB; then the feeder waits for a reader. A process does not end before its feeder is
        through, and the only reader waits in `join` for the process to end. With a few small values it goes
        well, and so it passes the first test.
    """,
    cure="""
        Drain, then join. In the process-queue backend a thread reads all the time, and until the last process has
        closed its end.
    """,
    run_cured=lambda: put_and_join(drain=True, patience=LIMIT),
    read=(put_and_join, _produce),
)
