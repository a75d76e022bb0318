"""Counting in fixed memory: never too low, and hardly ever too high."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crawler.core.sketch import SMALL_HOLDS, Sketch


@given(st.lists(st.text(max_size=3), max_size=40))
def test_a_few_keys_are_counted_exactly(keys: list[str]) -> None:
    sketch = Sketch()
    for key in keys:
        sketch.add(key)
    counts = Counter(keys)
    assert {key: sketch.count(key) for key in counts} == counts
    assert sketch.count("never added") == 0


def test_a_hundred_thousand_keys_hide_no_family_and_make_none() -> None:
    sketch = Sketch()
    for number in range(100_000):
        sketch.add(f"page {number}")
        if number % 100 == 0:
            sketch.add("family")
    assert 1000 <= sketch.count("family") <= 1005
    assert max(sketch.count(f"page {number}") for number in range(0, 100_000, 97)) <= 5


def test_what_was_counted_first_still_counts_when_there_is_more() -> None:
    sketch = Sketch()
    for _ in range(2):
        for number in range(SMALL_HOLDS - 1):
            sketch.add(f"page {number}")
    assert min(sketch.count(f"page {number}") for number in range(SMALL_HOLDS - 1)) == 2
    assert sum(sketch.count(f"page {number}") for number in range(SMALL_HOLDS - 1)) <= 2.1 * SMALL_HOLDS
