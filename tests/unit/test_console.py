"""What a site writes is shown, and does nothing."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from crawler.console import printable


@given(st.text(st.characters()))
def test_nothing_that_is_printed_acts_on_the_terminal(text: str) -> None:
    assert all(unicodedata.category(mark)[0] != "C" for mark in printable(text))


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert printable("a\x1b[31m\x9b\u202e\tb é") == r"a\x1b[31m\x9b\u202e\tb é"
