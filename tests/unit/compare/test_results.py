"""Who is ranked, and what may be said of it."""

from crawler.compare.model import Result
from crawler.compare.results import scene_result
from crawler.compare.table import COLUMNS, cells, markdown, narrow
from crawler.compare.verdict import verdict
from tests.unit.compare.values import SCENE, case, comparison, rounds

HOSTILE = "a <script>alert(1)</script> | [b](javascript:c) & `d`"


def results(**runs: list[float | str]) -> dict[str, Result]:
    made = comparison({name.replace("_", "-"): speeds for name, speeds in runs.items()})
    return {result.label: result for result in made.scenes[0].results}


def test_the_fastest_is_first_and_the_wrong_last_however_fast() -> None:
    made = comparison({"rlock": [1, 2, 3], "queue": [10, 11, 12], "semaphore": [99, "3 records instead of 4", 99]})
    assert [(r.label, r.rank) for r in made.scenes[0].results] == [("queue", 1), ("rlock", 2), ("semaphore", None)]
    assert made.scenes[0].results[2].problem == "3 records instead of 4 (in 1 of 3 rounds)"
    assert any("semaphore is wrong: 3 records instead of 4" in line for line in verdict(made))


def test_overlap_is_no_difference() -> None:
    assert {r.rank for r in results(queue=[10, 11, 12], rlock=[9, 9.5, 10]).values()} == {1}


def test_what_comes_near_the_servers_limit_is_marked() -> None:
    made = comparison({"queue": [81, 81, 81], "rlock": [79, 79, 79]}, server_limit=100)
    assert [result.limited_by_server for result in made.scenes[0].results] == [True, False]
    assert any("queue came near the server's own limit" in line for line in verdict(made))


def test_cases_of_one_backend_are_told_apart_and_others_keep_their_plain_names() -> None:
    every = [
        case("queue"),
        case("semaphore"),
        case("asyncio", client="aiohttp"),
        case("process-pool", method="fork"),
        case("process-pool", method="spawn"),
    ]
    made = scene_result(SCENE, comparison({"queue": [1]}).scenes[0].ideal, 1e6, {each: rounds(1.0) for each in every})
    labels = ["queue", "semaphore", "asyncio (aiohttp)", "process-pool (requests, fork)"]
    assert {result.label for result in made.results} >= {*labels[:3], "process-pool (fork)", "process-pool (spawn)"}


def test_the_verdict_claims_no_difference_that_is_not_sure() -> None:
    told = " ".join(verdict(comparison({"queue": [10, 20, 30], "process-pool": [12, 22, 32]})))
    assert "No difference is sure among process-pool and queue" in told
    assert "faster" not in told


def test_of_many_that_cannot_be_told_apart_the_first_few_are_named() -> None:
    alike = ("queue", "rlock", "condition", "thread-pool", "semaphore", "process-pool")
    told = " ".join(verdict(comparison({name: [10 + number, 20, 30] for number, name in enumerate(alike)})))
    assert "No difference is sure among queue, rlock, condition, thread-pool and 2 more, at 20 pages/s." in told


def test_the_verdict_names_who_is_faster_by_how_much() -> None:
    told = " ".join(verdict(comparison({"queue": [10, 10, 10], "process-pool": [25, 25, 25]})))
    assert "process-pool is faster than the other, with 25 pages/s" in told
    assert "processes are faster, 2.50 times, although waiting for the server binds" in told


def test_processes_are_not_called_faster_than_threads_of_which_one_may_be_as_fast() -> None:
    told = " ".join(verdict(comparison({"process-pool": [50, 51, 52], "queue": [45, 46, 47], "rlock": [20, 45, 60]})))
    # The threads' best makes 45 to 60 pages/s, whichever it is: 52 are 16% more than 45, and 60 are 20% more than 50.
    assert "no difference is sure, and none of more than 20%, as is to be expected where waiting for the" in told
    assert "For 1,000 pages the processes took 2.5 s of CPU and 50 MB at most (process-pool)" in told


def test_processes_that_hold_many_requests_each_are_not_held_against_threads_that_hold_one() -> None:
    assert "Processes" not in " ".join(verdict(comparison({"sharded": [90, 91, 92], "queue": [45, 46, 47]})))


def test_those_of_one_rank_stand_together() -> None:
    made = comparison({"asyncio": [50, 50, 50], "queue": [45, 46, 47], "rlock": [20, 45, 60], "condition": [44] * 3})
    assert [(result.label, result.rank) for result in made.scenes[0].results] == [
        ("asyncio", 1),
        ("rlock", 1),
        ("queue", 2),
        ("condition", 3),
    ]
    assert "the slowest, condition" in " ".join(verdict(made))


def test_two_rounds_show_nothing() -> None:
    made = comparison({"queue": [10, 11], "process-pool": [25, 26]})
    told = " ".join(verdict(made))
    assert "2 rounds show nothing" in told
    assert "faster" not in told
    assert [result.rank for result in made.scenes[0].results] == [1, 1]


def test_a_report_in_markdown_holds_no_html_no_links_and_no_more_cells() -> None:
    text = markdown(comparison({"queue": [HOSTILE, HOSTILE, HOSTILE], "rlock": [1, 1, 1]}))
    assert "<" not in text.replace("&lt;", "")
    assert "[b](" not in text
    row = next(line for line in text.splitlines() if line.startswith("|") and "alert" in line)
    assert row.replace(r"\|", "").count("|") == len(COLUMNS) + 1


def test_every_row_has_a_cell_for_each_column() -> None:
    for result in comparison({"queue": [1, 1], "rlock": ["wrong", 1]}).scenes[0].results:
        assert len(cells(result)) == len(COLUMNS)
        assert len(narrow(cells(result))) == len(narrow(COLUMNS))
