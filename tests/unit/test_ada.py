"""The two ways to ada's parser give the same answers."""

from collections.abc import Callable

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler import ada

HREFS = st.one_of(st.text(), st.text(alphabet="htps:/\\?#@.%aé ßx1[]\0\ud800").map("http://a".__add__))


def answer(ask: Callable[..., str], *args: str) -> str | None:
    try:
        return ask(*args)
    except ValueError:
        return None


@given(HREFS)
@example("HTTP://Münch.example:80/a b/../%70%25?é#ü")
@example("http://a/\0b")
@example("\ud800")
def test_a_url_is_normalised_alike(url: str) -> None:
    assert answer(ada.normalize_url, url) == answer(ada_url.normalize_url, url)


@given(HREFS, HREFS)
@example("http://a.example/x/y?z", "../é?")
@example("http://a.example/x/y?z", "//b.example:443")
@example("http://a.example/", "http://[::1")
@example("not a base", "/x")
def test_a_url_is_resolved_alike(base: str, url: str) -> None:
    assert answer(ada.join_url, base, url) == answer(ada_url.join_url, base, url)


def test_what_is_no_url_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a URL"):
        ada.normalize_url("/x")
