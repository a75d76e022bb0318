"""What all charts share: how large they are, and where a value stands on an axis. Pure.

Coordinates are user units of an SVG's viewBox, from its upper left corner.
"""

import math
from dataclasses import dataclass

WIDTH = 760.0
LEFT, RIGHT = 190.0, 24.0
"""Room for labels, and beside the largest value."""
ROW = 24.0
TOP, BOTTOM = 26.0, 40.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from 0 to `most` (above 0), which stand at `start` and `end`."""

    start: float
    end: float
    most: float

    def at(self, value: float) -> float:
        """Return where a value stands."""
        return self.start + (self.end - self.start) * value / self.most

    def ticks(self, wanted: int = 6) -> tuple[Tick, ...]:
        """Return about so many ticks, at round numbers."""
        return tuple(Tick(self.at(value), f"{value:g}") for value in nice_ticks(self.most, wanted))


def across(most: float) -> Axis:
    """Return the axis of a chart that has one row a backend."""
    return Axis(LEFT, WIDTH - RIGHT, most)


def row_at(number: int) -> float:
    """Return the middle of a row, counted from 0."""
    return TOP + ROW * (number + 0.5)


def height(rows: int) -> float:
    """Return how high a chart of so many rows is."""
    return TOP + ROW * rows + BOTTOM


def nice_ticks(most: float, wanted: int = 6) -> list[float]:
    """Return round numbers from 0 to at most `most` (above 0), about as many as wanted, all as far apart."""
    step = 10.0 ** math.floor(math.log10(most / wanted))
    step = next(step * factor for factor in (1, 2, 5, 10) if most / (step * factor) <= wanted)
    return [step * number for number in range(int(most / step) + 1)]
