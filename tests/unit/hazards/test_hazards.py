"""Each hazard really happens, and its cure really cures."""

from collections.abc import Callable
from multiprocessing import get_all_start_methods

import pytest

from crawler.hazards import (
    deadlock,
    forked_line,
    forked_lock,
    gil,
    lost_notify,
    lost_update,
    main_guard,
    reentry,
    stale_name,
    task_done,
    undrained,
)
from crawler.hazards.base import Facts
from crawler.hazards.processes import child, heard
from crawler.hazards.registry import HAZARDS

Check = Callable[[Facts, Facts], None]


def lost_updates(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, lost_update.Counts)
    assert isinstance(cured, lost_update.Counts)
    assert 0 < facts.kept < facts.counted == 2 * lost_update.PAGES
    assert (cured.kept, cured.by_call) == (cured.counted, 0)
    # The lesson's total ends anywhere: it might be at 0 by chance, so that it is not is asserted of neither.
    names = [line.split()[0] for line in facts.bytecode]
    assert names.index("LOAD_ATTR") < names.index("CALL") < names.index("STORE_ATTR"), "read, call, write"


def a_circle_of_two(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, deadlock.Standstill)
    assert isinstance(cured, deadlock.Standstill)
    assert facts.followed == ()
    one, other = facts.circle
    assert (one.holder, other.holder) == (other.thread, one.thread)
    assert {one.wants, other.wants} == {"a.test", "b.test"}
    for waiting in facts.circle:
        assert waiting.stack[-1].startswith("crawler/hazards/deadlock.py:")
        assert waiting.stack[-1].endswith("follow: with locks[second]:")
    assert one.thread in facts.complaint
    assert len(facts.followed_then) == 1, "when one is sent away, the other goes on"
    assert set(cured.followed) == {"a.test → b.test", "b.test → a.test"}


def the_new_list_is_not_seen(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, stale_name.Looks)
    assert isinstance(cured, stale_name.Looks)
    assert (facts.put, facts.found, facts.same) == (20, 0, False)
    assert (cured.put, cured.found, cured.same) == (20, 20, True)


def one_release_is_missing(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, reentry.Held)
    assert isinstance(cured, reentry.Held)
    assert (facts.done, facts.missing, facts.done_at_last) == (False, 1, True)
    assert facts.stack[-1].endswith("get: with self._lock:")
    assert (cured.done, cured.missing) == (True, 0)


def it_waits_for_itself(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, reentry.Closing)
    assert isinstance(cured, reentry.Closing)
    assert not facts.closed
    assert [call.split()[1] for call in facts.stack[-2:]] == ["close:", "recall:"]
    assert "unlocked lock" in facts.error
    assert cured.closed


def both_sleep_if_the_wrong_one_starts(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, lost_notify.Plays)
    assert isinstance(cured, lost_notify.Plays)
    lost, lucky = facts.plays
    assert (lost.starts_first, lost.said) == ("list-0", lost_notify.LINES[:1])
    assert [thread for thread, _ in lost.asleep] == ["list-0", "detail-0"]
    assert all(call.endswith("stage.wait()") for _, call in lost.asleep)
    assert (lucky.starts_first, lucky.said, lucky.asleep) == ("detail-0", lost_notify.LINES, ())
    assert [play.said for play in cured.plays] == [lost_notify.LINES] * 2


def join_returns_too_early(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, task_done.Joined)
    assert isinstance(cured, task_done.Joined)
    assert (facts.done_halfway, facts.counter_halfway, facts.done_at_join) == (2, 0, 2)
    assert "task_done() called too many times" in facts.complaint
    assert (cured.counter_halfway, cured.done_at_join, cured.done, cured.complaint) == (2, 4, 4, "")


def the_process_does_not_end(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, undrained.Ending)
    assert isinstance(cured, undrained.Ending)
    assert facts.size > 65_536, "more than a pipe holds"
    assert (facts.put, facts.got, facts.status) == (undrained.OUTCOMES, 0, None)
    assert (cured.put, cured.got, cured.status) == (undrained.OUTCOMES, undrained.OUTCOMES, 0)


