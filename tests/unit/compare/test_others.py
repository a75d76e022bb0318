"""What other programs did meanwhile: known by what is left of the cores' time."""

import os
from dataclasses import replace

import pytest

from crawler.compare import others
from crawler.compare.others import Others
from crawler.compare.table import notes
from tests.unit.compare.values import case, comparison


def test_others_are_what_is_neither_ours_nor_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"busy": 100.0, "ours": 5.0, "now": 50.0}
    monkeypatch.setattr(others, "_busy", lambda _: seconds["busy"])
    monkeypatch.setattr(others.time, "process_time", lambda: seconds["ours"])
    monkeypatch.setattr(others.time, "monotonic", lambda: seconds["now"])
    watched = Others({0, 1}, os.getpid())
    server = watched._server.cpu_times()._replace(user=watched._served + 0.25, system=0.0)
    monkeypatch.setattr(watched._server, "cpu_times", lambda: server)
    # Of 3 s on the cores a quarter was the server's, a quarter this process's and 1.5 s the crawl's: 1 s in 2.
    seconds.update(busy=103.0, ours=5.25, now=52.0)
    assert watched.cores(1.5) == pytest.approx(0.5)
    assert watched.cores(9.0) == 0.0


def test_the_busy_time_of_cores_grows_with_them_and_a_core_that_there_is_not_has_none() -> None:
    assert 0.0 < others._busy({0}) <= others._busy(range(os.cpu_count() or 1))
    assert others._busy({10**6}) == 0.0


def test_the_report_says_how_many_runs_were_disturbed() -> None:
    made = comparison({"queue": [10, 11, 12], "rlock": [5, 6, 7]})
    assert "other programs" not in " ".join(notes(made))
    (scene,) = made.scenes
    first, second = scene.results
    assert first.case == case("queue")
    rounds = (replace(first.rounds[0], others=0.9), *first.rounds[1:])
    disturbed = replace(made, scenes=(replace(scene, results=(replace(first, rounds=rounds), second)),))
    assert "2 runs were done once more" in " ".join(notes(replace(made, repeated=2)))
    assert "During 1 of 6 runs other programs had 0.9 cores (median)" in " ".join(notes(disturbed))
