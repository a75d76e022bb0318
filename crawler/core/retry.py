"""Whether a failed request is tried again, and when."""

from dataclasses import dataclass
from random import Random

from crawler.model import Failure


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, unless the server says how long to wait."""

    attempts: int = 3
    """Tries in all."""
    backoff: float = 0.5
    """Seconds before the second try, at least; it doubles with each."""
    max_wait: float = 60.0
    """Seconds: the most that a Retry-After is heeded, and that a backoff grows to."""

    def wait(self, failure: Failure, attempt: int, random: Random) -> float | None:
        """Return the seconds to wait after `attempt` tries before the next; None if there is to be none.

        Retry-After wins (RFC 9110 section 10.2.3). Otherwise the wait is `backoff`, doubled with each try, and up to
        half as much again: without the jitter, pages that failed together would come back together.
        """
        if not failure.transient or attempt >= self.attempts:
            return None
        if failure.retry_after is not None:
            return min(failure.retry_after, self.max_wait)
        return min(self.backoff * 2.0 ** min(attempt - 1, 32) * random.uniform(1.0, 1.5), self.max_wait)
