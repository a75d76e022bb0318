"""Work without a network, told by the URL what to do: what the backends' contract is tested with."""

import asyncio
import os
import select
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.model import Outcome, Role, Task, Timings
from crawler.work.base import AsyncPerformer, MultiPerformer, Performer

HANG = 60.0
"""Seconds that a hanging task takes: longer than any test waits for it."""


class Release:
    """Set when a test is over: what hangs in this process may go. A pipe, since interpreters share no events."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()

    def clear(self) -> None:
        os.close(self.read_end)
        self.read_end, self._write_end = os.pipe()

    def set(self) -> None:
        os.close(self._write_end)


RELEASE = Release()


@dataclass(frozen=True)
class ScriptedWork:
    """Opens performers that do what the path says: `/ok`, `/slow`, `/hang`, `/die`."""

    folder: Path | None = None
    """Where a file is left for each performer that is opened or closed, and for each task that hangs."""
    broken: bool = False
    """Whether performers cannot be opened."""
    home: tuple[int, int] = field(default_factory=lambda: (os.getpid(), RELEASE.read_end))
    """The process in which the test runs, and what can be read there when it is over."""

    def open(self) -> Performer:
        if self.broken:
            raise RuntimeError("no client here")
        return ScriptedPerformer(self.folder, self.home)

    def open_async(self) -> AsyncPerformer:
        if self.broken:
            raise RuntimeError("no client here")
        return AsyncScriptedPerformer(self.folder)

    def open_multi(self) -> MultiPerformer:
        if self.broken:
            raise RuntimeError("no client here")
        return MultiScriptedPerformer(self.folder)


def leave(folder: Path | None, what: str) -> None:
    if folder is not None:
        (folder / f"{what}-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}").touch()


def pause(task: Task) -> float:
    """Return the seconds that a task takes."""
    if "/die" in task.url:
        os._exit(7)
    return HANG if "/hang" in task.url else 0.02 if "/slow" in task.url else 0.0


def answer(task: Task, worker: str, started: float) -> Outcome:
    now = time.monotonic()
    if task.role is Role.ROBOTS:
        return Outcome(task, worker, Timings(started, now, now), 200, "text/plain", robots="")
    return Outcome(task, worker, Timings(started, now, now), 200, "text/html", 1, links(task.url), {"url": task.url})


def links(url: str) -> tuple[str, ...]:
    """Return a site's links: a list page has four items and the next list page, up to the tenth; `/deadly` has ten
    items and two that kill, `/stuck` six that hang and six more.
    """
    base, _, path = url.partition("//")[2].partition("/")
    if path == "deadly":
        return tuple(f"http://{base}/{'die' if n in (3, 8) else 'ok'}/{n}" for n in range(12))
    if path == "stuck":
        return tuple(f"http://{base}/{'hang' if n < 6 else 'ok'}/{n}" for n in range(12))
    if not path.startswith("list/"):
        return ()
    number = int(path.removeprefix("list/"))
    items = tuple(f"http://{base}/ok/{number}-{n}" for n in range(4))
    return (*items, f"http://{base}/list/{number + 1}") if number < 9 else items


class ScriptedPerformer:
    def __init__(self, folder: Path | None, home: tuple[int, int]) -> None:
        self.folder = folder
        self.home = home
        self.thread = threading.get_ident()
        leave(folder, "opened")

    def perform(self, task: Task, worker: str) -> Outcome:
        started = time.monotonic()
        if "/hang" in task.url:
            leave(self.folder, task.url.rpartition("/")[2])
        seconds = pause(task)
        if os.getpid() == self.home[0]:
            select.select([self.home[1]], [], [], seconds)
        else:
            time.sleep(seconds)
        return answer(task, worker, started)

    def close(self) -> None:
        leave(self.folder, "closed")


class AsyncScriptedPerformer:
    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        leave(folder, "opened")

    async def perform(self, task: Task, worker: str) -> Outcome:
        started = time.monotonic()
        await asyncio.sleep(pause(task))
        return answer(task, worker, started)

    async def close(self) -> None:
        leave(self.folder, "closed")


class MultiScriptedPerformer:
    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.begun: dict[Task, tuple[float, float, str]] = {}
        self.watched: list[int] = []
        leave(folder, "opened")

    def begin(self, task: Task, worker: str) -> None:
        started = time.monotonic()
        if "/hang" in task.url:
            leave(self.folder, task.url.rpartition("/")[2])
        self.begun[task] = (started + pause(task), started, worker)

    def poll(self, timeout: float) -> Sequence[Outcome]:
        now = time.monotonic()
        until = min([now + timeout, *(due for due, _, _ in self.begun.values())])
        if select.select(self.watched, [], [], max(0.0, until - now))[0]:
            return []
        now = time.monotonic()
        done = [(task, started, worker) for task, (due, started, worker) in self.begun.items() if due <= now]
        for task, _, _ in done:
            del self.begun[task]
        return [answer(task, worker, started) for task, started, worker in done]

    def cancel(self, task: Task) -> None:
        self.begun.pop(task, None)

    def watch(self, fileno: int) -> None:
        self.watched.append(fileno)

    def close(self) -> None:
        leave(self.folder, "closed")
