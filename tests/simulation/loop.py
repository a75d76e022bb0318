"""Simulated time: events in the order of their times, and of their making where those are equal."""

import heapq
from collections.abc import Callable


class Loop:
    """A clock that jumps from one event to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the beginning."""
        self.events = 0
        """How many have happened."""
        self._heap: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._made = 0
        self._ended = False

    def at(self, time: float, do: Callable[..., None], *arguments: object) -> None:
        """Let something happen at a time that has not passed."""
        self._made += 1
        heapq.heappush(self._heap, (time, self._made, do, arguments))

    def after(self, seconds: float, do: Callable[..., None], *arguments: object) -> None:
        """Let something happen so many seconds from now."""
        self.at(self.now + seconds, do, *arguments)

    def run(self) -> None:
        """Let everything happen, until nothing is left or `end` is called."""
        heap, pop = self._heap, heapq.heappop
        while heap and not self._ended:
            self.now, _, do, arguments = pop(heap)
            self.events += 1
            do(*arguments)

    def end(self) -> None:
        """Let nothing more happen."""
        self._ended = True
