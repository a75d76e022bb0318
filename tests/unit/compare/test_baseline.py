"""What counts as slower than before."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.compare.baseline import comparable, drifts, other_machine, read
from crawler.compare.command import as_json, hold_against
from crawler.config import ConfigError, Workload
from tests.unit.compare.values import SCENE, case, comparison


def slower(before: list[float], after: list[float | str]) -> bool:
    drift = drifts(comparison({"queue": before}), comparison({"queue": after}))
    return drift[0].slower


def test_a_clear_loss_is_slower() -> None:
    assert slower([100, 101, 102], [70, 71, 72])


def test_a_loss_within_the_intervals_is_not() -> None:
    assert not slower([60, 100, 102], [50, 61, 72])


def test_a_small_loss_is_not_however_sure() -> None:
    assert not slower([100, 100, 100], [95, 95, 95])


def test_two_rounds_show_nothing() -> None:
    assert not slower([100, 101], [70, 71])


def test_a_gain_is_not() -> None:
    assert not slower([70, 71, 72], [100, 101, 102])


def test_what_has_become_wrong_is_slower() -> None:
    assert slower([100, 101, 102], [100, "3 records instead of 4", 100])


def test_it_is_said_which_run_lost_how_much() -> None:
    told: list[str] = []
    before, after = (
        comparison({"queue": [100] * 3, "rlock": [9] * 3}),
        comparison({"queue": [50] * 3, "rlock": [9] * 3}),
    )
    assert not hold_against(before, after, told.append)
    assert told == [
        "slower than the baseline: queue (requests) on io, 8 consumers, selectolax: 100 → 50 pages/s (-50%)"
    ]
    assert hold_against(before, before, told.append)
    assert told[-1] == "no run is slower than the baseline beyond doubt (2 compared)"


def test_other_workloads_are_not_compared() -> None:
    assert drifts(comparison({"queue": [1]}, pages=100), comparison({"queue": [1]}, pages=200)) == []
    assert drifts(comparison({"queue": [1]}), comparison({"rlock": [1]})) == []


@pytest.mark.parametrize(
    ("backend", "pages", "producers", "told"),
    [
        ("queue", 200, 4, "its io had pages 100, not 200: measure it with the options"),
        ("queue", 100, 1, "its io had producers 4, not 1"),
        (
            "rlock",
            100,
            4,
            "it has no rlock (requests) on io, 8 consumers, selectolax, only queue (requests), with 8 cons",
        ),
    ],
)
def test_what_cannot_be_held_against_a_baseline_is_known_before_it_is_measured(
    backend: str, pages: int, producers: int, told: str
) -> None:
    before, workload = comparison({"queue": [1]}), Workload(pages=pages, latency=0.02)
    with pytest.raises(ConfigError, match=re.escape(told)):
        comparable(before, [case(backend)], {"io": workload}, producers, 3)
    with pytest.raises(ConfigError, match=re.escape("it has no cpu, only io")):
        other = case(backend, SCENE._replace(workload="cpu"))
        comparable(before, [other], {"cpu": workload}, producers, 3)


def test_one_case_in_common_is_enough_and_what_is_not_compared_is_named() -> None:
    before, after = comparison({"queue": [1] * 3}), comparison({"queue": [1] * 3, "rlock": [1] * 3})
    comparable(before, [case("queue"), case("rlock")], {"io": Workload(pages=100, latency=0.02)}, 4, 3)
    told: list[str] = []
    assert hold_against(before, after, told.append)
    assert told[-1] == "not in the baseline, or not in the same way: rlock (requests) on io, 8 consumers, selectolax"


def test_where_nothing_can_be_told_nothing_is_claimed_and_it_is_not_well() -> None:
    before, after = comparison({"queue": [100] * 3}), comparison({"queue": [10] * 2})
    told: list[str] = []
    assert not hold_against(before, after, told.append)
    assert told == ["of 1 nothing can be told: they were not run 3 times, here or for the baseline"]
    workloads = {"io": Workload(pages=100, latency=0.02)}
    with pytest.raises(ConfigError, match="fewer than 3 rounds show nothing: give --rounds 3 or more"):
        comparable(before, [case("queue")], workloads, 4, 2)
    with pytest.raises(ConfigError, match="measured in fewer than 3 rounds"):
        comparable(replace(before, rounds=1), [case("queue")], workloads, 4, 3)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = comparison({"queue": [1, 2, 3], "rlock": ["wrong"]})
    (tmp_path / "report.json").write_text(as_json(made), encoding="utf-8")
    assert read(tmp_path / "report.json") == made
    assert other_machine(made, made) == []


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"started_at": 1}', "\x00"])
def test_what_is_no_report_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"not the report\.json of a comparison"):
        read(tmp_path / "report.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.json")
