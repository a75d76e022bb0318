"""How gently one host is treated: so many requests at once, so long between two, and how long it may keep failing.

A gate is asked before a request starts and told how it ended. It knows no clock: `now` is an argument, in seconds
of any clock that does not go back.
"""

from dataclasses import dataclass

from crawler.model import Task

MAX_CRAWL_DELAY = 60.0
"""Seconds: a longer Crawl-delay in a robots.txt is honoured only as far as this, or one line could stop a crawl."""

FIRST_PAUSE = 0.25
"""Seconds that a host is left alone when it begins to keep failing; doubled with each further round of failures."""

ROUNDS_TO_GIVE_UP = 5
"""Rounds of failures without an answer that it takes, at least, to give a host up."""


@dataclass(frozen=True, slots=True)
class HostRules:
    """How every host is treated, unless its robots.txt asks for more."""

    per_host: int = 8
    """Requests at once, where there is no delay."""
    delay: float = 0.0
    """Seconds between the end of one request and the start of the next; above 0 there is one slot."""
    max_backoff: float = 5.0
    """Seconds: the longest pause that a host is left alone for between two requests because it keeps failing."""
    give_up_after: int = 50
    """Transient failures in a row after which nothing more is asked of a host; 0: never."""


class Gate:
    """The requests that one host may be sent."""

    def __init__(self, rules: HostRules) -> None:
        self.delay = rules.delay
        self._per_host = rules.per_host
        self._in_flight: dict[Task, int] = {}
        self._rest_until = 0.0
        self._trouble = Trouble(rules)
        self._ended_at = float("-inf")

    @property
    def slots(self) -> int:
        """Requests that may be in flight at once."""
        return 1 if self.delay > 0 or self._trouble.lasting else self._per_host

    @property
    def full(self) -> bool:
        """Whether every slot is taken."""
        return len(self._in_flight) >= self.slots

    @property
    def ready_at(self) -> float:
        """When the next request may start, if a slot is free."""
        return max(self._rest_until, self._trouble.pause_until)

    @property
    def given_up(self) -> bool:
        """Whether the host has failed so long that nothing more is asked of it."""
        return self._trouble.beyond_hope

    def enter(self, task: Task) -> None:
        """Take a slot: a request starts."""
        self._in_flight[task] = self._trouble.round

    def answered(self) -> None:
        """Note that the host has given an answer, if only that there is no such page: all is well with it."""
        self._trouble.end()

    def failed(self, task: Task, now: float) -> None:
        """Note that a request that holds a slot has failed in a way that says something of the host."""
        self._trouble.add(self._in_flight[task], now)

    def leave(self, task: Task, now: float) -> None:
        """Give the slot back: the request has ended, or is given up."""
        self.withdraw(task)
        self.end(now)

    def end(self, now: float) -> None:
        """Begin the pause after a request that has come back, whether it was still awaited or not."""
        self._ended_at = now
        if self.delay > 0:
            self.rest_until(now + self.delay)

    def withdraw(self, task: Task) -> None:
        """Give the slot back for a request that was never sent."""
        del self._in_flight[task]

    def rest_until(self, time: float) -> None:
        """Start nothing before `time`, as after a Retry-After."""
        self._rest_until = max(self._rest_until, time)

    def slow_to(self, delay: float) -> None:
        """Leave at least `delay` seconds between requests, as a Crawl-delay asks; from the last one on, too."""
        self.delay = max(self.delay, min(delay, MAX_CRAWL_DELAY))
        self.rest_until(self._ended_at + self.delay)


class Trouble:
    """A host's transient failures since its last answer, in rounds.

        requests in flight:  ──a──┐✗ round 1      ──d──┐✗ round 2: started when round 1 was known
                             ──b──┴─┐✗ of round 1       └── from here on: one request at a time, after a pause
                             ──c────┴─── ✗ of round 1

    All that was in flight when the first of them failed is one round: sixty-four requests that a restarting server
    dropped at once tell no more than one. So the pause grows with the rounds, and of one round no more failures count
    towards giving up than leave ROUNDS_TO_GIVE_UP to go.
    """

    def __init__(self, rules: HostRules) -> None:
        self._rules = rules
        self._counted_a_round = max(1, rules.give_up_after // ROUNDS_TO_GIVE_UP)
        self._rounds = 0
        self._of_round = 0
        self._failures = 0
        self.round = 0
        """A number for the requests that start now; it rises with each round."""
        self.pause_until = 0.0
        """When the host may be asked again."""

    @property
    def lasting(self) -> bool:
        """Whether the host keeps failing: what was asked after a failure has failed too."""
        return self._rounds > 1 and self._rules.max_backoff > 0

    @property
    def beyond_hope(self) -> bool:
        """Whether it has failed as often in a row as it may."""
        return 0 < self._rules.give_up_after <= self._failures

    def add(self, started_in: int, now: float) -> None:
        """Count the failure of a request that started in round `started_in`."""
        if started_in == self.round or not self._rounds:
            self.round += 1
            self._rounds += 1
            self._of_round = 0
        if self._of_round < self._counted_a_round:
            self._of_round += 1
            self._failures += 1
        if self.lasting:
            pause = min(FIRST_PAUSE * 2.0 ** min(self._rounds - 2, 32), self._rules.max_backoff)
            self.pause_until = max(self.pause_until, now + pause)

    def end(self) -> None:
        """Forget all failures, unless the host was given up: that is final."""
        if not self.beyond_hope:
            self._rounds = self._of_round = self._failures = 0
            self.pause_until = 0.0
