"""The event loop's performer: what it does with pages that all come at once."""

import asyncio
from itertools import pairwise

import pytest

from crawler.model import Role, Task
from crawler.work.exchange import Exchange
from crawler.work.perform_async import AsyncSitePerformer
from crawler.work.settings import WorkSettings

PAGES = 5


class Silent:
    """A client that brings no answer, and that at once."""

    async def fetch(self, exchange: Exchange) -> None:
        pass

    async def close(self) -> None:
        pass


async def _read_by_turn(give_up: int | None = None) -> list[int]:
    """Return how many of the pages have been read after each turn of the loop."""
    performer = AsyncSitePerformer(WorkSettings(), Silent())
    tasks = [Task(f"http://a.test/{number}", Role.DETAIL) for number in range(PAGES)]
    pages = [asyncio.create_task(performer.perform(task, "w")) for task in tasks]
    read: list[int] = []
    while not all(page.done() for page in pages):
        await asyncio.sleep(0)
        if give_up is not None and len(read) == 1:
            pages[give_up].cancel()
        read.append(sum(page.done() and not page.cancelled() for page in pages))
    return read


def test_the_loop_turns_before_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.perform_async.SLICE", 0.0)
    read = asyncio.run(_read_by_turn())
    assert read[-1] == PAGES
    assert {after - before for before, after in pairwise(read)} <= {0, 1}


def test_pages_that_are_quick_to_read_share_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.perform_async.SLICE", 3600.0)
    read = asyncio.run(_read_by_turn())
    assert set(read) == {0, PAGES}


def test_a_page_that_was_given_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.work.perform_async.SLICE", 0.0)
    assert asyncio.run(_read_by_turn(give_up=PAGES - 1))[-1] == PAGES - 1
