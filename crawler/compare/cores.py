"""Which cores the crawl has, and which the server: what is measured is not to be disturbed by what measures it.

Only Linux lets a process choose. With one core or two there is nothing to divide: they share them, and the
report says so.
"""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crawler.words import counted


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores by number; the same for both where they are shared."""

    crawl: frozenset[int]
    server: frozenset[int]
    can_be_chosen: bool = True

    def __str__(self) -> str:
        if not self.can_be_chosen:
            every = counted(len(self.crawl), "core")
            return f"Crawl and server share all there is, {every}: this system pins no processes"
        if self.crawl == self.server:
            return f"Crawl and server share {_cores(self.crawl)}: there are too few to divide"
        return f"The crawl has {_cores(self.crawl)}, the server {_cores(self.server)}"


def divide() -> Cores:
    """Return how the cores that this process may use are divided: one or two for the server, if there are more."""
    if sys.platform != "linux":
        every = frozenset(range(os.cpu_count() or 1))
        return Cores(every, every, can_be_chosen=False)
    return split(os.sched_getaffinity(0))


def split(cores: Collection[int]) -> Cores:
    """Return how these cores are divided."""
    found = sorted(cores)
    if len(found) <= 2:
        return Cores(frozenset(found), frozenset(found))
    spare = 1 if len(found) == 3 else 2  # the second for us, who watch
    return Cores(frozenset(found[:-spare]), frozenset(found[-spare:]))


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile for all its life, on these cores."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cores(cores: Collection[int]) -> str:
    return f"core{'s' * (len(cores) > 1)} {', '.join(map(str, sorted(cores)))}"
