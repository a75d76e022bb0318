"""report.html: one file that needs no network, made by templates that escape all that is put into them.

The page may run the one script that it brings and nothing else, by its Content-Security-Policy: should a name ever
get past the escaping, the browser refuses to run it.
"""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crawler.compare import charts
from crawler.compare.bars import split_rows, splits
from crawler.compare.model import Comparison, Result
from crawler.compare.scaling import groups
from crawler.compare.scaling import sentences as scaling
from crawler.compare.split import SPLIT_NOTE, Part
from crawler.compare.table import COLUMNS, MEANINGS, cells, describe, notes
from crawler.compare.verdict import scene_name, sentences

TEMPLATES = Path(__file__).parent / "templates"


def page(comparison: Comparison) -> str:
    """Return report.html."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = (Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in ("style.css", "sort.js"))  # noqa: S704 - ours
    used = {charts.family(result) for scene in comparison.scenes for result in scene.ranked}
    return environment.get_template("report.html.jinja").render(
        comparison=comparison,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}",
        columns=COLUMNS,
        families=sorted(used),
        notes=list(notes(comparison)),
        parts=list(Part),
        split_note=SPLIT_NOTE,
        explained=any(result.split for scene in comparison.scenes for result in scene.results),
        scalings=charts.scalings(comparison),
        gains={name: list(scaling(scenes)) for name, scenes in groups(comparison).items()},
        meanings=MEANINGS,
        when=datetime.fromisoformat(comparison.started_at).strftime("%d %B %Y, %H:%M %Z"),
        scenes=[
            {
                "name": scene_name(scene),
                "about": describe(comparison, scene),
                "sentences": list(sentences(scene)),
                "charts": [
                    chart for chart in (charts.speeds(scene), charts.latencies(comparison, scene)) if chart is not None
                ],
                "splits": splits(scene),
                "split_rows": split_rows(scene),
                "has_timelines": any(timeline for _, timeline, *_ in split_rows(scene)),
                "rows": [_row(result) for result in scene.results],
            }
            for scene in comparison.scenes
        ],
    )


def _row(result: Result) -> list[tuple[str, str]]:
    """Return a row's cells: what is shown, and by what the row is sorted. The last one takes up what room is left."""
    figures = (
        "pages_per_second",
        "pages_per_second",
        "efficiency",
        "cpu_per_1000",
        "peak_memory",
        "latency_p50_ms",
        "latency_p99_ms",
        "handoff_p50_ms",
        "handoff_p99_ms",
        "startup",
        "shutdown",
        "context_switches",
    )
    shown = cells(result)
    if result.rank is None:
        return [(text, "") for text in (*shown[:3], shown[-1])]
    numbers = [f"{result.figures[name].median:.6g}" for name in figures]
    return list(zip(shown, (str(result.rank), *shown[1:3], *numbers, shown[-1]), strict=True))


def _source(text: str) -> str:
    """Return how a Content-Security-Policy names an inline text (CSP Level 3, section 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
