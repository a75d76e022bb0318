"""A board on which each worker process writes what it has taken: state that processes share.

    process 1 ──7──▶ [ pid 1: 7 | pid 2: 5 | pid 3: 6 ] ◀── read by the coordinator when a process has died or hangs
    process 2 ──5──▶

Behind a common queue nobody knows who has which task; so if a process dies, all tasks would be suspect. Here it can be
read. Processes share nothing by themselves, and this is memory that the system maps into all of them.

Where it needs a lock, and where not. A seat is taken by reading a counter and writing it back, which two processes must
not do at once: the counter has a lock (`Value`). A place on the board is written by one process only, in one machine
word, and what it says is believed once its writer is dead: it has none (`RawArray`). A lock around it would cost time
with each page, and a process that is killed while it holds one leaves it locked for ever.
"""

import os
from multiprocessing.context import BaseContext


class Board:
    """Who has taken which task last. Made by the coordinator, handed to each process when it is started."""

    def __init__(self, context: BaseContext, seats: int) -> None:
        self._taken_seats = context.Value("i", 0)
        self._places = context.RawArray("q", 2 * seats)
        self._seat = 0

    def sit_down(self) -> None:
        """Take a seat. Called once in each worker process."""
        with self._taken_seats.get_lock():
            self._seat = self._taken_seats.value
            self._taken_seats.value = self._seat + 1
        self._places[2 * self._seat] = os.getpid()

    def take(self, number: int) -> None:
        """Write down the number of the task that this process has just taken."""
        self._places[2 * self._seat + 1] = number

    def taken(self) -> dict[int, int]:
        """Return the number that each process has taken last, by process id; 0 where it has taken none."""
        return {self._places[at]: self._places[at + 1] for at in range(0, len(self._places), 2) if self._places[at]}
