"""Numbers as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.numerals import _first, _search, parse_float, parse_int


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("£1,234.50", 1234.5),
        ("1.234,50 €", 1234.5),
        ("1 234,5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1\u202f234 567", 1234567.0),
        ("1'234", 1234.0),
        ("CHF 1’234.50", 1234.5),
        ("Rs. 5", 5.0),
        ("Rs.5", 5.0),
        ("-3", -3.0),
        ("\u22123.5 °C", -3.5),
        ("-£3.50", -3.5),
        ("£-3.50", -3.5),
        ("4.5 out of 5", 4.5),
        ("(1,299 reviews)", 1299.0),
        ("1,234", 1234.0),
        ("1.234", 1.234),
        ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("12,34,567.5", 1234567.5),
        ("0,5", 0.5),
        ("0,500", 0.5),
        (".5", 0.5),
        ("10-20", 10.0),
        ("Model X-3", 3.0),
        ("2024-05-01", 2024.0),
        ("1.2.3", 1.2),
        ("12345.678", 12345.678),
        ("٣٫٥", 3.5),
        ("50%", 50.0),
        ("", None),
        ("sold out", None),
        ("-", None),
        ("½", None),
        ("9" * 400, None),
    ],
)
def test_floats(text: str, value: float | None) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("5.00", 5),
        ("1.234", 1234),
        ("1.234 Bewertungen", 1234),
        ("(1,299 reviews)", 1299),
        ("-12", -12),
        ("4.7", None),
        ("1,5", None),
        ("none", None),
        ("9" * 30, int("9" * 30)),
        ("9" * 400, None),
    ],
)
def test_integers_and_nothing_that_is_not_one(text: str, value: int | None) -> None:
    assert parse_int(text) == value


@given(st.text(alphabet=st.sampled_from("0123456789٣.,' -+€$\u00a0\u2212eExinfa\n")) | st.text())
def test_any_text_gives_a_finite_number_or_none(text: str) -> None:
    value = parse_float(text)
    assert value is None or math.isfinite(value)
    assert isinstance(parse_int(text), int | None)


@given(
    st.integers(-(10**12), 10**12),
    st.integers(0, 99),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(["{}", "€{}", "{} kr", "ca. {} (net)"]),
)
def test_what_a_locale_writes_is_read_back(whole: int, cents: int, marks: tuple[str, str], around: str) -> None:
    group, decimal = marks
    text = around.format(f"{whole:,}".replace(",", group) + decimal + f"{cents:02}")
    expected = abs(whole) + cents / 100
    assert parse_float(text) == pytest.approx(-expected if whole < 0 else expected)


@given(st.from_regex(r"\A\s?[$£€¥]?[0-9]{1,16}([.,][0-9]{1,3})?\s?\Z") | st.text(alphabet="£$0123.,- "), st.booleans())
def test_simple_numbers_are_what_the_long_way_makes_of_them(text: str, integer: bool) -> None:
    assert _first(text, integer=integer) == _search(text, integer=integer)
