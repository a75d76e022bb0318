"""The chart of the splits: a bar a backend, as long as its run took, in pieces. From results to coordinates; pure."""

from dataclasses import dataclass

from crawler.compare.axis import LEFT, WIDTH, Axis, Tick, across, height, row_at
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
    """All bars of a scene, along a common axis."""

    unit: str
    width: float
    height: float
    left: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]


def splits(scene: SceneResult) -> StackChart | None:
    """Return the chart of a scene's splits; None where there are none."""
    results = [result for result in scene.ranked if result.split is not None]
    if not results:
        return None
    axis = across(max(result.split.wall for result in results if result.split is not None))
    bars = tuple(_bar(result, row_at(number), axis) for number, result in enumerate(results))
    return StackChart("s", WIDTH, height(len(results)), LEFT, axis.ticks(), bars)


def _bar(result: Result, y: float, axis: Axis) -> Bar:
    assert result.split is not None
    pieces, before = [], 0.0
    for part, share in shares(result.split).items():
        after = before + share * result.split.wall
        pieces.append(Piece(part, share, axis.at(before), axis.at(after) - axis.at(before)))
        before = after
    return Bar(result.label, result.split.timeline, y, tuple(piece for piece in pieces if piece.width >= 0.5))


def split_rows(scene: SceneResult) -> list[tuple[str, str | None, float, list[float]]]:
    """Return, for each backend with a split, its label, its timeline, its seconds, and the share of each part."""
    return [
        (result.label, result.split.timeline, result.split.wall, list(shares(result.split).values()))
        for result in scene.ranked
        if result.split is not None
    ]
