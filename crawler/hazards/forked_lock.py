"""A fork while a thread holds a lock: the lock is copied as it is, the thread is not.

parent   detail-0 holds the lock, and will release it
child    the same lock, held; no detail-0, nobody to release it
"""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Event

from crawler.backends.children import context, settle_in
from crawler.backends.rlock import RLockHandoff
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.processes import child, heard, need_fork, safe_method
from crawler.hazards.watchdog import LIMIT, PAUSE, Helper

_handoff = RLockHandoff(10)
"""Made when the module is imported, as are the locks of loggers, caches and random generators."""


@dataclass(frozen=True, slots=True)
class Legacy(Facts):
    """What a child made of a lock that a thread of its parent held when it was started."""

    method: str
    warning: str
    """What Python said when the child was started."""
    done_while_held: bool
    """Whether the child got the lock while the parent's thread held it."""
    free_in_parent: bool
    """Whether the parent could take the lock after its thread had released it."""
    done: bool
    """Whether the child got the lock by the end."""

    @property
    def harmed(self) -> bool:
        """Whether the lock stayed locked in the child, though nobody held it any more."""
        return self.free_in_parent and not self.done

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = [f"Python itself warned: {self.warning}"] if self.warning else []
        told.append(
            f"started by {self.method} while detail-0 held the lock, the child "
            f"{'took it all the same' if self.done_while_held else f'waited for it, {PAUSE:.1f} s and more'}"
        )
        if not self.done_while_held:
            told.append(
                f"then detail-0 released it: in the parent it was {'free' if self.free_in_parent else 'still held'}; "
                f"the child {'got it too' if self.done else f'waited another {PAUSE:.1f} s, and was killed'}"
            )
        return told


def start_while_locked(method: str, patience: float) -> Legacy:
    """Start a child while a thread holds a lock; return what becomes of the lock in it, within `patience` seconds."""
    need_fork()
    held, let_go = Event(), Event()

    def hold() -> None:
        with _handoff._lock:
            held.set()
            let_go.wait(LIMIT)

    holder = Helper("detail-0", hold)
    holder.start()
    held.wait(LIMIT)
    try:
        with child(method, _use) as started:
            heard(started.pipe, str)  # it is about to take the lock
            done_while_held = started.pipe.poll(patience)
            let_go.set()
            holder.join(LIMIT)
            free_in_parent = _handoff._lock.acquire(timeout=LIMIT)
            _handoff._lock.release()
            return Legacy(method, started.warning, done_while_held, free_in_parent, started.pipe.poll(patience))
    finally:
        let_go.set()


def _use(pipe: Connection) -> None:
    """Do in the child what takes the lock."""
    settle_in()
    pipe.send("about to take the lock")
    pipe.send(len(_handoff.recall()))


FORKED_LOCK = Hazard(
    tries="""
        A thread holds the lock of a hand-off, as one always may, when a process is forked. The child uses its
        copy of the hand-off.
    """,
    run=lambda: start_while_locked("fork", PAUSE),
    cause="""
        A fork copies the memory, locks included, but only the thread that calls it. A lock that another thread
        held is locked in the child, and the thread that would release it does not exist there. It need not be a
        lock of one's own: those of libraries are copied too.
    """,
    cure="""
        Start processes by `spawn` or `forkserver`: the child imports its modules anew and has locks of its own, free
        ones. The process backends do so unless they are told otherwise; told to fork, they do it only while there is
        one thread.
    """,
    run_cured=lambda: start_while_locked(safe_method(), LIMIT),
    read=(start_while_locked, _use, context),
)
