"""The deadlock of two locks: A holds one and wants the other, B holds the other and wants the one.

    detail-0 ──holds──▶ a.test ◀──wants── detail-1
            └──wants──▶ b.test ◀──holds──┘

Nothing is wrong with either thread alone. It takes an unlucky moment, and here the workers wait for it to come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crawler.backends.base import BackendError, Plan
from crawler.backends.queue import QueueBackend
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.routine import Routine, gather
from crawler.hazards.watchdog import Waiting, Watchdog
from crawler.model import Role, Task
from crawler.urls import host

REDIRECTS = (
    Task("http://b.test/new", Role.DETAIL, hops=1, referrer="http://a.test/old"),
    Task("http://a.test/new", Role.DETAIL, hops=1, referrer="http://b.test/old"),
)
"""A redirect each way."""

Order = Callable[[Sequence[str]], Sequence[str]]
"""Puts the two hosts of a redirect into the order in which they are locked."""


@dataclass(frozen=True, slots=True)
class Standstill(Facts):
    """How far two workers came."""

    followed: tuple[str, ...]
    """The redirects that a worker got through with, as `from → to`, before the watchdog stepped in."""
    circle: tuple[Waiting, ...]
    """Who waits for whom; nobody, where there was no deadlock."""
    complaint: str = ""
    """What the backend reported when the watchdog had sent one of them away."""
    followed_then: tuple[str, ...] = ()
    """The redirects that were followed after that."""

    @property
    def harmed(self) -> bool:
        """Whether the workers waited for each other."""
        return bool(self.circle)

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = [
            f"{len(self.followed)} of {len(REDIRECTS)} redirects were followed: {', '.join(self.followed) or 'none'}"
        ]
        for waiting in self.circle:
            told.append(f"{waiting.thread} wants {waiting.wants}, which {waiting.holder} holds; it is at")
            told += [f"    {call}" for call in waiting.stack]
        if self.circle:
            told += [
                f"the watchdog found the circle, and sent {self.circle[0].thread} away. The backend reported: "
                f"{self.complaint}",
                f"the other then had both locks: {', '.join(self.followed_then) or 'and yet nothing'} was followed",
            ]
        return told


def follow_redirects(order: Order) -> Standstill:
    """Let two workers each lock the two hosts of a redirect, in that order; return how far they came."""
    watchdog = Watchdog()
    locks = {name: watchdog.lock(name) for name in ("a.test", "b.test")}
    followed: list[str] = []

    def follow(task: Task) -> None:
        source, target = host(task.referrer or ""), host(task.url)
        first, second = order((source, target))
        try:
            with locks[first]:
                watchdog.wait_until_busy(threads=2)
                with locks[second]:
                    followed.append(f"{source} → {target}")
        finally:
            watchdog.leave()

    with QueueBackend(Plan(Routine(follow), consumers=2)) as backend:
        for task in REDIRECTS:
            backend.submit(task)
        circle = watchdog.watch(threads=2)
        before = tuple(followed)
        if not circle:
            return Standstill(before, circle)
        watchdog.send_away(circle[0].thread)
        watchdog.wait_until_through(threads=2)
        return Standstill(before, circle, _complaint(backend), tuple(followed))


def _complaint(backend: QueueBackend) -> str:
    try:
        gather(backend, len(REDIRECTS))
    except BackendError as error:
        return str(error)
    return "nothing"


DEADLOCK = Hazard(
    tries="""
        Two workers of the queue backend follow redirects, one from a.test to b.test, one from b.test to a.test.
        Each locks the host that it comes from, waits until the other is as far, then locks the host that it
        goes to.
    """,
    run=lambda: follow_redirects(lambda hosts: hosts),
    cause="""
        Each holds what the other wants, and a lock can be taken from nobody. Neither thread is wrong alone, and
        most of the time it goes well: it needs both to be between their two locks at the same moment.
    """,
    cure="""
        One order for all: whoever needs several locks takes them in the same order, here that of the hosts'
        names. Then whoever has the first cannot meet anybody who has the second and wants the first. Better
        still is to need one lock only; the crawl has redirects come back to the coordinator, and its workers
        hold no two locks at once.
    """,
    run_cured=lambda: follow_redirects(sorted),
    read=(follow_redirects, Watchdog),
)
