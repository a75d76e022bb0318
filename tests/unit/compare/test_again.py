"""Who is run again, and which run is done once more."""

from dataclasses import replace

from crawler.compare.again import disturbed, fastest_first, promising
from crawler.compare.cases import one_of_each_kind_first
from crawler.compare.model import Case, Measurement
from tests.unit.compare.values import SCENE, case, rounds


def test_who_cannot_be_the_best_any_more_is_not_run_again_where_only_the_best_is_looked_for() -> None:
    runs: dict[Case, list[Measurement]] = {
        case("queue"): rounds(100.0, 90.0),
        case("condition"): rounds(60.0, 76.0),
        case("rlock"): rounds(74.0),
        case("semaphore"): rounds("3 records instead of 4"),
    }
    assert promising(runs, 0.75) == [case("queue"), case("condition")]
    assert promising(runs, 0.0) == list(runs)


def test_before_the_first_round_all_are() -> None:
    assert promising({case("queue"): [], case("rlock"): []}, 0.75) == [case("queue"), case("rlock")]


def test_runs_that_others_disturbed_are_done_once_more_unless_they_are_many_or_wrong() -> None:
    quiet = rounds(100.0, 90.0, 80.0)
    noisy = [replace(each, others=0.9) for each in quiet]
    assert disturbed({case("queue"): [*quiet[:2], noisy[2]], case("rlock"): quiet}) == [(case("queue"), 2)]
    assert disturbed({case("queue"): noisy, case("rlock"): [*noisy[:1], *quiet[1:]]}) == []
    wrong = replace(rounds("3 records instead of 4")[0], others=0.9)
    assert disturbed({case("queue"): [*quiet[:2], wrong]}) == []


def test_the_fastest_of_each_scene_are_the_first_to_be_explained() -> None:
    cpu = SCENE._replace(workload="cpu")
    runs: dict[Case, list[Measurement]] = {
        case("queue"): rounds(10.0, 20.0),
        case("rlock"): rounds(15.0),
        case("semaphore"): rounds("3 records instead of 4"),
        case("queue", cpu): rounds(1.0),
    }
    assert fastest_first(runs) == [case("queue"), case("queue", cpu), case("rlock"), case("semaphore")]


def test_one_of_each_kind_is_the_first_to_be_explained() -> None:
    every = [case(name) for name in ("rlock", "queue", "process-pool", "process-queue", "asyncio")]
    first = [each.backend for each in one_of_each_kind_first(every)]
    assert first == ["rlock", "process-pool", "asyncio", "queue", "process-queue"]
