"""The lines of the files: one object a line, and nothing in it that acts on whoever looks at it."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Outcome, Role, Settled, Task, Verdict
from crawler.store.lines import item_line, page_line, read_page
from tests.answers import TIMINGS

TASK = Task("http://a.test/", Role.DETAIL)


def item(**record: str | int | float | list[str | int | float] | None) -> str:
    outcome = Outcome(TASK, "w", TIMINGS, 200, "text/html", 1, record=record)
    line = item_line(Settled(TASK, Verdict.OK, None, 1, outcome))
    assert line is not None
    return line.decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_is_one_line_without_control_characters_and_means_what_it_did(title: str) -> None:
    line = item(title=title)
    assert json.loads(line) == {"url": TASK.url, "title": title}
    assert len(f"x{line}x".splitlines()) == 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", line)


def test_what_people_write_is_not_escaped() -> None:
    assert item(title="Été – 東京 👍🏽") == '{"url":"http://a.test/","title":"Été – 東京 👍🏽"}'


def test_half_of_a_pair_is_an_escape() -> None:
    assert item(title="a\ud83d é") == r'{"url":"http://a.test/","title":"a\ud83d é"}'


def test_a_number_of_any_length_is_written() -> None:
    assert item(stock=10**299, price=1e300) == f'{{"url":"http://a.test/","stock":{10**299},"price":1e300}}'


def test_a_page_is_read_as_it_was_written() -> None:
    outcome = Outcome(TASK, "w-\u202e", TIMINGS, 302, "text/html", 7, redirect="http://b.test/")
    settled = Settled(TASK, Verdict.SKIPPED, "redirected", 1, outcome)
    again = read_page(page_line(settled))
    assert page_line(again) == page_line(settled)
    assert again.outcome is not None
    assert (again.outcome.worker, again.outcome.redirect) == ("w-\u202e", "http://b.test/")
