"""What the benchmarks make of their figures: tables, ratios, growth, a chart, and the place where they are put."""

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from crawler.compare.model import Machine
from fixtures.site import Site
from tests.benchmarks import page, profile
from tests.benchmarks.agreement import Answer, answer, claims, speeds
from tests.benchmarks.document import PERFORMANCE, record, table
from tests.benchmarks.rivals.chart import Chart, chart, svg
from tests.benchmarks.rivals.contenders import Contender
from tests.benchmarks.rivals.results import KB, MB, Figures, Kind, Results, System, load, save
from tests.benchmarks.rivals.runs import Catalogue, run
from tests.benchmarks.rivals.table import markdown
from tests.unit.compare.values import comparison


def system(name: str, kind: Kind, *walls: float, memory: int = 50 * MB, problem: str | None = None) -> System:
    return System(name, kind, tuple(Figures(wall, wall / 2, memory, problem) for wall in walls))


def results(*systems: System, grown_to: int = 0) -> Results:
    machine = Machine("Linux 6.1.0-x", "a processor", 2, 2**33, "CPython 3.11.2", "always on", "PSS", "shared", {})
    return Results(
        "2026-01-01", 100, 5, grown_to, 32, "nginx", machine, {"Scrapy": "2.19"}, "Scrapy, tuned", "by hand", systems
    )


SCRAPY = system("Scrapy, tuned", Kind.RIVAL, 10.0, 20.0, 10.0)
OURS = system("curl-multi", Kind.OURS, 2.0, 2.0, 1.0)


def test_ratios_are_paired_in_a_round() -> None:
    ratio = OURS.ratio(SCRAPY, "wall")
    assert (ratio.median, ratio.low, ratio.high) == (10.0, 5.0, 10.0)


def test_the_fastest_is_first_and_who_is_wrong_comes_last_and_says_why() -> None:
    wrong = system("queue", Kind.OURS, 0.1, 0.1, 0.1, problem="99 items, 98 of 100 right")
    _, _, first, second, third, _, notes = markdown(results(wrong, SCRAPY, OURS)).splitlines()
    assert first == "| `curl-multi` | 50 | 10.0 (5.0–10.0) | 10.0 (5.0–10.0) | 10.00 | 50 |"
    assert second == "| Scrapy, tuned | 10 | 1.0 | 1.0 | 50.00 | 50 |"
    assert third == "| queue | wrong: 99 items, 98 of 100 right | | | | |"
    assert "3 rounds of 100 detail and 5 list pages" in notes
    assert "Python 3.11.2, Scrapy 2.19." in notes


def test_growth_is_what_a_page_more_costs_and_a_wrong_run_of_the_larger_catalogue_counts() -> None:
    grown = replace(OURS, grown=Figures(4.0, 2.0, 51 * MB))
    made = results(SCRAPY, grown, grown_to=1124)
    assert made.growth(grown) == KB
    assert made.growth(SCRAPY) is None
    assert markdown(made).splitlines()[2].endswith("| 281 | 51 | 1.00 |")
    assert markdown(made).splitlines()[3].endswith("| 50 | | | |")
    spoiled = replace(OURS, grown=Figures(4.0, 2.0, 51 * MB, "it did not end"))
    assert results(spoiled, grown_to=1124).right == ()


def test_without_the_reference_there_are_no_ratios() -> None:
    assert markdown(results(OURS)).splitlines()[2] == "| `curl-multi` | 50 | | | 10.00 | 50 |"


def test_what_a_page_costs_is_told_in_times_of_the_bare_work_by_hand() -> None:
    by_hand = system("by hand", Kind.BARE, 1.0, 1.0, 1.0)
    _, _, first, second, *_ = markdown(results(by_hand, OURS)).splitlines()
    assert first == "| by hand | 100 | | | 5.00 | 1.0 | 50 |"
    assert second == "| `curl-multi` | 50 | | | 10.00 | 2.0 (1.0–2.0) | 50 |"


def test_the_chart_draws_every_system_that_counts_within_its_bounds() -> None:
    downloader = system("wget2", Kind.BARE, 1.6, 2.5, 1.6)
    wrong = system("queue", Kind.OURS, 0.1, 0.1, 0.1, problem="wrong")
    drawn = chart(results(SCRAPY, OURS, downloader, wrong))
    assert [bar.cut for bar in drawn.panels[0].bars] == [False, False, False]
    assert [name for _, _, name in drawn.labels] == ["wget2", "curl-multi", "Scrapy, tuned"]
    for panel in drawn.panels:
        assert [bar.kind for bar in panel.bars] == [Kind.BARE, Kind.OURS, Kind.RIVAL]
        assert all(panel.left < bar.low <= bar.end <= bar.high < bar.text_x < drawn.width for bar in panel.bars)
    assert ends(drawn, 0) == pytest.approx([6.25, 10.0, 1.0])
    assert ends(drawn, 1) == pytest.approx([8.0, 10.0, 50.0])
    words = [text.text for text in ElementTree.fromstring(svg(drawn)).iter("{http://www.w3.org/2000/svg}text")]
    assert {"curl-multi", "Pages a second, times Scrapy", "50.00", "the bare work"} <= set(words)


def test_the_bare_work_is_cut_rather_than_make_the_others_small() -> None:
    downloader = system("wget2", Kind.BARE, 0.1, 0.1, 0.1)
    panel = chart(results(SCRAPY, OURS, downloader)).panels[0]
    assert [bar.cut for bar in panel.bars] == [True, False, False]
    assert panel.bars[0].end == panel.bars[1].high
    assert panel.bars[0].text == "100.0"


