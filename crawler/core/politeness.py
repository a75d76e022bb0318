"""How gently one host is treated: so many requests at once, and so long between two.

A gate is asked before a request starts and told when it ended. It knows no clock: `now` is an argument, in seconds
of any clock that does not go back.
"""

from dataclasses import dataclass

MAX_CRAWL_DELAY = 60.0
"""Seconds: a longer Crawl-delay in a robots.txt is honoured only as far as this, or one line could stop a crawl."""


@dataclass(slots=True)
class Gate:
    """The requests that one host may be sent."""

    per_host: int
    """Requests at once, where there is no delay."""
    delay: float = 0.0
    """Seconds between the end of one request and the start of the next; above 0 there is one slot."""
    used: int = 0
    ready_at: float = 0.0
    ended_at: float = float("-inf")
    """When the last request came back."""

    @property
    def slots(self) -> int:
        """Requests that may be in flight at once."""
        return 1 if self.delay > 0 else self.per_host

    @property
    def full(self) -> bool:
        """Whether every slot is taken."""
        return self.used >= self.slots

    def enter(self) -> None:
        """Take a slot: a request starts."""
        self.used += 1

    def leave(self, now: float) -> None:
        """Give the slot back: the request has ended, or is given up."""
        self.used -= 1
        self.end(now)

    def end(self, now: float) -> None:
        """Begin the pause after a request that has come back, whether it was still awaited or not."""
        self.ended_at = now
        if self.delay > 0:
            self.rest_until(now + self.delay)

    def withdraw(self) -> None:
        """Give the slot back for a request that was never sent."""
        self.used -= 1

    def rest_until(self, time: float) -> None:
        """Start nothing before `time`, as after a Retry-After."""
        self.ready_at = max(self.ready_at, time)

    def slow_to(self, delay: float) -> None:
        """Leave at least `delay` seconds between requests, as a Crawl-delay asks; from the last one on, too."""
        self.delay = max(self.delay, min(delay, MAX_CRAWL_DELAY))
        self.rest_until(self.ended_at + self.delay)
