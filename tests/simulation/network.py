"""The network between cells, and to the registry: it loses, doubles and delays messages."""

from collections import Counter
from collections.abc import Callable
from random import Random

from tests.simulation.loop import Loop
from tests.simulation.settings import Settings

REGISTRY = "registry"


class Network:
    """Brings messages, mostly."""

    def __init__(self, settings: Settings, loop: Loop) -> None:
        self._settings, self._loop = settings, loop
        self._random = Random(settings.seed * 7 + 2)
        self._cuts: set[frozenset[str]] = set()
        self.counts: Counter[str] = Counter()

    def send(self, sender: str, receiver: str, take: Callable[..., None], *message: object) -> None:
        """Bring a message to who takes it: once, twice or not at all."""
        self.counts["messages"] += 1
        draw = self._random.random()
        if draw < self._settings.loss or (self._cuts and frozenset((sender, receiver)) in self._cuts):
            self.counts["messages lost"] += 1
            return
        travel = self._settings.travel
        self._loop.after(travel * (0.1 + self._random.random()), take, *message)
        if draw > 1 - self._settings.loss:
            self.counts["messages doubled"] += 1
            self._loop.after(100 * travel * self._random.random(), take, *message)

    def cut(self, one: str, other: str, seconds: float) -> None:
        """Bring nothing between two for some time."""
        pair = frozenset((one, other))
        self._cuts.add(pair)
        self._loop.after(seconds, self._cuts.discard, pair)
