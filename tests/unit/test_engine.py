"""The loop: how it ends when it is interrupted."""

import signal
from collections.abc import Callable, Sequence

import pytest

from crawler.backends.base import Plan
from crawler.backends.fake import FakeBackend
from crawler.core.frontier import Frontier
from crawler.core.rules import CrawlRules
from crawler.engine import Interrupts, pump
from crawler.model import Changes, Outcome, Role, Task
from crawler.store.store import Counters
from crawler.urls import HostSet, Scope
from tests.answers import page
from tests.contract.scripted import ScriptedWork

START = "http://a.test/"


class Nobody:
    """Keeps nothing."""

    def save(self, changes: Changes, counters: Callable[[], Counters]) -> None:
        pass


class Interrupted(FakeBackend):
    """Is interrupted while it collects for the first time."""

    def __init__(self, script: Callable[[Task], Outcome], interrupts: Interrupts) -> None:
        super().__init__(Plan(ScriptedWork()), script)
        self.interrupts = interrupts

    def collect(self, timeout: float) -> Sequence[Outcome]:
        self.interrupts.count = 1
        return super().collect(timeout)


@pytest.mark.parametrize(("links", "finished"), [((), True), (("http://a.test/1",), False)])
def test_a_crawl_that_is_interrupted_as_it_ends_has_ended(links: Sequence[str], finished: bool) -> None:
    interrupts = Interrupts()
    backend = Interrupted(lambda task: page(task, *links), interrupts)
    frontier = Frontier(
        CrawlRules(obey_robots=False),
        Scope(HostSet()),
        holds=backend.holds,
        leases=dict.fromkeys((Role.LIST, Role.DETAIL), 30.0),
    )
    frontier.start([START])
    assert pump(frontier, backend, Nobody(), interrupts=interrupts) is finished
    assert frontier.tally.settled == 1


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP")
def test_a_terminal_that_goes_interrupts_a_crawl_unless_that_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGHUP)
        assert interrupts.count == 1
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
        assert interrupts.count == 1
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
