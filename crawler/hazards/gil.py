"""The GIL: of all the threads of a process, one runs Python at a time.

    two threads     parse ▇▇▇▇▇▇▁▁▁▁▁▁▇▇▇▇▇▇▁▁▁▁▁▁      sleep ────────────
                          ▁▁▁▁▁▁▇▇▇▇▇▇▁▁▁▁▁▁▇▇▇▇▇▇            ────────────    waiting needs no GIL
    two processes   parse ▇▇▇▇▇▇▇▇▇▇▇▇
                          ▇▇▇▇▇▇▇▇▇▇▇▇                  each has a GIL of its own

The same chores are done by one worker, by the thread-pool backend and by the process-pool backend.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from crawler.backends.base import Backend, Plan
from crawler.backends.children import cores
from crawler.backends.process_pool import ProcessPoolBackend
from crawler.backends.thread_pool import ThreadPoolBackend
from crawler.hazards.base import Facts, Hazard, Unavailable
from crawler.hazards.routine import gather
from crawler.model import Outcome, Record, Role, Task, Timings
from crawler.words import counted
from crawler.work.base import AsyncPerformer, MultiPerformer
from crawler.work.extract import Extractor
from crawler.work.settings import FieldSpec, WorkSettings
from fixtures.site import Site

WORKERS = 2
PAGES = 40
FIB = (20, 27)
"""The first and the last Fibonacci number that is worked out."""
NAPS = 8
NAP = 0.1
"""Seconds."""
ONE_CORE = 1.25
"""CPU seconds a second: more than this, and more than one thread has run at a time, whatever the clocks' errors."""


def fib(n: int) -> int:
    """Return a Fibonacci number, the slow way."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@dataclass(frozen=True, slots=True)
class Chores:
    """A `Work` without a network: a page is read, a number worked out or a nap taken, as the URL says."""

    pages: tuple[str, ...]

    def open(self) -> "ChorePerformer":
        """Return a performer."""
        return ChorePerformer(self.pages)

    def open_async(self) -> AsyncPerformer:
        """Refuse: it blocks."""
        raise NotImplementedError("these chores are for threads and processes")

    def open_multi(self) -> MultiPerformer:
        """Refuse: it blocks."""
        raise NotImplementedError("these chores are for threads and processes")


class ChorePerformer:
    """Does chores; says in the record of the outcome what came out, in which process, and for how many CPU seconds."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        fields = (FieldSpec("title", "h1"), FieldSpec("sku", ".specs .sku"), FieldSpec("text", ".description"))
        self._extractor = Extractor(WorkSettings(parser="bs4-html", fields=fields))
        self._do("page", 0)  # what is loaded at first use is loaded now, and not counted

    def perform(self, task: Task, worker: str) -> Outcome:
        """Do a chore."""
        chore, number = task.url.split("/")[-2:]
        started, cpu = time.monotonic(), time.thread_time()
        value = self._do(chore, int(number))
        cpu, now = time.thread_time() - cpu, time.monotonic()
        record: Record = {"value": value, "process": os.getpid(), "cpu": cpu}
        return Outcome(task, worker, Timings(started, now, now), 200, record=record)

    def _do(self, chore: str, number: int) -> str:
        if chore == "fib":
            return str(fib(number))
        if chore == "nap":
            time.sleep(NAP)
            return "rested"
        record = self._extractor.read(self._pages[number], "http://shop.test/", Role.DETAIL).record
        return str(record)

    def close(self) -> None:
        """Do nothing."""


CHORES = {
    "page": (f"extract {PAGES} pages with bs4-html", range(PAGES)),
    "fib": (f"fib({FIB[0]}) … fib({FIB[1]})", range(FIB[0], FIB[1] + 1)),
    "nap": (f"sleep {NAPS} times {NAP} s", range(NAPS)),
}
"""What a chore is called in the URL; what it is, and the numbers that it is done with."""


@dataclass(frozen=True, slots=True)
class Row:
    """One chore, done in one way."""

    chore: str
    way: str
    wall: float
    cpu: float
    """Seconds, of all workers together."""
    processes: frozenset[int]
    """Where it was done."""
    values: tuple[str, ...]
    """What came out, in the order of the numbers."""

    @property
    def cores(self) -> float:
        """How many cores were busy with it on average."""
        return self.cpu / self.wall


