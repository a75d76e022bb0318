"""A queue of which only the front is in memory: the order is that of one which is there as a whole."""

from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.core import backlog
from crawler.core.backlog import Backlog, Shelf
from crawler.model import Role, Task


def task(number: int) -> Task:
    return Task(f"http://a.test/{number}", Role.DETAIL)


class Disk:
    """Gives back what was stored, and notes how much at once."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def recollect(self, numbers: Sequence[int]) -> list[Task]:
        self.asked.append(len(numbers))
        return [task(number) for number in numbers]


@pytest.mark.parametrize("on_disk", [True, False])
@given(st.lists(st.sampled_from(["append", "append", "first", "pop", "other"]), max_size=80))
def test_tasks_come_in_the_order_of_a_plain_queue(on_disk: bool, deeds: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backlog, "WINDOW", 3)
        patch.setattr(backlog, "SCANT_WINDOW", 2)
        patch.setattr(backlog, "ROOM", 5)
        shelf = Shelf(Disk().recollect if on_disk else None)
        waiting, other, plain = Backlog(shelf), Backlog(shelf), deque[Task]()
        for number, deed in enumerate(deeds, 1):
            if deed == "append":
                waiting.append(task(number), number)
                plain.append(task(number))
            elif deed == "first":
                waiting.put_first(task(number))
                plain.appendleft(task(number))
            elif deed == "other":
                other.append(task(number), number)
            elif plain:
                assert waiting.pop() == plain.popleft()
            assert len(waiting) == len(plain)
        assert [*waiting.drain()] == [*plain]
        others = [number for number, deed in enumerate(deeds, 1) if deed == "other"]
        assert [*other.drain_numbered()] == [(number, task(number)) for number in others]
        assert shelf.room == backlog.ROOM, "all the room is given back"


def test_what_does_not_fit_the_window_is_got_back_a_window_at_a_time() -> None:
    disk = Disk()
    waiting = Backlog(Shelf(disk.recollect))
    for number in range(1, 1001):
        waiting.append(task(number), number)
    assert [each.url for each in waiting.drain()] == [task(number).url for number in range(1, 1001)]
    assert disk.asked == [200] * 4


def test_many_queues_together_keep_no_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "ROOM", 1000)
    disk = Disk()
    shelf = Shelf(disk.recollect)
    queues = [Backlog(shelf) for _ in range(100)]
    for number in range(1, 10_001):
        queues[number % 100].append(task(number), number)
    assert shelf.room == 0
    for queue in queues:
        assert len([*queue.drain()]) == 100
    assert sum(disk.asked) == 9000
