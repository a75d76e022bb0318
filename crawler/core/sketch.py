"""How often each of many keys was seen, in fixed memory: a count-min sketch.

    key ──hash──▶ one cell in each row ──▶ its count is the least of them

Cormode and Muthukrishnan, "An improved data stream summary" (2005), with the conservative update of Estan and
Varghese: only the cells that are least are raised. A count is never too low. It is too high where other keys share a
cell in every row: with a million keys seen once, by one or two now and then.
"""

from array import array
from operator import getitem

ROWS = 4
WIDTH = 1 << 18
"""Cells of a row: with four bytes each, 4 MB in all."""

_MASK = WIDTH - 1


class Sketch:
    """Counts of keys."""

    def __init__(self) -> None:
        self._rows = [array("I", bytes(4 * WIDTH)) for _ in range(ROWS)]

    def count(self, key: str) -> int:
        """Return how often a key was added: exactly, or a little more."""
        return min(map(getitem, self._rows, _places(key)))

    def add(self, key: str) -> None:
        """Count a key once more."""
        places = _places(key)
        counts = [*map(getitem, self._rows, places)]
        least = min(counts)
        for row, place, count in zip(self._rows, places, counts, strict=True):
            if count == least:
                row[place] = least + 1


def _places(key: str) -> tuple[int, ...]:
    """Return the key's cell in each row: from two hashes, as Kirsch and Mitzenmacher have shown to be enough (2008).

    Both are halves of Python's own, which nobody outside can foresee, and so aim at.
    """
    both = hash(key)
    first, step = both & 0x7FFF_FFFF, (both >> 31) & 0x7FFF_FFFF
    return (first & _MASK, (first + step) & _MASK, (first + 2 * step) & _MASK, (first + 3 * step) & _MASK)
