"""The hazards by name: to add one, write its file and add its line here. Nothing is imported before it is run."""

from dataclasses import dataclass
from importlib import import_module

from crawler.hazards.base import Hazard


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a hazard without importing it."""

    where: str
    """`module:constant`, the module in this package."""
    gist: str
    """What goes wrong, in one line."""

    def load(self) -> Hazard:
        """Import the hazard."""
        module, _, name = self.where.partition(":")
        hazard: Hazard = getattr(import_module(f"crawler.hazards.{module}"), name)
        return hazard


HAZARDS = {
    "lost-update": Entry("lost_update:LOST_UPDATE", "two threads count in one tally without a lock: counts are lost"),
    "deadlock": Entry("deadlock:DEADLOCK", "two threads take two locks in opposite order: neither ever has both"),
    "stale-name": Entry("stale_name:STALE_NAME", "a list is imported by its name: a new list is never seen"),
    "rlock-unreleased": Entry(
        "reentry:UNRELEASED", "an RLock is acquired twice and released once: others wait for ever"
    ),
    "lock-twice": Entry("reentry:LOCK_TWICE", "a thread acquires a Lock that it holds: it waits for itself"),
    "lost-notify": Entry("lost_notify:LOST_NOTIFY", "notify comes before wait: nobody hears it, and both sides wait"),
    "task-done": Entry("task_done:TASK_DONE", "task_done is called too often: join returns before the work is done"),
    "join-before-drain": Entry("undrained:UNDRAINED", "a process is joined before its queue is drained: it never ends"),
    "no-main-guard": Entry("main_guard:NO_MAIN_GUARD", "spawn without a main guard: the child begins to start a child"),
    "fork-with-threads": Entry("forked_lock:FORKED_LOCK", "a fork copies a lock that a thread holds: it stays locked"),
    "fork-with-connection": Entry(
        "forked_line:FORKED_LINE", "a fork shares a connection: each reads the other's answers"
    ),
    "gil": Entry("gil:GIL", "two threads parse pages: one runs at a time, and nothing is gained"),
}
