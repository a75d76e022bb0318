"""Numbers as people write them: `£1,234.50`, `1.234,50 €`, `1 234,5`, `4.5 out of 5`.

The first number of the text counts; what stands around it (currencies, units, words) does not. Which mark is the
decimal one is seen from the number itself:

- of two kinds of marks the last is decimal: `1,234.50`, `1.234,50`, `1'234.5`;
- a space, an apostrophe, and a mark that comes again set off thousands: `1 234`, `1,234,567`, `12,34,567`;
- a lone comma before exactly three digits sets off thousands: `1,234`; a lone point does so for an integer only, since
  `1.234` is more often a measure than a price;
- any other lone mark is decimal: `0,5`, `3.14`.
"""

import math
import re

DIGITS = 300
"""Digits that a number may have; one with more is none that JSON readers, or a float, could hold."""

_SPELLINGS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f\t", " "),
        **dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u066b\uff0e", "."),
        **dict.fromkeys("\u066c\uff0c", ","),
    }
)
_NUMBER = re.compile(
    r"""
    (?P<minus> (?<![\w.,-]) -\s? )?     # not a hyphen: `X-3`, `10-20`, `2024-05-01`
    (?: [^\w\s.,'-] (?:-|\s)? )?        # a currency's sign may stand between, with the minus on either side
    (?P<number>
        \d{1,2} (?:,\d\d)+ ,\d{3} (?!\d) (?:\.\d+)?
      | \d{1,3} (?P<mark>[ ',.]) \d{3} (?: (?P=mark)\d{3} )* (?!\d) (?: (?!(?P=mark))[.,]\d+ )?
      | \d+ (?:[.,]\d+)?
      | (?<![\w.,]) [.,]\d+
    )
    """,
    re.VERBOSE,
)


# What most numbers look like where a page is made from a database: found to be one without all of the above.
_SIMPLE = re.compile(r"[$£€¥]?(\d{1,15}(?:\.\d\d?)?)", re.ASCII)


def parse_float(text: str) -> float | None:
    """Return the first number of the text, finite; None if there is none."""
    if (digits := _first(text, integer=False)) is None:
        return None
    value = float(digits)
    return value if math.isfinite(value) else None


def parse_int(text: str) -> int | None:
    """Return the first number of the text if it is an integer (`5`, `5.00`, but not `4.7`), else None."""
    if (digits := _first(text, integer=True)) is None:
        return None
    whole, _, fraction = digits.partition(".")
    return int(whole) if not fraction.strip("0") else None


def _first(text: str, *, integer: bool) -> str | None:
    """Return the first number in the form that Python reads: a minus, digits, and a point if there is a fraction."""
    simple = _SIMPLE.fullmatch(text.strip())
    return simple[1] if simple else _search(text, integer=integer)


def _search(text: str, *, integer: bool) -> str | None:
    match = _NUMBER.search(text.translate(_SPELLINGS))
    if match is None or len(match["number"]) > DIGITS:
        return None
    digits = match["number"].replace(" ", "").replace("'", "")
    decimal = _decimal_mark(digits, integer=integer)
    whole, fraction = digits, ""
    if decimal:
        whole, _, fraction = digits.rpartition(decimal)
    whole = whole.replace(",", "").replace(".", "") or "0"
    negative = "-" in match[0][: match.start("number") - match.start()]
    return f"{'-' if negative else ''}{whole}{'.' if fraction else ''}{fraction}"


def _decimal_mark(digits: str, *, integer: bool) -> str | None:
    """Return the mark before the fraction, or None if there is no fraction."""
    marks = re.sub(r"\d", "", digits)
    if not marks:
        return None
    last = marks[-1]
    if len(marks) > 1:
        return last if marks.count(last) == 1 else None
    whole, _, fraction = digits.partition(last)
    thousands = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return None if thousands and (integer or last == ",") else last
