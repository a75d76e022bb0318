"""The event loop's pages: which of them have begun."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from crawler.backends.asyncio_loop import AsyncioBackend
from crawler.backends.base import BackendError, Plan
from crawler.model import Outcome, Role, Task
from crawler.work.base import AsyncPerformer, MultiPerformer, Performer
from tests.contract.scripted import answer


class Turns:
    """Answers after as many turns of the loop as the path says."""

    async def perform(self, task: Task, worker: str) -> Outcome:
        for _ in range(int(task.url.rpartition("/")[2])):
            await asyncio.sleep(0)
        return answer(task, worker, time.monotonic())

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class TurnsWork:
    def open(self) -> Performer:
        raise NotImplementedError

    def open_async(self) -> AsyncPerformer:
        return Turns()

    def open_multi(self) -> MultiPerformer:
        raise NotImplementedError


def test_a_page_that_ends_as_another_stops_the_loop_is_not_recalled() -> None:
    tasks = {Task(f"http://a.test/{turns}", Role.DETAIL) for turns in range(20)}
    with AsyncioBackend(Plan(TurnsWork(), consumers=len(tasks))) as backend:
        for task in tasks:
            backend.submit(task)
        done = {outcome.task for outcome in backend.collect(5.0)}
        while done != tasks:
            assert backend.recall() == []
            done |= {outcome.task for outcome in backend.collect(5.0)}


def test_a_page_that_was_given_up_before_it_began_is_not_recalled() -> None:
    first, second = Task("http://a.test/5", Role.DETAIL), Task("http://a.test/6", Role.DETAIL)
    with AsyncioBackend(Plan(TurnsWork(), consumers=1, capacity=1)) as backend:
        backend.submit(first)
        backend.submit(second)
        backend.abandon(second)
        assert backend.recall() == [first]


def test_where_a_loop_runs_already_one_clear_line_says_what_to_do() -> None:
    async def crawl() -> None:
        with AsyncioBackend(Plan(TurnsWork())):
            pass

    with pytest.raises(BackendError, match=r"^this thread runs an event loop already: .*\(asyncio\.to_thread\)$"):
        asyncio.run(crawl())


def test_beside_a_loop_that_runs_a_crawl_can_be_run_in_another_thread() -> None:
    def crawl() -> None:
        with AsyncioBackend(Plan(TurnsWork())) as backend:
            backend.submit(Task("http://a.test/1", Role.DETAIL))
            assert len(backend.collect(5.0)) == 1

    async def beside() -> None:
        await asyncio.to_thread(crawl)

    asyncio.run(beside())
