"""What is said of more consumers."""

from collections.abc import Mapping, Sequence

from crawler.compare.scaling import groups, sentences
from tests.unit.compare.values import scaled


def told(runs: Mapping[int, Mapping[str, Sequence[float | str]]]) -> list[str]:
    found = groups(scaled(runs))
    return [sentence for scenes in found.values() for sentence in sentences(scenes)]


def test_it_is_said_who_gained_how_much_and_from_where_on_nobody_surely_does() -> None:
    few, middle, many = ({"queue": [a] * 3, "rlock": [b] * 3} for a, b in ((10, 10), (30, 20), (60, 20)))
    assert told({16: middle, 4: few, 64: many}) == [
        "16 times as many consumers (64 instead of 4) made queue 6.0 times as fast and rlock 2.0 times as fast.",
        "With more than 16 consumers no gain is sure for rlock.",
    ]


def test_a_gain_over_two_steps_that_is_sure_of_neither_is_one() -> None:
    runs = {4: {"queue": [10, 11, 12]}, 8: {"queue": [11.5, 12.5, 14]}, 16: {"queue": [13, 15, 16]}}
    assert "With more than 8 consumers no gain is sure for queue." in told(runs)


def test_of_many_the_first_and_the_last_are_named() -> None:
    names = ("queue", "rlock", "condition", "semaphore", "thread-pool")
    runs = {4: {name: [10] * 3 for name in names}, 8: {name: [20 - at] * 3 for at, name in enumerate(names)}}
    assert told(runs)[0] == (
        "2 times as many consumers (8 instead of 4) made queue 2.0 times as fast, thread-pool 1.6 times as fast and "
        "the 3 others something between."
    )


def test_nothing_is_said_of_one_number_of_consumers_or_of_two_rounds() -> None:
    assert told({4: {"queue": [1] * 3}}) == []
    assert told({4: {"queue": [1] * 2}, 8: {"queue": [2] * 2}}) == []
