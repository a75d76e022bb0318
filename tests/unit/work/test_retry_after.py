"""The Retry-After header, in seconds and as a date."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.retry_after import retry_after

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999", 99_999_999_999.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60.0),
        ("Tue Nov 14 22:14:20 2023", 60.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0663", None),
        ("Tue, 14 Nov 99999 22:14:20 GMT", None),
    ],
)
def test_both_forms_and_nothing_else(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(alphabet=st.characters(max_codepoint=255)) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [-+]?\w+"))
def test_nonsense_is_none_and_never_negative(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0