@dataclass(frozen=True, slots=True)
class Timetable(Facts):
    """The same chores by one worker and by several."""

    alone: tuple[Row, ...]
    shared: tuple[Row, ...]

    @property
    def harmed(self) -> bool:
        """Whether the workers that shared the parsing had one core's time between them, as they are of one process."""
        pages = self.shared[0]
        return len(pages.processes) == 1 and pages.cores <= ONE_CORE

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = [f"    {'':<34} {'':<12} {'seconds':>8} {'CPU s':>7} {'cores busy':>11} {'speed-up':>9}"]
        for alone, shared in zip(self.alone, self.shared, strict=True):
            told += [_line(row, alone) for row in (alone, shared)]
        load = f", and the load was {os.getloadavg()[0]:.1f} in the last minute" if hasattr(os, "getloadavg") else ""
        return [
            *told,
            f"this process may use {counted(cores(), 'core')}{load}; the more others use of them, the less is gained",
        ]


def _line(row: Row, alone: Row) -> str:
    figures = f"{row.wall:>8.2f} {row.cpu:>7.2f} {row.cores:>11.2f} {alone.wall / row.wall:>8.2f}×"
    return f"    {CHORES[row.chore][0]:<34} {row.way:<12} {figures}"


def chores() -> Chores:
    """Return chores with pages of the fixture site."""
    site = Site(PAGES)
    return Chores(tuple(site.detail(site.item(number)).body.decode() for number in range(1, PAGES + 1)))


def do_alone() -> tuple[Row, ...]:
    """Let one worker do all chores."""
    performer = chores().open()

    def do(tasks: Sequence[Task]) -> Sequence[Outcome]:
        return [performer.perform(task, "alone") for task in tasks]

    return tuple(_timed(chore, "one worker", do) for chore in CHORES)


def do_in_threads() -> tuple[Row, ...]:
    """Let the thread-pool backend do all chores."""
    with ThreadPoolBackend(Plan(chores(), consumers=WORKERS)) as backend:
        _do_on(backend, _tasks("nap")[:WORKERS])  # a pool's threads start with its first tasks: not counted either
        return tuple(_timed(chore, f"{WORKERS} threads", partial(_do_on, backend)) for chore in CHORES)


def do_in_processes() -> tuple[Row, ...]:
    """Let the process-pool backend do all chores; its processes are started, and their pages ready, before."""
    with ProcessPoolBackend(Plan(chores(), consumers=WORKERS)) as backend:
        return tuple(_timed(chore, f"{WORKERS} processes", partial(_do_on, backend)) for chore in CHORES)


def _tasks(chore: str) -> list[Task]:
    return [Task(f"http://shop.test/{chore}/{number}", Role.DETAIL) for number in CHORES[chore][1]]


def _do_on(backend: Backend, tasks: Sequence[Task]) -> Sequence[Outcome]:
    for task in tasks:
        backend.submit(task)
    return gather(backend, len(tasks))


def _timed(chore: str, way: str, do: Callable[[Sequence[Task]], Sequence[Outcome]]) -> Row:
    """Do a chore, and return how long it took and what came of it."""
    tasks = _tasks(chore)
    began = time.perf_counter()
    records = {outcome.task: outcome.record or {} for outcome in do(tasks)}
    wall = time.perf_counter() - began
    cpu = sum(_number(record, "cpu") for record in records.values())
    processes = frozenset(int(_number(record, "process")) for record in records.values())
    return Row(chore, way, wall, cpu, processes, tuple(str(records[task]["value"]) for task in tasks))


def _number(record: Record, name: str) -> float:
    value = record[name]
    assert isinstance(value, int | float)
    return value


def _with_threads() -> Timetable:
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise Unavailable("this Python has no GIL: its threads run side by side")
    return Timetable(do_alone(), do_in_threads())


GIL = Hazard(
    tries=f"""
        One worker, then {WORKERS} threads of the thread-pool backend, extract records from pages of the fixture
        site with BeautifulSoup, which is written in Python; work out Fibonacci numbers; and sleep.
    """,
    run=_with_threads,
    cause="""
        In CPython a thread needs the global interpreter lock to run bytecode, and there is one for the process.
        The threads take turns, so all of them together keep no more than one core busy. While a thread sleeps
        or waits for the network it does not hold the lock: so sleeping gains from threads, and so does a crawl
        that mostly waits.
    """,
    cure=f"""
        Processes, each with a GIL of its own: here {WORKERS} of the process-pool backend. Or less Python: a
        parser in C that is done in a thirtieth of the time, such as selectolax, needs neither. Processes take
        time to start, which is not counted here.
    """,
    run_cured=lambda: Timetable(do_alone(), do_in_processes()),
    read=(ChorePerformer, do_in_threads, do_in_processes),
)
