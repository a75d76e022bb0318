"""timeline.html: the picture as a page that needs no network and runs in any browser.

The page is three files in `page/`; here they become one, with the data in it. What comes from web sites is data only:
it stands where it cannot end the element that it is in, the script puts it into the page as text, and the page's own
policy (Content-Security-Policy) lets nothing run but that script, and nothing be fetched.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crawler.trace.lanes import Kind, Lane, Picture
from crawler.trace.recorder import TASKS, Trip

PAGE = Path(__file__).parent / "page"

_KINDS = {kind: number for number, kind in enumerate(Kind)}
_WHOSE = {kind: "coordinator" if _KINDS[kind] >= _KINDS[Kind.COLLECT] else "worker" for kind in Kind}
_MIXED = {Kind.PARSE: Kind.STALL, Kind.SERVE: Kind.COLLECT}
_MARKS = {"look": "looked at the hand-off", "lock": "had waited for a lock"}
_REST = (Kind.IDLE, Kind.COLLECT, Kind.UNKNOWN)
"""Kinds in which nothing is being done."""

_COLUMNS = (
    *("url", "title", "role", "attempt", "result"),
    *("submitted", "handed_over", "started", "connected", "answered", "fetched", "finished", "collected"),
    *("fetch_cpu", "parse_cpu", "there_effort", "there_size", "back_effort", "back_size"),
)


def timeline(picture: Picture, title: str, story: Sequence[str]) -> str:
    """Return the page.

    Args:
        title: what was crawled how.
        story: what came of it, in sentences.
    """
    environment = Environment(loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    style, script = (Markup((PAGE / f"timeline.{kind}").read_text(encoding="utf-8")) for kind in ("css", "js"))  # noqa: S704 - ours
    return environment.get_template("timeline.html.jinja").render(
        policy=f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; base-uri 'none'",
        title=title,
        style=style,
        script=script,
        data=_data(picture, story),
    )


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _data(picture: Picture, story: Sequence[str]) -> dict[str, Any]:
    """Return all that the script needs. Times are in whole microseconds."""
    marks = {mark.what for lane in picture.lanes for mark in lane.marks}
    return {
        "kinds": [[kind.key, kind.label, kind.meaning, _WHOSE[kind]] for kind in Kind],
        "mixed": {_KINDS[kind]: _KINDS[rest] for kind, rest in _MIXED.items()},
        "marks": [meaning for what, meaning in _MARKS.items() if what in marks],
        "wall": _us(picture.wall),
        "lanes": [_lane(lane) for lane in picture.lanes],
        "all": _sums(picture.workers, "all workers"),
        "columns": _COLUMNS,
        "trips": [_trip(trip) for trip in picture.trips],
        "story": story,
        "notes": list(_notes(picture)),
    }


def _lane(lane: Lane) -> dict[str, Any]:
    ends = [_us(span.ended) for span in lane.spans]
    return {
        **_sums([lane], lane.name),
        "kinds": [_KINDS[span.kind] for span in lane.spans],
        "lengths": [end - began for began, end in zip([0, *ends], ends, strict=False)],
        "trips": [-1 if span.trip is None else span.trip for span in lane.spans],
        "shares": [round(1000 * span.share) for span in lane.spans],
        "marks": sorted(_us(mark.ended) for mark in lane.marks),
    }


def _sums(lanes: Sequence[Lane], name: str) -> dict[str, Any]:
    """Return what some lanes come to together: the seconds of each kind by its number, the tasks, the busy part."""
    seconds: defaultdict[Kind, float] = defaultdict(float)
    for lane in lanes:
        for kind, spent in lane.seconds().items():
            seconds[kind] += spent
    known = sum(spent for kind, spent in seconds.items() if kind is not Kind.UNKNOWN)
    return {
        "name": name,
        "tasks": len({span.trip for lane in lanes for span in lane.spans} - {None}),
        "busy": sum(spent for kind, spent in seconds.items() if kind not in _REST) / known if known else 0.0,
        "seconds": {_KINDS[kind]: spent for kind, spent in seconds.items()},
    }


def _trip(trip: Trip) -> list[Any]:
    task, times, there, back = trip.task, trip.timings, trip.there, trip.back
    values = {
        "url": task.url,
        "title": trip.title,
        "role": task.role.value,
        "attempt": task.attempt,
        "result": trip.result,
        "submitted": _us(trip.submitted),
        "handed_over": _us(trip.handed_over),
        "started": _us(times.started),
        "connected": _us_if(times.connected),
        "answered": _us_if(times.answered),
        "fetched": _us(times.fetched),
        "finished": _us(times.finished),
        "collected": _us(trip.collected),
        "fetch_cpu": _us_if(times.fetch_cpu),
        "parse_cpu": _us_if(times.parse_cpu),
        "there_effort": _us_if(there and there.effort),
        "there_size": there and there.size,
        "back_effort": _us_if(back and back.effort),
        "back_size": back and back.size,
    }
    return [values[name] for name in _COLUMNS]


def _notes(picture: Picture) -> Iterator[str]:
    if picture.left_out:
        yield (
            f"The crawl had more tasks than a trace holds: its first and its last {TASKS // 2:,} are shown, "
            f"{picture.left_out:,} in between are not."
        )
    if picture.marks_left_out:
        yield f"{picture.marks_left_out:,} marks were left out, as there were too many."
    yield (
        "From afar a lane shows what shares of each moment went to what; from near, one thing after another. How much "
        "of a span of parsing or collecting was on the CPU is measured, but not when: so it is a part of its height."
    )
    yield "Point at a task to see where it came from and went to: the lines lead to its hand-over and to its return."


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def _us_if(seconds: float | None) -> int | None:
    return None if seconds is None else _us(seconds)