def the_child_is_refused(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, main_guard.Script)
    assert isinstance(cured, main_guard.Script)
    assert "bootstrapping phase" in facts.error
    assert facts.said == ("the child ended with status 1",)
    assert cured.said[0].startswith("the child read ")
    assert cured.said[1] == "the child ended with status 0"


def the_lock_stays_locked(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, forked_lock.Legacy)
    assert isinstance(cured, forked_lock.Legacy)
    assert (facts.done_while_held, facts.free_in_parent, facts.done) == (False, True, False)
    assert (cured.done_while_held, cured.done) == (True, True)
    assert cured.method != "fork"


def the_answers_are_mixed_up(facts: Facts, cured: Facts) -> None:
    assert isinstance(facts, forked_line.Answers)
    assert isinstance(cured, forked_line.Answers)
    (child, parent), (own_child, own_parent) = facts.answers, cured.answers
    assert (facts.connections, cured.connections) == (1, 2)
    assert child.read == parent.asked != child.asked, "the child read the parent's page"
    assert parent.read != parent.asked, "nothing that the parent can read is what it asked for"
    assert (own_child.read, own_parent.read) == (own_child.asked, own_parent.asked)


def one_core_for_all_threads(facts: Facts, cured: Facts) -> None:
    """Not a word on who was faster: on a machine with other things to do, that says nothing.

    A busy machine takes CPU time from threads and gives them none, so that they have no more than one core's is safe.
    """
    assert isinstance(facts, gil.Timetable)
    assert isinstance(cured, gil.Timetable)
    for row in facts.shared[:2]:
        assert row.cores <= gil.ONE_CORE, f"{row.chore}: Python code ran in two threads at the same time"
    own = facts.alone[0].processes
    assert len(own) == 1
    assert all(row.processes == own for row in facts.shared)
    assert all(row.processes and not row.processes & own for row in cured.shared)
    for timetable in (facts, cured):
        assert [row.values for row in timetable.shared] == [row.values for row in timetable.alone]
    assert facts.alone[2].cpu < facts.alone[2].wall / 2, "sleeping is not work"


CHECKS: dict[str, Check] = {
    "lost-update": lost_updates,
    "deadlock": a_circle_of_two,
    "stale-name": the_new_list_is_not_seen,
    "rlock-unreleased": one_release_is_missing,
    "lock-twice": it_waits_for_itself,
    "lost-notify": both_sleep_if_the_wrong_one_starts,
    "task-done": join_returns_too_early,
    "join-before-drain": the_process_does_not_end,
    "no-main-guard": the_child_is_refused,
    "fork-with-threads": the_lock_stays_locked,
    "fork-with-connection": the_answers_are_mixed_up,
    "gil": one_core_for_all_threads,
}


def test_every_hazard_is_checked() -> None:
    assert list(CHECKS) == list(HAZARDS)


@pytest.mark.parametrize("name", HAZARDS)
def test_it_happens_and_the_cure_cures(name: str) -> None:
    if name.startswith("fork-") and "fork" not in get_all_start_methods():
        pytest.skip("this system has no fork")
    hazard = HAZARDS[name].load()
    facts, cured = hazard.run(), hazard.run_cured()
    CHECKS[name](facts, cured)
    assert facts.harmed
    assert not cured.harmed
    assert facts.lines() != cured.lines()


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="this system has no fork")
def test_a_thread_that_holds_a_lock_is_what_makes_the_fork_harmful() -> None:
    """Without it the fork's child takes the lock: it is the lock that is wrong, not the child."""
    with child("fork", forked_lock._use) as started:
        heard(started.pipe, str)
        assert heard(started.pipe, int) == 0
        started.process.join(20.0)
        assert started.process.exitcode == 0
