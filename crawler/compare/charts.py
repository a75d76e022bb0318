"""Where the marks of a chart go: from results to coordinates. Pure; the templates draw them.

A family of backends is told by the shape of its marks as well as by their colour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawler.backends.registry import BACKENDS
from crawler.compare.axis import BOTTOM, LEFT, TOP, WIDTH, Axis, Tick, across, height, row_at
from crawler.compare.cases import mean_latency
from crawler.compare.model import Comparison, Result, SceneResult
from crawler.compare.scaling import groups

CURVE_HEIGHT = 320.0
CURVE_LEFT, CURVE_RIGHT = 60.0, 200.0
LABEL_GAP = 15.0


@dataclass(frozen=True, slots=True)
class Row:
    """A backend's mark and the bar through it."""

    label: str
    family: str
    told: str
    """The figures in words."""
    y: float
    low: float
    mark: float
    high: float


@dataclass(frozen=True, slots=True)
class RowChart:
    """One row a backend, along a common axis."""

    title: str
    unit: str
    """Of the values on the axis."""
    width: float
    height: float
    left: float
    ticks: tuple[Tick, ...]
    limits: tuple[Tick, ...]
    """Vertical lines that mean something, with what they mean."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A backend's speed against the number of consumers."""

    label: str
    family: str
    marks: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float, float], ...]
    """The x of an interval, and the y of its ends."""
    label_y: float
    """At its right end, moved so that labels do not overlap."""

    @property
    def path(self) -> str:
        """The line through the marks, as SVG path data."""
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in self.marks)


@dataclass(frozen=True, slots=True)
class CurveChart:
    """All backends of a workload against the number of consumers."""

    title: str
    width: float
    height: float
    left: float
    right: float
    bottom: float
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    curves: tuple[Curve, ...]


def speeds(scene: SceneResult) -> RowChart | None:
    """Return a scene's pages a second with their intervals; None if nothing is ranked."""
    values = [(result, result.figures["pages_per_second"]) for result in scene.ranked]
    if not values:
        return None
    most = max(speed.high for _, speed in values)
    first, speed = values[0]
    ideal = speed.median / first.figures["efficiency"].median
    limits = [(ideal, "ideal"), (scene.server_limit, "server's limit")]
    shown = [(value, text) for value, text in limits if value <= 2.5 * most]
    rows = [
        (result, speed.low, speed.median, speed.high, f"{speed.median:.0f} pages/s ({speed.low:.0f}–{speed.high:.0f})")
        for result, speed in values
    ]
    several = any(len(result.rounds) > 1 for result, _ in values)
    return _row_chart(f"Pages per second{', with 95% intervals' * several}", "pages/s", rows, shown)


def latencies(comparison: Comparison, scene: SceneResult) -> RowChart | None:
    """Return a scene's fetch latencies, from the median to the 99th percentile; None if nothing is ranked."""
    rows = []
    for result in scene.ranked:
        p50, p99 = (result.figures[f"latency_{name}_ms"].median for name in ("p50", "p99"))
        rows.append((result, p50, p50, p99, f"half of all pages within {p50:.0f} ms, 99% within {p99:.0f} ms"))
    if not rows:
        return None
    mean = mean_latency(comparison.workloads[scene.scene.workload].latency) * 1000
    return _row_chart("Latency of a fetch: median, and up to the 99th percentile", "ms", rows, [(mean, "the server's")])


def scalings(comparison: Comparison) -> list[CurveChart]:
    """Return a chart for each workload and parser that was measured with several numbers of consumers."""
    return [_curve_chart(name, scenes) for name, scenes in groups(comparison).items()]


def _row_chart(
    title: str,
    unit: str,
    values: Sequence[tuple[Result, float, float, float, str]],
    limits: Iterable[tuple[float, str]],
) -> RowChart:
    limits = list(limits)
    axis = across(max([high for *_, high, _ in values] + [value for value, _ in limits]) or 1.0)
    rows = tuple(
        Row(result.label, family(result), told, row_at(number), axis.at(low), axis.at(mark), axis.at(high))
        for number, (result, low, mark, high, told) in enumerate(values)
    )
    return RowChart(
        title,
        unit,
        WIDTH,
        height(len(rows)),
        LEFT,
        axis.ticks(),
        tuple(Tick(axis.at(value), text) for value, text in limits),
        rows,
    )


def _curve_chart(title: str, scenes: Sequence[SceneResult]) -> CurveChart:
    bottom = CURVE_HEIGHT - BOTTOM
    most = max(result.figures["pages_per_second"].high for scene in scenes for result in scene.ranked)
    x, y = Axis(CURVE_LEFT, WIDTH - CURVE_RIGHT, len(scenes) - 1), Axis(bottom, TOP, most)
    found: dict[tuple[str, str, str | None], list[tuple[float, Result]]] = {}
    for number, scene in enumerate(scenes):
        for result in scene.ranked:
            key = (result.case.backend, result.case.client, result.case.start_method)
            found.setdefault(key, []).append((x.at(number), result))
    lines = []
    for points in found.values():
        estimates = [(at, result.figures["pages_per_second"]) for at, result in points]
        marks = tuple((at, y.at(speed.median)) for at, speed in estimates)
        bars = tuple((at, y.at(speed.low), y.at(speed.high)) for at, speed in estimates)
        lines.append((points[-1][1], marks, bars))
    lines.sort(key=lambda line: line[1][-1][1])
    places = spread([marks[-1][1] for _, marks, _ in lines])
    curves = tuple(
        Curve(result.label, family(result), marks, bars, place)
        for (result, marks, bars), place in zip(lines, places, strict=True)
    )
    numbers = tuple(Tick(x.at(number), str(scene.scene.consumers)) for number, scene in enumerate(scenes))
    room = max(CURVE_HEIGHT, places[-1] + LABEL_GAP)
    return CurveChart(title, WIDTH, room, CURVE_LEFT, WIDTH - CURVE_RIGHT, bottom, numbers, y.ticks(), curves)


def family(result: Result) -> str:
    """Return what a result's workers are, as the registry has it."""
    return BACKENDS[result.case.backend].family


def spread(places: Sequence[float], gap: float = LABEL_GAP) -> list[float]:
    """Return places in their order (ascending), moved down as far as is needed to keep a gap."""
    moved: list[float] = []
    for place in places:
        moved.append(place if not moved else max(place, moved[-1] + gap))
    return moved
