"""How often each of many keys was seen, in fixed memory: a count-min sketch.

    key ──hash──▶ one cell in each row ──▶ its count is the least of them

Cormode and Muthukrishnan, "An improved data stream summary" (2005), with the conservative update of Estan and
Varghese: only the cells that are least are raised. A count is never too low. It is too high where other keys share a
cell in every row: with a million keys seen once, by one or two now and then.
"""

from array import array
from operator import getitem

ROWS = 4
SMALL, LARGE = 1 << 14, 1 << 18
"""Cells of a row: with four bytes each, 256 KB and 4 MB in all."""
SMALL_HOLDS = 4096
"""What is counted in the small cells: most crawls are no larger, and need no large ones."""


class Sketch:
    """Counts of keys: those that come first in small cells, all others in large ones. A count is the sum of both."""

    def __init__(self) -> None:
        self._small = _Cells(SMALL)
        self._large: _Cells | None = None
        self._added = 0

    def count(self, key: str) -> int:
        """Return how often a key was added: exactly, or a little more."""
        count = self._small.count(key)
        return count if self._large is None else count + self._large.count(key)

    def add(self, key: str) -> None:
        """Count a key once more."""
        if self._large is not None:
            self._large.add(key)
            return
        self._small.add(key)
        self._added += 1
        if self._added == SMALL_HOLDS:
            self._large = _Cells(LARGE)


class _Cells:
    def __init__(self, width: int) -> None:
        self._rows = [array("I", bytes(4 * width)) for _ in range(ROWS)]
        self._mask = width - 1

    def count(self, key: str) -> int:
        return min(map(getitem, self._rows, self._places(key)))

    def add(self, key: str) -> None:
        places = self._places(key)
        counts = [*map(getitem, self._rows, places)]
        least = min(counts)
        for row, place, count in zip(self._rows, places, counts, strict=True):
            if count == least:
                row[place] = least + 1

    def _places(self, key: str) -> tuple[int, ...]:
        """Return the key's cell in each row: from two hashes, which is enough (Kirsch and Mitzenmacher, 2008).

        Both are halves of Python's own, which nobody outside can foresee, and so aim at.
        """
        both, mask = hash(key), self._mask
        first, step = both & 0x7FFF_FFFF, (both >> 31) & 0x7FFF_FFFF
        return (first & mask, (first + step) & mask, (first + 2 * step) & mask, (first + 3 * step) & mask)
