"""From how many pages on a slow start is worth it."""

from collections.abc import Mapping

import pytest

from crawler.compare.crossings import crossings
from crawler.compare.model import Ideal, Measurement, SceneResult
from crawler.compare.results import scene_result
from crawler.compare.verdict import sentences
from tests.unit.compare.values import SCENE, case, rounds


def scene(runs: Mapping[str, list[Measurement]]) -> SceneResult:
    measured = {case(backend): each for backend, each in runs.items()}
    return scene_result(SCENE, Ideal(1.0, "cpu", 0.1, 1.0), 1e6, measured)


def found(runs: Mapping[str, list[Measurement]]) -> list[tuple[str, str, float]]:
    return [(each.before.label, each.after.label, each.pages) for each in crossings(scene(runs).ranked)]


def test_two_lines_cross_where_both_are_done_at_the_same_time() -> None:
    # 0.5 s + N / 10 against 4.5 s + N / 20: with 80 pages both need 8.5 s.
    runs = {"queue": rounds(10, 10, 10, startup=0.5), "process-pool": rounds(20, 20, 20, startup=4.5)}
    assert found(runs) == [("queue", "process-pool", pytest.approx(80))]
    told = " ".join(sentences(scene(runs)))
    assert "From about 80 pages on process-pool overtakes queue: it takes 4.50 s to start instead of 0.50 s" in told


def test_processes_are_told_to_overtake_the_best_threads_even_where_another_is_ahead_of_both() -> None:
    runs = {
        "curl-multi": rounds(60, 60, 60, startup=0.1),
        "queue": rounds(10, 10, 10, startup=0.5),
        "process-pool": rounds(20, 20, 20, startup=4.5),
    }
    assert found(runs) == []
    assert any("From about 80 pages on process-pool overtakes queue" in each for each in sentences(scene(runs)))


def test_who_is_faster_and_starts_sooner_is_overtaken_by_nobody() -> None:
    assert found({"queue": rounds(20, 20, 20, startup=0.5), "rlock": rounds(10, 10, 10, startup=1.0)}) == []


def test_the_first_may_change_more_than_once_and_never_to_one_that_is_behind_by_then() -> None:
    runs = {
        "queue": rounds(10, 10, 10, startup=0.0),
        "thread-pool": rounds(20, 20, 20, startup=1.0),  # overtakes queue with 20 pages
        "process-pool": rounds(40, 40, 40, startup=3.0),  # overtakes thread-pool with 80
        "process-pipe": rounds(30, 30, 30, startup=9.0),  # and this one nobody
    }
    assert [(before, after, round(pages)) for before, after, pages in found(runs)] == [
        ("queue", "thread-pool", 20),
        ("thread-pool", "process-pool", 80),
    ]


def test_no_crossing_is_claimed_of_speeds_or_starts_that_overlap_or_of_few_rounds() -> None:
    queue = rounds(10, 11, 12, startup=0.5)
    assert found({"queue": queue, "process-pool": rounds(11, 20, 21, startup=4.5)}) == []
    unsure = [*rounds(20, 20, startup=4.5), *rounds(20, startup=0.4)]
    assert found({"queue": queue, "process-pool": unsure}) == []
    assert found({"queue": queue[:2], "process-pool": rounds(20, 20, startup=4.5)}) == []
