"""What notes how it crosses is still what it stands for."""

import operator
import pickle
from dataclasses import dataclass

from crawler.model import Outcome, Role, Task, Timings
from crawler.trace.crossing import Returned, Sent, TracedWork

TASK = Task("http://a.test/", Role.LIST, 2, 1, 3, "http://a.test/from")


def test_a_sent_task_equals_the_task_both_ways_and_is_found_as_it() -> None:
    sent = Sent.of(TASK)
    assert sent == TASK
    assert operator.eq(TASK, sent)
    assert sent == Sent.of(TASK)
    assert sent.plain == TASK
    assert type(sent.plain) is Task
    assert {TASK: 1}[sent] == {sent: 1}[TASK] == 1
    other = Task("http://a.test/", Role.LIST)
    assert sent != other
    assert operator.ne(other, sent)
    assert sent != "http://a.test/"


def test_a_task_knows_how_it_crossed() -> None:
    arrived = pickle.loads(pickle.dumps(Sent.of(TASK)))
    assert arrived == TASK
    assert isinstance(arrived, Sent)
    way = arrived.crossing
    assert way is not None
    assert way.began <= way.pickled <= way.arrived <= way.unpickled
    assert way.size == len(pickle.dumps(TASK, pickle.HIGHEST_PROTOCOL))
    assert 0 <= way.effort <= way.unpickled - way.began


@dataclass(frozen=True)
class Works:
    """Work that needs no network."""

    def open(self) -> "Works":
        return self

    def open_async(self) -> "Works":
        return self

    def perform(self, task: Task, worker: str) -> Outcome:
        return Outcome(task, worker, Timings(1.0, 2.0, 3.0), 200, links=("http://a.test/b",), record={"title": "x"})

    def close(self) -> None:
        raise NotImplementedError


def test_an_outcome_from_another_process_knows_how_both_crossed() -> None:
    work = pickle.loads(pickle.dumps(TracedWork(Works())))  # type: ignore[arg-type]
    there = pickle.loads(pickle.dumps(Sent.of(TASK)))
    back = pickle.loads(pickle.dumps(work.open().perform(there, "w")))
    assert isinstance(back, Returned)
    assert (back.there, type(back.task)) == (there.crossing, Task)
    assert back.back is not None
    assert back.back.began >= there.crossing.unpickled
    assert (back.task, back.worker, back.timings) == (TASK, "w", Timings(1.0, 2.0, 3.0))
    assert (back.links, back.record) == (("http://a.test/b",), {"title": "x"})


def test_where_nothing_is_pickled_the_outcome_is_the_works_own() -> None:
    work = TracedWork(Works())  # type: ignore[arg-type]
    assert type(work.open().perform(Sent.of(TASK), "w")) is Outcome
    assert type(work.open().perform(TASK, "w")) is Outcome
    assert work.open_async() == Works()
