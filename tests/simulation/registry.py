"""Who is a member, and who owns which bucket: leases, epochs, and rendezvous hashing.

A bucket belongs to the member with the highest hash of both names (Thaler and Ravishankar, "Using name-based mappings
to increase hit rates", 1998), so whoever comes or goes moves its own buckets and no others. It is granted once nobody
else has it: its owner has given it back, or that one's lease has run out. Each grant has an epoch, higher than all
before it, and says how long to wait until the first request.

One object that never fails stands for what is a replicated store (etcd, ZooKeeper, Consul) in earnest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from tests.simulation.loop import Loop
from tests.simulation.settings import Settings


@lru_cache(maxsize=1 << 17)
def weight(bucket: int, member: str) -> bytes:
    """Return how much a bucket would like to be a member's."""
    return blake2b(f"{bucket} {member}".encode(), digest_size=8).digest()


def rendezvous(bucket: int, members: Sequence[str]) -> str | None:
    """Return the member that is to own a bucket; None if there is none."""
    return max(members, key=lambda member: weight(bucket, member), default=None)


def bucket_of(host: str, buckets: int) -> int:
    """Return the bucket that a host is in, for good."""
    return int.from_bytes(blake2b(host.encode(), digest_size=8).digest()) % buckets


class Grant(NamedTuple):
    """A bucket is a cell's."""

    bucket: int
    epoch: int
    wait: float
    """Seconds until it may dispatch, from when it hears of it."""


class GivenBack(NamedTuple):
    """A bucket is a cell's no more, since all of it is committed."""

    bucket: int
    epoch: int
    quiet: float
    """Seconds until the last of its requests has ended."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What a cell says: that it lives."""

    cell: str
    life: int
    """Which of its lives this is: it has another after each crash."""
    sent_at: float
    """By its own clock."""
    given_back: tuple[GivenBack, ...]
    leaving: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What the registry answers: the cell has a lease from `sent_at` on, by its own clock."""

    life: int
    sent_at: float
    grants: tuple[Grant, ...]
    to_give_back: tuple[Grant, ...]
    owners: tuple[str | None, ...]
    """Who is to own each bucket."""
    known: bool = True
    """Whether this life is one; if not, its buckets are others' by now."""


@dataclass(slots=True)
class _Member:
    life: int
    expires: float
    leaving: bool = False


@dataclass(slots=True)
class _Bucket:
    owner: str | None = None
    epoch: int = 0
    free_at: float = 0.0
    """When every host in it may be asked again, if its last owner dispatches nothing more."""


@dataclass(slots=True)
class Registry:
    """Grants buckets to cells."""

    settings: Settings
    loop: Loop
    counts: Counter[str] = field(default_factory=Counter)
    owners: tuple[str | None, ...] = ()
    _members: dict[str, _Member] = field(default_factory=dict)
    _ended: dict[str, int] = field(default_factory=dict)
    _buckets: list[_Bucket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._buckets = [_Bucket() for _ in range(self.settings.buckets)]
        self.owners = (None,) * self.settings.buckets
        self.loop.after(1.0, self._look)

    def beat(self, beat: Beat) -> Reply:
        """Renew a cell's lease, or let it join; grant it what is its own and free."""
        now, name = self.loop.now, beat.cell
        member = self._members.get(name)
        if member is not None and beat.life > member.life:
            self._expire(name)  # it has come back before it was missed
            member = None
        if member is None and beat.life > self._ended.get(name, 0) and not beat.leaving:
            member = self._members[name] = _Member(beat.life, now)
            self._reshard()
        if member is None or beat.life < member.life:
            return Reply(beat.life, beat.sent_at, (), (), self.owners, known=False)
        member.expires = max(member.expires, now + self.settings.cell_lease)
        if beat.leaving and not member.leaving:
            member.leaving = True
            self._reshard()
        for bucket, epoch, quiet in beat.given_back:
            self._give_back(name, bucket, epoch, now + quiet + self.settings.longest_delay)
        reply = self._reply(beat)
        if beat.leaving and not reply.to_give_back:
            self._ended[name] = self._members.pop(name).life
        return reply

    def _reply(self, beat: Beat) -> Reply:
        now, name = self.loop.now, beat.cell
        grants: list[Grant] = []
        to_give_back: list[Grant] = []
        for number, bucket in enumerate(self._buckets):
            if bucket.owner is None and self.owners[number] == name:
                bucket.owner = name
                bucket.epoch += 1
                self.counts["grants"] += 1
            if bucket.owner == name:
                kept = self.owners[number] == name
                (grants if kept else to_give_back).append(Grant(number, bucket.epoch, max(0.0, bucket.free_at - now)))
        return Reply(beat.life, beat.sent_at, tuple(grants), tuple(to_give_back), self.owners)

    def _give_back(self, name: str, number: int, epoch: int, free_at: float) -> None:
        bucket = self._buckets[number]
        if bucket.owner == name and bucket.epoch == epoch:
            bucket.owner = None
            bucket.free_at = max(bucket.free_at, free_at)
            self.counts["buckets given back"] += 1

    def _look(self) -> None:
        """End the leases that have run out."""
        for name in [name for name, member in self._members.items() if member.expires < self.loop.now]:
            self._expire(name)
            self._reshard()
        self.loop.after(1.0, self._look)

    def _expire(self, name: str) -> None:
        self._ended[name] = self._members.pop(name).life
        self.counts["leases ended"] += 1
        for bucket in self._buckets:
            if bucket.owner == name:
                bucket.owner = None
                bucket.free_at = max(bucket.free_at, self.loop.now + self.settings.grace)
                self.counts["buckets orphaned"] += 1

    def _reshard(self) -> None:
        members = sorted(name for name, member in self._members.items() if not member.leaving)
        self.owners = tuple(rendezvous(bucket, members) for bucket in range(self.settings.buckets))
        self.counts["re-shardings"] += 1
