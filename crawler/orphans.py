"""Workers that a coordinator has left behind, and the wait for their end before its crawl goes on.

Where workers are of other machines they outlive a coordinator, or a scheduler, that was killed, and go on for a while
with what they had: their requests are under way to hosts of which the next coordinator knows nothing. So a crawl
writes down for how long that may be, takes it back when it has parted from its workers, and waits when it has not.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crawler.backends.base import Backend
from crawler.engine import TICK, Interrupts
from crawler.store.store import Store


@contextmanager
def leaving_no_orphans(store: Store, backend: Backend) -> Iterator[None]:
    """Run a backend, and keep in the store what is known of the workers that it leaves behind."""
    try:
        with backend:
            _note(store, backend.orphans)
            yield
    finally:
        _note(store, backend.orphans, since=time.time())


def await_orphans(
    store: Store,
    say: Callable[[str], None],
    interrupts: Interrupts,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until the workers of the crawl's last run have surely ended; return False if that was interrupted.

    If the run was killed, nobody knows when: then they are given all of their time from now on.
    """
    grace, began = float(store.meta("orphans") or 0), clock()
    since = float(store.meta("orphans_since") or 0) or began
    # A clock that was set meanwhile neither prolongs the wait nor spares it.
    left = min(grace, since + grace - began) if since <= began else grace
    if left <= 0:
        return True
    say(f"the last run has not parted from its workers: waiting {left:.0f} s, for as long as they may go on without it")
    while (now := clock()) < began + left and now >= began:
        if interrupts.count:
            return False
        sleep(min(TICK, began + left - now))
    _note(store, 0.0)
    return True


def _note(store: Store, grace: float, since: float = 0.0) -> None:
    if grace or store.meta("orphans"):
        store.set_meta(orphans=str(grace or ""), orphans_since=str(since or ""))