def ends(drawn: Chart, number: int) -> list[float]:
    """Return the values at which a panel's bars end, by its axis."""
    panel = drawn.panels[number]
    unit = (panel.ticks[1].at - panel.left) / float(panel.ticks[1].text)
    return [(bar.end - panel.left) / unit for bar in panel.bars]


def test_the_parts_of_reading_a_page_are_those_of_a_crawl() -> None:
    """They are called one by one, so what a crawl calls otherwise must be called otherwise there, too."""
    site = Site(20)
    reply = site.reply(site.item(1).path, "http://shop.test/")
    assert reply is not None
    spent = page.reading([("http://shop.test" + site.item(1).path, reply.body)])
    assert all(seconds > 0 for seconds in spent.values())


def test_figures_are_kept_in_a_file(tmp_path: Path) -> None:
    made = results(SCRAPY, replace(OURS, grown=Figures(4.0, 2.0, 51 * MB)), grown_to=1000)
    save(made, tmp_path / "figures.json")
    assert load(tmp_path / "figures.json") == made


def test_a_table_is_put_in_its_place_and_all_else_stays(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n<!-- b -->\n<!-- /b -->\n", encoding="utf-8")
    for text in ("new", "newer"):
        record("a", text, document)
    assert document.read_text(encoding="utf-8") == (
        "before\n<!-- a -->\n\nnewer\n\n<!-- /a -->\nafter\n<!-- b -->\n<!-- /b -->\n"
    )
    with pytest.raises(ValueError, match="no place for c"):
        record("c", "new", document)


def test_every_benchmark_has_its_place() -> None:
    text = PERFORMANCE.read_text(encoding="utf-8")
    for name in ("rivals 2000", "rivals 10000", "coordinator", "startup", "tracing"):
        assert f"<!-- {name} -->\n" in text
        assert f"<!-- /{name} -->" in text


def test_a_table_has_its_figures_to_the_right() -> None:
    assert table(("", "s"), [("a", "1")]) == "| | s |\n| --- | ---: |\n| a | 1 |"


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("write(url='a'); write(url='b')", None),
        ("write(url='a')", "1 items, 1 of 2 right"),
        ("write(url='a'); write(url='b'); write(url='b')", "3 items, 2 of 2 right"),
        ("write(url='a'); write(url='B')", "2 items, 1 of 2 right"),
        ("write(url='a'); write(url='b'); exit('out of luck')", "out of luck"),
    ],
)
def test_whoever_does_not_bring_exactly_the_records_is_wrong(program: str, problem: str | None) -> None:
    assert run(contender(program), CATALOGUE).problem == problem


def test_who_only_downloads_must_have_every_detail_page() -> None:
    keep = "os.makedirs('host/item', exist_ok=True); open(f'host/item/{name}', 'w').write('page')"
    assert run(contender(f"for name in 'ab': {keep}", items=None), CATALOGUE).problem is None
    assert run(contender(f"for name in 'a': {keep}", items=None), CATALOGUE).problem == "1 of 2 detail pages"


CATALOGUE = Catalogue("http://127.0.0.1/", "nobody", 1, {'{"url": "a"}', '{"url": "b"}'})


def contender(program: str, items: str | None = "items.jsonl") -> Contender:
    """Return one that runs a few words of Python, in which `write` writes a record."""
    write = "import json, os; write = lambda **record: open('items.jsonl', 'a').write(json.dumps(record) + '\\n')"
    return Contender(lambda url, folder: [sys.executable, "-c", f"{write}\n{program}"], Kind.OURS, items)


def test_a_look_counts_for_the_innermost_function_of_ours() -> None:
    outer = "<module> (crawler/__main__.py:1);main (crawler/cli.py:343)"
    read = f"{outer};Visit._read (crawler/work/visit.py:92)"
    looks = profile.read(
        f"""{read};f.<locals>.<listcomp> (crawler/work/links.py:3);loads (json:1) 30
{read} 10
{outer};_find_and_load (<frozen importlib._bootstrap>:1165);<module> (crawler/model.py:1) 9
_run_code (<frozen runpy>:65) 1"""
    )
    assert [row[:3] for row in profile.rows(looks, 500.0)] == [
        ("`work/links`", "300", "60%"),
        ("`work/visit`", "100", "20%"),
        ("imports", "90", "18%"),
        ("outside of all of these", "10", "2%"),
        ("all", "500", "100%"),
    ]
    assert profile.rows(looks, 500.0)[0][3] == "f 300"
    assert profile.rows(looks, 10_000.0)[-2][0] == "outside of all of these"
    looks[("`urls`", "host")] = 1
    looks[("`urls`", "origin")] = 0
    looks[("`work/links`", "f")] += 100
    assert profile.rows(looks, 500.0)[-2][0] == "others", "two modules of less than a hundredth each"


def test_a_claim_is_made_by_another_comparison_not_made_or_contradicted() -> None:
    first = speeds(comparison({"queue": [10, 11, 12], "rlock": [5, 6, 7], "condition": [9, 10, 11]}))
    (rlock_is_behind_queue, rlock_is_behind_condition) = claims(first)
    other = speeds(comparison({"queue": [10, 11, 12], "rlock": [9, 13, 14], "condition": [5, 6, 7]}))
    assert answer(rlock_is_behind_queue, first) is Answer.SAME
    assert answer(rlock_is_behind_queue, other) is Answer.NONE
    assert answer(rlock_is_behind_condition, other) is Answer.OPPOSITE
    without = speeds(comparison({"queue": [10, 11, 12], "condition": [5, 6, 7]}))
    assert answer(rlock_is_behind_queue, without) is Answer.NONE
