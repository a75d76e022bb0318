"""The chart of a measurement: a row a system; its speed, its CPU and its memory beside each other.

One SVG for a page that is read in light or in dark, and that scales it as it likes. What is ours differs from the
others by its brightness as well as by its colour, and every bar has its figure beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crawler.compare.axis import Axis, Tick
from crawler.compare.model import Estimate
from tests.benchmarks.rivals.results import MB, Kind, Results, System

WIDTH = 880.0
LABELS = 192.0
"""Room for the names of the systems."""
TOP, ROW, BOTTOM = 64.0, 25.0, 50.0
PANELS = ((206.0, 468.0), (494.0, 664.0), (690.0, 856.0))
"""From where to where each panel goes."""
FIGURES = (34.0, 44.0, 34.0)
"""Room for a figure beside the longest bar of each panel."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A system's bar in a panel, and the interval across its end."""

    kind: Kind
    y: float
    end: float
    low: float
    high: float
    text: str
    cut: bool
    """Whether it is longer than there is room: who only downloads is not to make the others small."""

    @property
    def text_x(self) -> float:
        """Where its figure stands."""
        return max(self.end, self.high) + 6


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure of all systems."""

    title: str
    left: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All of it."""

    title: str
    width: float
    height: float
    labels: tuple[tuple[float, Kind, str], ...]
    """The y, kind and name of each row."""
    panels: tuple[Panel, ...]
    legend: tuple[tuple[float, Kind, str], ...]
    """The x, kind and meaning of each kind that is there."""


def chart(results: Results) -> Chart:
    """Return what is to be drawn: the systems that count, the fastest first."""
    systems, scale = results.right, results.scale
    memory: Callable[[System], Estimate] = lambda system: system.memory  # noqa: E731
    speed: Callable[[System], Estimate] = lambda system: system.speed(results.pages)  # noqa: E731
    if scale is not None:
        speed = lambda system: system.ratio(scale, "wall")  # noqa: E731
    return Chart(
        f"{results.pages:,} pages by {results.server}, {results.concurrency} at once, "
        f"on {results.machine.cores} cores shared with the server",
        WIDTH,
        TOP + ROW * len(systems) + BOTTOM,
        tuple((_y(number), system.kind, system.name) for number, system in enumerate(systems)),
        (
            _panel(0, "Pages a second, times Scrapy" if scale else "Pages a second", systems, speed, "{:.1f}"),
            _panel(1, "CPU, ms a page", systems, lambda system: system.cpu(results.pages), "{:.2f}"),
            _panel(2, "Peak memory, MB", systems, memory, "{:.0f}", MB),
        ),
        tuple(entry for entry in LEGEND if any(system.kind == entry[1] for system in systems)),
    )


LEGEND = ((206.0, Kind.OURS, "this crawler"), (322.0, Kind.RIVAL, "others"), (410.0, Kind.BARE, "the bare work"))


def _panel(
    number: int,
    title: str,
    systems: tuple[System, ...],
    figure: Callable[[System], Estimate],
    form: str,
    unit: float = 1.0,
) -> Panel:
    (left, right), values = PANELS[number], [figure(system) for system in systems]
    crawling = [value.high for system, value in zip(systems, values, strict=True) if system.kind is not Kind.BARE]
    axis = Axis(left, right - FIGURES[number], max(crawling or [value.high for value in values]) / unit)
    bars = tuple(
        _bar(system.kind, _y(place), value, axis, unit, form)
        for place, (system, value) in enumerate(zip(systems, values, strict=True))
    )
    return Panel(title, left, axis.ticks(5), bars)


def _bar(kind: Kind, y: float, value: Estimate, axis: Axis, unit: float, form: str) -> Bar:
    cut = value.high / unit > axis.most
    end, low, high = (axis.end if cut else axis.at(one / unit) for one in (value.median, value.low, value.high))
    return Bar(kind, y, end, low, high, form.format(value.median / unit), cut)


def _y(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def svg(drawn: Chart) -> str:
    """Return the chart as an SVG."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("chart.svg.jinja").render(chart=drawn)
