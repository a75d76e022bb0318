"""How much of its time a comparison has used, and what there is time for yet."""

import math
import time
from collections.abc import Callable, Iterator

LIKE_A_RUN = 1.1
"""The time that one run takes, in that which a traced and explained one took, at most: noise goes either way."""


class Pace:
    """The time of a comparison, from when this is made."""

    def __init__(self, within: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            within: seconds after which no round is begun that would not be done; None: there is no such limit.
            clock: the time in seconds.
        """
        self._within = math.inf if within is None else within
        self._clock = clock
        self._began = clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began

    def may_explain(self, began: float, done: int, runs: int) -> bool:
        """Say whether there is time to explain one more case: figures are worth more than their explanation.

        Args:
            began: when that was begun, by `elapsed`.
            done: how many it has explained since.
            runs: how many are to come, without which the figures would be worth nothing.
        """
        if not done:
            return self.has_room(0.0)
        return self.has_room((self.elapsed - began) / done * (1 + LIKE_A_RUN * runs))

    def has_room(self, seconds: float) -> bool:
        """Say whether something that takes so long would be done in time."""
        return self.elapsed + seconds <= self._within

    def rounds(self, most: int, say: Callable[[str], None]) -> Iterator[int]:
        """Iterate over the numbers of the rounds, from 1 on, as long as there is time; the first there always is."""
        began = self.elapsed
        for number in range(1, most + 1):
            done = number - 1
            if done and not self.has_room(each := (self.elapsed - began) / done):
                say(f"{done} of {most} rounds: another one would take {each:.0f} s, and last too long")
                return
            yield number
