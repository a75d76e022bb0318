"""From the sums of a trace to the split, and from splits to sentences."""

from dataclasses import replace

import pytest

from crawler.compare.baseline import drifts
from crawler.compare.explain import changes, difference, spent, starts
from crawler.compare.model import Result, Split
from crawler.compare.page import page
from crawler.compare.split import Part, per_page, shares, split
from crawler.compare.table import markdown
from crawler.compare.verdict import sentences
from crawler.trace.split import Sums
from fixtures.hitlog import Hit
from fixtures.site import Site
from tests.unit.compare.values import SCENE, case, comparison, invented, with_splits

SUMS = Sums(
    wall=10.0,
    lanes=2,
    requests={"detail": 4},
    fetching=8.0,
    fetch_cpu=1.0,
    parsing=2.0,
    stalled=1.0,
    taking=3.0,
    crossing=1.0,
    idle=4.0,
    held_up=1.0,
    taking_held_up=0.5,
    unknown=0.0,
    served=5.0,
    read=2.0,
)
SITE = Site(10)


def hits(seconds: float) -> list[Hit]:
    """Return a log in which each detail page took the server so long, and all else took it for ever."""
    paths = [SITE.item(number).path for number in range(1, 5)]
    return [*(Hit(path, 0.0, seconds, 200, "a", "b") for path in paths), Hit("/", 0.0, 999.0, 200, "a", "b")]


def made(traced: Sums = SUMS, *, backend: str = "queue", took: float = 1.0, startup: float = 1.0) -> dict[Part, float]:
    """Return the seconds of each part, of two consumers."""
    two = case(backend, SCENE._replace(consumers=2))
    found = split(two, traced, startup, hits(took), SITE, pages=4)
    return {part: found.seconds[part.key] for part in Part}


def result(label: str, found: Split) -> Result:
    return replace(comparison({label: [1, 1, 1]}).scenes[0].results[0], split=found)


def test_the_parts_are_all_of_the_consumers_time() -> None:
    found = made()
    assert sum(found.values()) == pytest.approx(2 * 11.0)
    assert found[Part.START] == pytest.approx(2.0)
    assert found[Part.CPU] == pytest.approx(3.0)
    assert found[Part.HAND_OFF] == pytest.approx(4.0)


def test_of_a_fetch_only_what_the_server_took_is_waiting_for_the_network() -> None:
    slow, quick = made(took=1.0), made(took=0.25)
    assert (slow[Part.NETWORK], slow[Part.TURN]) == (pytest.approx(4.0), pytest.approx(4.0))
    assert (quick[Part.NETWORK], quick[Part.TURN]) == (pytest.approx(1.0), pytest.approx(7.0))
    assert made(took=100.0)[Part.NETWORK] == pytest.approx(7.0)  # but no more than it waited


def test_in_an_event_loop_the_cpu_is_the_loops_and_what_is_handed_over_waits_for_its_turn() -> None:
    found = made(replace(SUMS, fetch_cpu=None), backend="asyncio")
    assert found[Part.CPU] == pytest.approx(2.0 + 3.0)  # reading pages, and all else that the loop did
    assert found[Part.HAND_OFF] == pytest.approx(1.5)
    assert sum(found.values()) == pytest.approx(22.0)


def test_of_a_loop_in_another_process_only_the_reading_is_known() -> None:
    assert made(replace(SUMS, fetch_cpu=None), backend="sharded")[Part.CPU] == pytest.approx(2.0)


def test_consumers_that_had_nothing_to_do_were_idle() -> None:
    found = split(case("queue"), SUMS, 0.0, hits(1.0), SITE, pages=4)  # eight of them
    assert found.seconds["idle"] == pytest.approx(4.0 + 6 * 10.0)
    assert sum(found.seconds.values()) == pytest.approx(found.consumers * found.wall)


def test_what_a_trace_has_left_out_is_taken_to_be_like_the_rest() -> None:
    half = replace(SUMS, wall=20.0, unknown=20.0)
    assert {part: value / 2 for part, value in made(half, startup=2.0).items()} == pytest.approx(made())


def test_shares_are_of_all_the_time_and_a_page_costs_no_start() -> None:
    found = invented(startup=5.0, network=4.0, idle=1.0)
    assert shares(found)[Part.START] == pytest.approx(0.5)
    assert sum(shares(found).values()) == pytest.approx(1.0)
    assert sum(per_page(found).values()) == pytest.approx(0.5)


def test_the_sentences_are_made_of_the_figures() -> None:
    queue = result("queue", invented(network=6.0, turn=3.0, idle=1.0))
    pool = result("process-pool", invented(network=6.0, pickling=0.5, startup=6.5))
    assert list(spent(queue)) == [
        "Of the time of queue's consumers 60% was waiting for the network, 30% was waiting for the GIL or a core "
        "and 10% was idle."
    ]
    assert list(starts([queue, pool])) == ["Starting took 50% of process-pool's time."]
    assert list(difference(pool, queue)) == [
        "A page took 350 ms more of a consumer's time with queue than with process-pool: "
        "300 ms more waiting for the GIL or a core and 100 ms more idle, and 50 ms less pickling and pipes."
    ]
    assert list(difference(queue, pool)) == []


def test_a_change_that_is_none_is_not_explained() -> None:
    assert changes(invented(network=1.0), invented(network=1.0)) == ""


def test_the_verdict_explains_a_difference_only_where_there_is_one() -> None:
    splits = {"queue": invented(network=6.0, turn=3.0), "process_pool": invented(network=6.0)}
    sure = with_splits(comparison({"queue": [10, 10, 10], "process-pool": [25, 25, 25]}), **splits)
    assert "300 ms more waiting for the GIL or a core" in " ".join(sentences(sure.scenes[0]))
    unsure = with_splits(comparison({"queue": [10, 20, 30], "process-pool": [12, 22, 32]}), **splits)
    assert "more waiting" not in " ".join(sentences(unsure.scenes[0]))


def test_a_baseline_names_the_cause_of_a_slow_down() -> None:
    before = with_splits(comparison({"queue": [100] * 3}), queue=invented(network=1.0, hand_off=0.1))
    after = with_splits(comparison({"queue": [50] * 3}), queue=invented(network=1.1, hand_off=2.0))
    (drift,) = drifts(before, after)
    assert str(drift).endswith(
        "100 → 50 pages/s (-50%); hand-off and locks takes 200 ms of a consumer's time a page, and took 10 ms"
    )
    (unknown,) = drifts(comparison({"queue": [100] * 3}), after)
    assert unknown.slower
    assert unknown.cause is None


def test_the_reports_show_the_split_and_lead_to_the_timeline() -> None:
    found = replace(invented(network=3.0, startup=1.0), timeline="timelines/a.html")
    shown = with_splits(comparison({"queue": [1, 2, 3], "rlock": [1, 2, 3]}), queue=found)
    assert "| [queue](timelines/a.html) | 4.00 | 75.0% |" in markdown(shown)
    assert 'href="timelines/a.html"' in page(shown)
    assert 'class="piece bar network"' in page(shown)
    assert "Where the time went" not in page(comparison({"queue": [1, 2, 3]}))
