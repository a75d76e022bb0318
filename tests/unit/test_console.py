"""What a site writes is shown, and does nothing."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from crawler.compare import Run, Workload, as_markdown
from crawler.console import printable


@given(st.text(st.characters()))
def test_nothing_that_is_printed_acts_on_the_terminal(text: str) -> None:
    assert all(unicodedata.category(mark)[0] != "C" for mark in printable(text))


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert printable("a\x1b[31m\x9b\u202e\tb é") == r"a\x1b[31m\x9b\u202e\tb é"


def test_a_report_in_markdown_holds_no_html_and_no_more_cells() -> None:
    run = Run("queue", 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, "a <script>alert(1)</script> | b & c")
    row = as_markdown(Workload(), [run]).splitlines()[-1]
    assert "&lt;script&gt;" in row
    assert "<" not in row
    assert row.replace(r"\|", "").count("|") == 10
