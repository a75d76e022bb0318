"""Shards: how work is spread over them."""

from collections import Counter
from dataclasses import dataclass, replace

import pytest

from crawler.backends.base import Plan
from crawler.backends.sharded import ShardedBackend, cores
from crawler.model import Failure, Outcome, Role, Task, Timings
from crawler.work.base import AsyncPerformer, Performer
from tests.contract.scripted import MultiScriptedPerformer, ScriptedWork

EVERYTHING = Outcome(
    Task("http://a.test/", Role.DETAIL),
    "somebody",
    Timings(1.0, 2.0, 3.0),
    200,
    "text/html",
    5,
    ("http://a.test/b",),
    {"a": None, "b": ["c", 1, 2.5], "d": "é" * 300_000},
    "http://a.test/c",
    "robots",
    "skip",
    failure=Failure("kind", "message", transient=True, retry_after=1.5),
    surplus_links=7,
)


class Echo(MultiScriptedPerformer):
    def poll(self, timeout: float) -> list[Outcome]:
        outcomes = super().poll(timeout)
        return [replace(EVERYTHING, task=outcome.task, worker=outcome.worker) for outcome in outcomes]


@dataclass(frozen=True)
class EchoWork:
    def open(self) -> Performer:
        raise NotImplementedError

    def open_async(self) -> AsyncPerformer:
        raise NotImplementedError

    def open_multi(self) -> Echo:
        return Echo(None)


def detail(path: str, attempt: int = 1) -> Task:
    return Task(f"http://a.test/{path}", Role.DETAIL, 3, 1, attempt, "http://a.test/")


def test_tasks_are_spread_evenly() -> None:
    with ShardedBackend(Plan(ScriptedWork(), consumers=6, processes=3)) as backend:
        for number in range(6):
            backend.submit(detail(f"slow/{number}"))
        outcomes: list[Outcome] = []
        while len(outcomes) < 6:
            outcomes += backend.collect(5.0)
    shards = Counter(outcome.worker.partition(".")[0] for outcome in outcomes)
    assert shards == {"shard-0": 2, "shard-1": 2, "shard-2": 2}
    assert len({outcome.worker for outcome in outcomes}) == 6, "what is done at the same time has names of its own"


def test_everything_in_an_outcome_arrives() -> None:
    with ShardedBackend(Plan(EchoWork(), consumers=2, processes=1)) as backend:
        tasks = [detail("ok"), detail("ok", attempt=2)]
        for task in tasks:
            backend.submit(task)
        outcomes: list[Outcome] = []
        while len(outcomes) < 2:
            outcomes += backend.collect(5.0)
    assert [outcome.task for outcome in outcomes] == tasks
    assert [replace(outcome, task=EVERYTHING.task, worker="somebody") for outcome in outcomes] == [EVERYTHING] * 2


def test_there_are_as_many_as_cores_but_not_more_than_consumers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() >= 1
    monkeypatch.setattr("crawler.backends.sharded.cores", lambda: 2)
    for consumers, shards in ((1, 1), (5, 2)):
        with ShardedBackend(Plan(ScriptedWork(), consumers=consumers)) as backend:
            backend.submit(detail("ok"))
            assert backend.collect(5.0)
            assert len(backend._shards) == shards
