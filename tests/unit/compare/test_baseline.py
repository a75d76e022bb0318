"""What counts as slower than before."""

from pathlib import Path

import pytest

from crawler.compare.baseline import drifts, other_machine, read
from crawler.compare.command import as_json, hold_against
from crawler.config import ConfigError
from tests.unit.compare.values import comparison


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
    assert hold_against(before, after, told.append)
    assert told == [
        "slower than the baseline: queue (requests) on io, 8 consumers, selectolax: 100 → 50 pages/s (-50%)"
    ]
    assert not hold_against(before, before, told.append)


def test_other_workloads_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="no run with the same workload"):
        drifts(comparison({"queue": [1]}, pages=100), comparison({"queue": [1]}, pages=200))
    with pytest.raises(ConfigError, match="no run with the same workload"):
        drifts(comparison({"queue": [1]}), comparison({"rlock": [1]}))


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
