"""The lost update: read, add, write back, and somebody else has written in between.

    detail-0   reads 7 ────────────────────────────────▶ writes 8        what detail-1 has counted is gone
    detail-1             reads 7, writes 8, reads 8, writes 9

Since Python 3.10 a thread is made to give way only at calls and at the end of a loop's turn. So a bare `total += 1`
comes to no harm; what has a call between the reading and the writing does. That call may be well hidden: `Tally.count`
adds to a Counter whose keys are members of an Enum, and those are hashed by Python code.
"""

import dis
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Barrier, Lock, Thread

from crawler.backends.base import Plan
from crawler.backends.queue import QueueBackend
from crawler.core.report import Tally
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.routine import Routine, gather, page
from crawler.hazards.watchdog import LIMIT
from crawler.model import Settled, Task, Verdict

STEPS = 1_000_000
"""Steps of each of the two threads."""
PAGES = 100_000
"""Pages that each of the two workers counts."""
EAGER = 1e-5
"""Seconds after which a thread is asked to give way, instead of Python's 0.005: the same harm, sooner."""


class Total:
    """A number that two threads change."""

    value = 0


def step() -> int:
    """Return how far one step goes."""
    return 1


def add(total: Total, sign: int) -> None:
    """Take one step. This is the statement that loses updates."""
    total.value += sign * step()


@dataclass(frozen=True, slots=True)
class Counts(Facts):
    """What two threads made of one number."""

    bare: int
    """Where a bare `+= 1` and `-= 1` ended, a million steps each: 0 if nothing was lost."""
    by_call: int
    """Where `add` ended, a million steps up and as many down."""
    step_seconds: float
    counted: int
    """Pages that two workers gave to `Tally.count`."""
    kept: int
    """Pages that were in the tally at the end."""
    bytecode: tuple[str, ...]
    """What `add` is made of."""

    @property
    def harmed(self) -> bool:
        """Whether the tally is short."""
        return self.kept != self.counted

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = [
            f"`total += step()` against `total -= step()`, {STEPS:,} steps each: {self.by_call:,}, "
            f"in {self.step_seconds:.2f} s",
            f"Tally.count, by two workers: {self.kept:,} of {self.counted:,} pages are kept, "
            f"{self.counted - self.kept:,} are lost",
        ]
        if not self.harmed:
            return told
        bare = f"for comparison, a bare `total += 1` against `total -= 1`, without a lock: {self.bare:,}"
        return [*told, bare, "the bytecode of `total += step()`:", *(f"    {line}" for line in self.bytecode)]


def count(guard: AbstractContextManager[object]) -> Counts:
    """Let two threads change a number, each change within `guard`; return what was left of the changes."""
    bare, total, tally = Total(), Total(), Tally()
    with switching_every(EAGER):
        _up_and_down(lambda sign: _add_bare(bare, sign))
        began = time.perf_counter()
        _up_and_down(lambda sign: _add_guarded(total, sign, guard))
        step_seconds = time.perf_counter() - began
        _count_pages(tally, guard)
    kept = tally.verdicts[Verdict.OK]
    return Counts(bare.value, total.value, step_seconds, 2 * PAGES, kept, tuple(_bytecode()))


def _up_and_down(do: Callable[[int], object]) -> None:
    start = Barrier(2)

    def begin(sign: int) -> None:
        start.wait(LIMIT)
        do(sign)

    threads = [Thread(target=begin, args=(sign,), daemon=True) for sign in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _add_bare(total: Total, sign: int) -> None:
    for _ in range(STEPS):
        total.value += sign


def _add_guarded(total: Total, sign: int, guard: AbstractContextManager[object]) -> None:
    for _ in range(STEPS):
        with guard:
            add(total, sign)


def _count_pages(tally: Tally, guard: AbstractContextManager[object]) -> None:
    start = Barrier(2)

    def work(task: Task) -> None:
        settled = Settled(task, Verdict.OK)
        start.wait(LIMIT)
        for _ in range(PAGES):
            with guard:
                tally.count(settled)

    with QueueBackend(Plan(Routine(work), consumers=2)) as backend:
        for number in range(2):
            backend.submit(page(number))
        gather(backend, 2)


@contextmanager
def switching_every(seconds: float) -> Iterator[None]:
    """Have threads asked to give way after so many seconds, and put it back as it was."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


_REMARKS = {
    "LOAD_ATTR": "◀ the value is read …",
    "CALL": "◀ … another thread may be let in here …",
    "STORE_ATTR": "◀ … and what that one wrote is overwritten",
}


def _bytecode() -> Iterator[str]:
    for instruction in dis.get_instructions(add):
        if instruction.opname not in ("CACHE", "RESUME", "PRECALL"):
            line = f"{instruction.opname:<18} {instruction.argrepr:<14}{_REMARKS.get(instruction.opname, '')}"
            yield line.rstrip()


LOST_UPDATE = Hazard(
    tries=f"""
        Two threads change one number, {STEPS:,} steps up and as many down; it should end at 0. Then two workers
        of the queue backend count {PAGES:,} pages each with Tally.count, which in a crawl only the coordinator
        calls. Threads are asked to give way every {EAGER * 1e6:.0f} µs here instead of every 5 ms, so that it
        is over sooner.
    """,
    run=lambda: count(nullcontext()),
    cause="""
        `total += step()` is several bytecodes: read, call, add, write. A thread that has to give way between
        the reading and the writing comes back with the old value, and writes over all that the other has
        counted meanwhile. CPython (since 3.10) lets others in only at calls and at the end of a loop's turn: so
        a bare `+= 1` is spared, by luck and not by promise, and a build without a GIL spares nothing. In
        Tally.count the call is hidden: `self.verdicts[verdict] += 1` hashes an Enum member, which is a function
        written in Python.
    """,
    cure="""
        A Lock around the reading and the writing, held by everybody who counts; what it costs, the seconds say. The
        crawl itself needs none: its workers only hand outcomes over, and one thread, the coordinator's, counts.
    """,
    run_cured=lambda: count(Lock()),
    read=(add, count, Tally.count),
)
