"""A cell: one machine of the crawl, with the buckets that the registry has granted it.

Everything here is lost in a crash. What it does, it does by its own clock, which runs a little too fast or too slowly
and began at some other time; only spans of time are ever sent.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from tests.simulation.bucket import Bucket
from tests.simulation.journal import Ack, FencedError, Journal, Link
from tests.simulation.loop import Loop
from tests.simulation.network import REGISTRY, Network
from tests.simulation.registry import Beat, GivenBack, Grant, Registry, Reply
from tests.simulation.servers import Servers
from tests.simulation.settings import Flaw, Settings

POST_EVERY = 1.0
"""Seconds for which links to other cells are gathered."""


class Letter(NamedTuple):
    """A link on its way."""

    link: Link
    bucket: int
    """Where it leads to."""
    ack: Ack
    """Where it comes from."""


class Surroundings(NamedTuple):
    """What all cells share."""

    settings: Settings
    loop: Loop
    network: Network
    registry: Registry
    servers: Servers
    journals: Sequence[Journal]
    bucket_of: dict[str, int]
    cells: Mapping[str, "Cell"]
    """The cells that live."""
    counts: Counter[str]


class Cell:
    """One life of a cell."""

    def __init__(self, name: str, life: int, skew: float, around: Surroundings) -> None:
        """Join the crawl.

        Args:
            skew: how much of its allowed drift its clock has, from -1 to 1.
        """
        self.name, self.life = name, life
        self._around = around
        self.settings, self.loop, self.servers = around.settings, around.loop, around.servers
        self.bucket_of, self.counts = around.bucket_of, around.counts
        self._rate = 1 + skew * self.settings.drift
        self._clock_began = (1 + skew) * 1_000_000
        self.alive = True
        self.leaving = False
        self.frozen_until = 0.0
        self.buckets: dict[int, Bucket] = {}
        self._given_back: dict[int, GivenBack] = {}
        self._leased_until = -inf
        self._owners: Sequence[str | None] = ()
        self._mail: dict[str, list[Letter]] = {}
        self._posts = False
        self._beat()
        self.loop.after(self.settings.resend, self._resend)

    # ---- its time ------------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Return what its clock shows."""
        return self._clock_began + self.loop.now * self._rate

    def real(self, time: float) -> float:
        """Return when its clock shows this."""
        return (time - self._clock_began) / self._rate

    @property
    def leased(self) -> bool:
        """Whether it is sure that its buckets are still its own."""
        return self.clock() < self._leased_until or self.settings.flaw is Flaw.NO_LEASE

    def freezes(self, do: Callable[..., None], *arguments: object) -> bool:
        """Say whether it is frozen; then what it was about to do is done when it thaws."""
        if self.loop.now >= self.frozen_until:
            return False
        self.loop.at(self.frozen_until, do, *arguments)
        return True

    def die(self) -> None:
        """Lose everything, at once."""
        self.alive = False
        for bucket in self.buckets.values():
            bucket.gone = True

    # ---- membership ----------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        if not self.alive or self.freezes(self._beat):
            return
        beat = Beat(self.name, self.life, self.clock(), tuple(self._given_back.values()), self.leaving)
        self._around.network.send(self.name, REGISTRY, self._at_registry, beat)
        self.loop.after(self.settings.heartbeat, self._beat)

    def _at_registry(self, beat: Beat) -> None:
        reply = self._around.registry.beat(beat)
        self._around.network.send(REGISTRY, self.name, self._replied, reply)

    def _replied(self, reply: Reply) -> None:
        if not self.alive or reply.life != self.life or self.freezes(self._replied, reply):
            return
        if self.leaving and not self.buckets and not reply.grants and not reply.to_give_back:
            self.die()
            return
        if not reply.known:
            self._begin_anew()
            return
        lease = self.settings.cell_lease * (1 - 2 * self.settings.drift)
        self._leased_until = max(self._leased_until, reply.sent_at + lease)
        self._owners = reply.owners
        for grant in reply.grants:
            self._open(grant)
        for number, epoch, _ in reply.to_give_back:
            if number in self.buckets:
                self.buckets[number].drain()
            elif number not in self._given_back or self._given_back[number].epoch < epoch:
                self._given_back[number] = GivenBack(number, epoch, 0.0)

    def _begin_anew(self) -> None:
        """Drop all buckets, which are others' by now, and join as if after a crash."""
        self.counts["cells that found themselves expelled"] += 1
        for bucket in self.buckets.values():
            bucket.gone = True
        self.buckets.clear()
        self._given_back.clear()
        self._mail.clear()
        self._leased_until = -inf
        self.life += 1

    def _open(self, grant: Grant) -> None:
        """Take a bucket over, unless this is an old message."""
        number, epoch, wait = grant
        given_back = self._given_back.get(number)
        if number in self.buckets or (given_back is not None and epoch <= given_back.epoch):
            return
        try:
            self.buckets[number] = Bucket(self, number, epoch, wait, self._around.journals[number])
        except FencedError:
            self.counts["grants refused by a fence"] += 1

    def give_back(self, bucket: Bucket) -> None:
        """Let a bucket go that has been drained and committed."""
        self.lose(bucket)
        self._given_back[bucket.number] = GivenBack(bucket.number, bucket.epoch, bucket.quiet())

    def lose(self, bucket: Bucket) -> None:
        """Forget a bucket."""
        bucket.gone = True
        del self.buckets[bucket.number]

    # ---- links ---------------------------------------------------------------------------------------------------

    def post(self, bucket: Bucket, number: int, link: Link) -> None:
        """Send a link that is committed, with others to the same cell."""
        bucket.sent_at[number] = self.clock()
        leads_to = self.bucket_of[link.url.split("/", 3)[2]]
        receiver = self._owners[leads_to]
        if receiver is None:
            return
        self.counts["links sent"] += 1
        self._mail.setdefault(receiver, []).append(Letter(link, leads_to, Ack(self.name, bucket.number, number)))
        if self.settings.flaw is Flaw.NO_OUTBOX:
            bucket.acknowledged(number)
        if not self._posts:
            self._posts = True
            self.loop.after(POST_EVERY, self._post)

    def _post(self) -> None:
        if not self.alive or self.freezes(self._post):
            return
        self._posts = False
        mail, self._mail = self._mail, {}
        for receiver, letters in mail.items():
            if receiver == self.name:
                self._take(letters)
            else:
                self.counts["batches of links"] += 1
                self._around.network.send(self.name, receiver, self._deliver, receiver, letters)

    def _deliver(self, receiver: str, letters: list[Letter]) -> None:
        if (cell := self._around.cells.get(receiver)) is not None:
            cell._take(letters)

    def _take(self, letters: list[Letter]) -> None:
        """Take in links for our buckets. The others' senders will try again, where they then belong."""
        if not self.alive or self.freezes(self._take, letters):
            return
        early: list[Ack] = []
        for link, number, ack in letters:
            bucket = self.buckets.get(number)
            if bucket is None or bucket.draining:
                self.counts["links to a bucket that was elsewhere"] += 1
                continue
            bucket.take(link, ack)
            early.append(ack)
        if self.settings.flaw is Flaw.EARLY_ACK:
            self.acknowledge(early)

    def acknowledge(self, acks: Sequence[Ack]) -> None:
        """Tell who sent links that they have arrived."""
        by_cell: dict[str, list[Ack]] = {}
        for ack in acks:
            by_cell.setdefault(ack.cell, []).append(ack)
        for name, some in by_cell.items():
            if name == self.name:
                self._acknowledged(some)
            else:
                self._around.network.send(self.name, name, self._deliver_acks, name, some)

    def _deliver_acks(self, name: str, acks: list[Ack]) -> None:
        if (cell := self._around.cells.get(name)) is not None:
            cell._acknowledged(acks)

    def _acknowledged(self, acks: list[Ack]) -> None:
        if not self.alive or self.freezes(self._acknowledged, acks):
            return
        for _, number, link in acks:
            if (bucket := self.buckets.get(number)) is not None:
                bucket.acknowledged(link)

    def _resend(self) -> None:
        """Send the links again that were not acknowledged: those of a bucket that was taken over among them."""
        if not self.alive or self.freezes(self._resend):
            return
        before = self.clock() - self.settings.resend
        for bucket in self.buckets.values():
            for number, link in bucket.journal.outbox.items():
                if bucket.sent_at.get(number, -inf) <= before:
                    self.counts["links sent again"] += 1
                    self.post(bucket, number, link)
        self.loop.after(self.settings.resend / 2, self._resend)
