"""What outlives a cell: a bucket's journal, which keeps what crawl.db keeps, and takes commits of its owner alone.

Each commit is a transaction: all of it or nothing. It comes with the epoch by which its cell owns the bucket; once a
newer owner has opened the journal, older ones are refused, however sure they are. That is the fence.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.model import Settled, Task


class FencedError(Exception):
    """The journal has a newer owner."""


class Link(NamedTuple):
    """A link to a page of another bucket."""

    url: str
    depth: int
    referrer: str


class Ack(NamedTuple):
    """Says that a link is committed where it leads to: the cell and bucket that sent it, and its number there."""

    cell: str
    bucket: int
    number: int


@dataclass(slots=True)
class Group:
    """What is to be committed at once."""

    taken_up: list[Task] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    outgoing: list[Link] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    """The numbers of links that need not be sent again."""
    acks: list[Ack] = field(default_factory=list)
    """To be sent once it is committed, and not part of it."""


class Journal:
    """One bucket's."""

    def __init__(self, *, fenced: bool = True) -> None:
        self._fenced = fenced
        self.epoch = 0
        self.taken_up: list[Task] = []
        self.settled: list[Settled] = []
        self.outbox: dict[int, Link] = {}
        """Links that were not acknowledged yet, by number."""
        self._numbered = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to do: all that was taken up is settled, and all links have arrived."""
        return len(self.taken_up) <= len(self.settled) and not self.outbox

    def open(self, epoch: int) -> None:
        """Begin an epoch; FencedError if it is not the latest."""
        if self._fenced and epoch <= self.epoch:
            raise FencedError
        self.epoch = max(epoch, self.epoch)

    def commit(self, epoch: int, group: Group) -> list[int]:
        """Take a group in and return the numbers of its outgoing links; FencedError if there is a newer owner."""
        if self._fenced and epoch != self.epoch:
            raise FencedError
        self.taken_up += group.taken_up
        self.settled += [Settled(page.task, page.verdict, page.reason, page.attempts) for page in group.settled]
        for number in group.delivered:
            self.outbox.pop(number, None)
        numbers = list(range(self._numbered + 1, self._numbered + len(group.outgoing) + 1))
        self._numbered += len(numbers)
        self.outbox.update(zip(numbers, group.outgoing, strict=True))
        return numbers
