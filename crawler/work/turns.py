"""When a page that has been fetched is read: a page can wait, but what a connection idles is lost.

Whoever has one thread for everything reads for a `SLICE` at a time, and then sees to its connections. Threads take
turns, one page at a time. They need the GIL for most of it, so that side by side they would be hardly any faster; but a
fetch, too, asks for the GIL a dozen times, once for each line of the head, and each time it would stand in line behind
all who have a page to read. So those wait here, and not there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SLICE = 0.005
"""Seconds that pages are read before those who wait for them get what is ready, and connections their next request."""
PATIENCE = 1.0
"""Seconds that a thread waits for its turn, and then no longer: a page that takes for ever holds up no other."""

_has_gil = getattr(sys, "_is_gil_enabled", lambda: True)


class Turns:
    """Turns for the threads of a process: each waits for the one before, but not for ever."""

    def __init__(self) -> None:
        self._turn = Lock()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Run the block while no other thread does; where Python has no GIL, at once."""
        if not _has_gil():
            yield
            return
        turn = self._turn
        if not turn.acquire(timeout=PATIENCE):
            # Whoever has it may never give it back: others are to wait for us, not for him.
            turn = self._turn = Lock()
            turn.acquire()
        try:
            yield
        finally:
            turn.release()


READING = Turns()
"""The turns of this process to read a page."""
