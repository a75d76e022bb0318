"""The chart of the splits: a bar a backend, as long as its run took, in pieces. From results to coordinates; pure."""

from dataclasses import dataclass

from crawler.compare.charts import BOTTOM, LEFT, RIGHT, ROW, TOP, WIDTH, Tick, nice_ticks
from crawler.compare.model import Result, SceneResult
from crawler.compare.split import Part, shares

ROOM = 36.0
"""How long a piece must be for its percentage to stand in it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar."""

    part: Part
    share: float
    left: float
    width: float

    @property
    def text(self) -> str:
        """What stands in it, where there is room."""
        return f"{self.share:.0%}" if self.width >= ROOM else ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A backend's bar."""

    label: str
    timeline: str | None
    y: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class StackChart:
    """All bars of a scene, along an axis of seconds."""

    width: float
    height: float
    left: float
    row: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]


def splits(scene: SceneResult) -> StackChart | None:
    """Return the chart of a scene's splits; None where there are none."""
    results = [result for result in scene.ranked if result.split is not None]
    if not results:
        return None
    most = max(result.split.wall for result in results if result.split is not None)
    scale = (WIDTH - LEFT - RIGHT) / most
    return StackChart(
        WIDTH,
        TOP + ROW * len(results) + BOTTOM,
        LEFT,
        ROW,
        tuple(Tick(LEFT + value * scale, f"{value:g}") for value in nice_ticks(most)),
        tuple(_bar(result, TOP + ROW * (number + 0.5), scale) for number, result in enumerate(results)),
    )


def _bar(result: Result, y: float, scale: float) -> Bar:
    assert result.split is not None
    pieces, at = [], LEFT
    for part, share in shares(result.split).items():
        width = share * result.split.wall * scale
        pieces.append(Piece(part, share, at, width))
        at += width
    return Bar(result.label, result.split.timeline, y, tuple(piece for piece in pieces if piece.width >= 0.5))


def split_rows(scene: SceneResult) -> list[tuple[str, str | None, float, list[float]]]:
    """Return, for each backend with a split, its label, its timeline, its seconds, and the share of each part."""
    return [
        (result.label, result.split.timeline, result.split.wall, list(shares(result.split).values()))
        for result in scene.ranked
        if result.split is not None
    ]
