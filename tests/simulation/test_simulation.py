"""Cells die, freeze, come and go; the crawl stays polite, and settles each page once. And its flaws show."""

from dataclasses import replace

import pytest

from crawler.model import Role, Settled, Task, Verdict
from tests.simulation.__main__ import lines, main
from tests.simulation.journal import FencedError, Group, Journal, Link
from tests.simulation.loop import Loop
from tests.simulation.registry import Beat, GivenBack, Registry, rendezvous
from tests.simulation.servers import Servers
from tests.simulation.settings import Flaw, Settings
from tests.simulation.web import Web
from tests.simulation.world import simulate

SMALL = Settings(
    pages=1_500,
    hosts=30,
    cells=5,
    buckets=16,
    calm=2.0,
    per_host=2,
    delays=(1.0, 2.0),
    in_flight=2,
    commit_every=2.0,
    patience=300.0,
)
SCATTERED = replace(SMALL, pages=900, hosts=300, calm=1.0)
"""Many hosts, each of which is found by one link to it."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_crawl_is_polite_and_settles_each_page_once_whatever_befalls_its_cells(seed: int) -> None:
    report = simulate(replace(SMALL, seed=seed))
    assert report.ended
    assert not report.violations, report.examples
    assert report.settled == report.reachable > 1_400
    for fate in ("crashes", "freezes", "cells cut off from the registry", "cells added", "cells removed"):
        assert report.counts[fate], "nothing was tried"
    for consequence in ("buckets orphaned", "buckets given back", "links sent again", "messages doubled"):
        assert report.counts[consequence], "nothing was tried"
    assert report.fetched_again, "no crash came at a bad moment"


@pytest.mark.parametrize(
    ("flaw", "settings", "violated"),
    [
        (Flaw.NO_GRACE, SMALL, {"too soon", "too many at once"}),
        (Flaw.NO_LEASE, SMALL, {"too soon", "too many at once"}),
        (Flaw.NO_FENCE, SMALL, {"settled more than once"}),
        (Flaw.NO_DEDUP, SMALL, {"settled more than once"}),
        (Flaw.EARLY_ACK, SCATTERED, {"lost"}),
        (Flaw.NO_OUTBOX, SCATTERED, {"lost"}),
    ],
)
def test_a_flaw_in_the_design_is_seen_in_one_of_a_few_crawls(
    flaw: Flaw, settings: Settings, violated: set[str]
) -> None:
    reports = (simulate(replace(settings, seed=seed, flaw=flaw)) for seed in range(1, 13))
    assert any(violated & report.violations.keys() for report in reports)


def test_the_same_seed_gives_the_same_crawl_and_another_seed_another() -> None:
    tiny = replace(SMALL, pages=200, hosts=10)
    assert simulate(tiny).digest == simulate(tiny).digest != simulate(replace(tiny, seed=2)).digest


def test_the_report_tells_what_happened_and_the_exit_status_whether_that_was_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--pages", "60", "--hosts", "4", "--cells", "2", "--buckets", "4"]) == 0
    assert "violations" in capsys.readouterr().out
    report = simulate(replace(SMALL, pages=60, hosts=4))
    report.violations["lost"] = 3
    assert "    lost: 3" in lines(SMALL, report)


# ---- the parts -----------------------------------------------------------------------------------------------------


def test_whoever_comes_or_goes_moves_its_own_buckets_and_no_others() -> None:
    members = [f"cell-{number}" for number in range(10)]
    before = [rendezvous(bucket, members) for bucket in range(1_000)]
    after = [rendezvous(bucket, members[1:]) for bucket in range(1_000)]
    moved = [bucket for bucket in range(1_000) if before[bucket] != after[bucket]]
    assert moved == [bucket for bucket in range(1_000) if before[bucket] == members[0]]
    assert 50 < len(moved) < 200


def test_a_journal_takes_nothing_from_an_owner_that_a_newer_one_has_followed() -> None:
    journal = Journal()
    journal.open(1)
    page = Task("http://a.test/", Role.DETAIL)
    assert journal.commit(1, Group([page], outgoing=[Link("http://b.test/", 1, page.url)])) == [1]
    journal.open(2)
    with pytest.raises(FencedError):
        journal.commit(1, Group(settled=[Settled(page, Verdict.OK)]))
    with pytest.raises(FencedError):
        journal.open(2)
    assert (journal.taken_up, journal.settled, len(journal.outbox)) == ([page], [], 1)
    journal.commit(2, Group(settled=[Settled(page, Verdict.OK)], delivered=[1]))
    assert journal.done


def test_a_bucket_has_one_owner_and_a_new_one_waits_for_the_last_requests_of_the_old() -> None:
    loop = Loop()
    settings = Settings(buckets=1)
    registry = Registry(settings, loop)
    (grant,) = registry.beat(Beat("a", 1, 0.0, (), leaving=False)).grants
    assert (grant.epoch, grant.wait) == (1, 0.0)
    registry.beat(Beat("b", 1, 0.0, (), leaving=False))
    (grant,) = registry.beat(Beat("a", 1, 0.0, (), leaving=True)).to_give_back
    assert not registry.beat(Beat("b", 1, 0.0, (), leaving=False)).grants
    registry.beat(Beat("a", 1, 0.0, (GivenBack(0, grant.epoch, 3.0),), leaving=True))
    (grant,) = registry.beat(Beat("b", 1, 0.0, (), leaving=False)).grants
    assert (grant.epoch, grant.wait) == (2, 3.0 + settings.longest_delay)
    loop.at(settings.cell_lease + 2.0, loop.end)
    loop.run()
    assert not registry.beat(Beat("b", 1, 0.0, (), leaving=False)).known
    (grant,) = registry.beat(Beat("c", 1, 0.0, (), leaving=False)).grants
    assert grant.epoch == 3
    assert grant.wait >= settings.travel + settings.timeout + max(settings.delays) - 2.0


def test_a_server_sees_who_comes_too_soon_too_often_or_where_nobody_may() -> None:
    settings = Settings(pages=2_000, hosts=40, per_host=1, travel=0.001)
    web, loop = Web(settings.pages, settings.hosts, 1, settings.delays), Loop()
    servers = Servers(web, settings, loop)
    patient = next(web.roots[host] for host in range(web.hosts) if web.delays[host])
    easy = next(web.roots[host] for host in range(web.hosts) if not web.delays[host])
    closed = next(page for page in range(web.pages) if web.closed(page) and not web.delays[web.host_of[page]])
    for time, page in ((0.0, patient), (20.0, patient), (20.9, patient), (40.0, easy), (40.01, easy), (60.0, closed)):
        loop.at(time, servers.request, Task(web.urls[page], Role.DETAIL), lambda outcome: None)
    loop.run()
    assert servers.violations == {"too soon": 1, "too many at once": 1, "forbidden by robots.txt": 1}


def test_a_web_has_the_pages_that_were_asked_for_and_nearly_all_can_be_reached() -> None:
    web = Web(5_000, 300, 7, (1.0,))
    assert sum(web.sizes) == web.pages == len(set(web.urls)) == 5_000
    assert all(web.page(url) == page for page, url in enumerate(web.urls))
    assert web.sizes[0] > 10 * web.sizes[-1]
    assert 4_800 < sum(web.reachable()) <= 5_000
    assert not any(character.isdigit() for url in web.urls for character in url)
