"""What the hazards of processes share: a child that is forked on purpose, and is never waited for without end."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe, get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from crawler.hazards.base import HazardError, Unavailable
from crawler.hazards.watchdog import LIMIT

Word = TypeVar("Word")


@dataclass(frozen=True, slots=True)
class Child:
    """A child process, and the parent's end of the pipe to it."""

    process: BaseProcess
    pipe: Connection
    warning: str
    """What Python said of the way in which it was started; empty if nothing."""


def safe_method() -> str:
    """Return how the crawl starts processes by itself (see `crawler.backends.children`)."""
    return "forkserver" if "forkserver" in get_all_start_methods() else "spawn"


def need_fork() -> None:
    """Raise Unavailable where processes cannot be forked."""
    if "fork" not in get_all_start_methods():
        raise Unavailable("this system has no fork: there is nothing to go wrong here")


@contextmanager
def child(method: str, target: Callable[..., None], *args: object) -> Iterator[Child]:
    """Start a process that calls `target` with its end of a pipe and the arguments; kill it at the end."""
    chosen = get_context(method)
    ours, theirs = Pipe()
    process: BaseProcess = chosen.Process(target=target, args=(theirs, *args), daemon=True)  # type: ignore[attr-defined]
    # Since Python 3.12 a fork with threads running brings a DeprecationWarning: a fact to be told, not an error.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        process.start()
    theirs.close()
    try:
        yield Child(process, ours, str(said[0].message) if said else "")
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def heard(pipe: Connection, kind: type[Word]) -> Word:
    """Return what comes next through a pipe; HazardError if nothing of that kind comes in time."""
    try:
        if not pipe.poll(LIMIT):
            raise HazardError(f"the other process said nothing for {LIMIT:.0f} s")
        word = pipe.recv()
    except EOFError:
        raise HazardError("the other process ended before it was through") from None
    if not isinstance(word, kind):
        raise HazardError(f"the other process said {word!r}")
    return word
