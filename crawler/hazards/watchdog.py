"""What looks after a hazard: threads that hold up nobody, their stacks, and locks that know who waits for whom.

thread A ──holds──▶ lock 1 ◀──wants── thread B
        └─wants──▶ lock 2 ◀──holds──┘              a circle: no thread in it will ever go on
"""

import linecache
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread, current_thread

LIMIT = 20.0
"""Seconds for what must happen: seldom needed, and enough on a machine that is busy with other things."""
PAUSE = 0.5
"""Seconds for which something that will never happen is waited for all the same, so that one can see it."""
TICK = 0.05
"""Seconds between a waiter's looks at whether it has been sent away."""

_HERE = Path(__file__)
_PROJECT = _HERE.parents[1]


class Helper(Thread):
    """A daemon thread that keeps its error instead of printing it."""

    def __init__(self, name: str, do: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self.error: Exception | None = None
        self._do = do

    def run(self) -> None:
        """Do it."""
        try:
            self._do()
        except Exception as error:
            self.error = error


def stack(thread: Thread) -> list[str]:
    """Return where a thread is: `file:line function: code`, the innermost call last; the crawler's own calls only."""
    frame = sys._current_frames().get(thread.ident or 0)
    calls = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if _PROJECT in path.parents and path != _HERE:
            code = linecache.getline(str(path), frame.f_lineno).partition("  #")[0].strip()
            calls.append(
                f"{path.relative_to(_PROJECT.parent).as_posix()}:{frame.f_lineno} {frame.f_code.co_name}: {code}"
            )
        frame = frame.f_back
    return calls[::-1]


class SentAway(Exception):  # noqa: N818 - an end, not an error
    """Raised in a waiter that the watchdog sends away."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thread that waits for a lock, and why it gets none."""

    thread: str
    wants: str
    holder: str
    """The thread that holds what this one wants."""
    stack: tuple[str, ...]


class Watchdog:
    """Knows who holds and who wants which lock; finds a circle and breaks it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._holders: dict[str, Thread] = {}
        self._wants: dict[Thread, str] = {}
        self._leavers = 0
        self._victim: Thread | None = None

    def lock(self, name: str) -> "WatchedLock":
        """Return a lock under watch."""
        return WatchedLock(name, self)

    def wants(self, name: str) -> None:
        """Note that the calling thread waits for a lock."""
        with self._changed:
            self._wants[current_thread()] = name
            self._changed.notify_all()

    def gives_up(self) -> None:
        """Note that the calling thread waits no more."""
        with self._changed:
            self._wants.pop(current_thread(), None)

    def holds(self, name: str) -> None:
        """Note that the calling thread has a lock."""
        with self._changed:
            self._wants.pop(current_thread(), None)
            self._holders[name] = current_thread()
            self._changed.notify_all()

    def releases(self, name: str) -> None:
        """Note that a lock is about to be released."""
        with self._changed:
            del self._holders[name]

    def wait_until_busy(self, threads: int) -> None:
        """Wait until so many threads hold or want a lock, or are through: what chance would bring about some day."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy() + self._leavers >= threads, LIMIT)

    def leave(self) -> None:
        """Say that the calling thread is through."""
        with self._changed:
            self._leavers += 1
            self._changed.notify_all()

    def watch(self, threads: int) -> tuple[Waiting, ...]:
        """Wait until so many threads are through, and return nothing; or until some wait in a circle, and return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._leavers == threads or self._circle(), LIMIT)
            return tuple(
                Waiting(thread.name, wants, self._holders[wants].name, tuple(stack(thread)))
                for thread, wants in self._circle()
            )

    def wait_until_through(self, threads: int) -> None:
        """Wait until so many threads are through."""
        with self._changed:
            self._changed.wait_for(lambda: self._leavers == threads, LIMIT)

    def send_away(self, name: str) -> None:
        """Raise SentAway in the thread of that name, which waits for a lock; it releases what it holds as it goes."""
        self._victim = next(thread for thread in self._wants if thread.name == name)

    def is_sent_away(self) -> bool:
        """Say whether the calling thread is to give up."""
        return self._victim is current_thread()

    def _busy(self) -> int:
        return len({*self._holders.values(), *self._wants})

    def _circle(self) -> Sequence[tuple[Thread, str]]:
        for first in self._wants:
            chain: list[tuple[Thread, str]] = []
            thread: Thread | None = first
            while thread in self._wants and len(chain) < len(self._wants):
                chain.append((thread, self._wants[thread]))
                thread = self._holders.get(self._wants[thread])
                if thread is first:
                    return chain
        return ()


class WatchedLock:
    """A `threading.Lock` whose waiters can be sent away: each tries for a moment, and looks, and tries again."""

    def __init__(self, name: str, watchdog: Watchdog) -> None:
        self.name = name
        self._lock = Lock()
        self._watchdog = watchdog

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._watchdog.wants(self.name)
            while not self._lock.acquire(timeout=TICK):
                if self._watchdog.is_sent_away():
                    self._watchdog.gives_up()
                    raise SentAway(f"the watchdog broke the wait for {self.name}")
        self._watchdog.holds(self.name)

    def __exit__(self, *_: object) -> None:
        self._watchdog.releases(self.name)
        self._lock.release()
