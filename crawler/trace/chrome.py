"""trace.json: Chrome's trace events, which ui.perfetto.dev and chrome://tracing open.

The format is Google's "Trace Event Format": complete events (`X`) with a beginning and a duration in microseconds,
instants (`i`), counters (`C`) and metadata (`M`). A task is an event, and its phases are events within that one.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from crawler.trace.lanes import Kind, Lane, Picture, Span
from crawler.trace.recorder import Trip

Event = dict[str, Any]


def chrome_trace(picture: Picture, about: Mapping[str, Any]) -> Iterator[str]:
    """Yield the trace as JSON, an event a line; `about` is what there is to know of it besides."""
    yield f'{{"displayTimeUnit":"ms","otherData":{json.dumps(about)},"traceEvents":['
    for number, event in enumerate(_events(picture)):
        yield f"{',' if number else ''}\n{json.dumps(event, separators=(',', ':'))}"
    yield "\n]}\n"


def _events(picture: Picture) -> Iterator[Event]:
    yield _event("M", "process_name", 0, args={"name": "crawl"})
    for number, lane in enumerate(picture.lanes):
        yield _event("M", "thread_name", number, args={"name": lane.name})
        yield _event("M", "thread_sort_index", number, args={"sort_index": number})
        yield from _lane(lane, number, picture.trips)
    yield from _under_way(picture.trips)


def _lane(lane: Lane, number: int, trips: list[Trip]) -> Iterator[Event]:
    for trip, group in groupby(lane.spans, key=lambda span: span.trip):
        spans = list(group)
        if trip is not None:
            yield _stretch(trips[trip].task.role.value, number, spans[0].began, spans[-1].ended, _told(trips[trip]))
        for span in spans:
            if span.kind is not Kind.IDLE:
                yield _stretch(span.kind.label, number, span.began, span.ended, _parts(span))
    for mark in lane.marks:
        waited = {"waited_ms": _ms(mark.ended - mark.began)} if mark.ended > mark.began else {}
        yield _event("i", mark.what, number, ts=_us(mark.began), s="t", args=waited)


def _under_way(trips: list[Trip]) -> Iterator[Event]:
    """How many tasks were with the backend, as a curve."""
    steps = [(trip.submitted, 1) for trip in trips] + [(trip.collected, -1) for trip in trips]
    tasks = 0
    for moment, step in sorted(steps):
        tasks += step
        yield _event("C", "tasks under way", 0, ts=_us(moment), args={"tasks": tasks})


def _told(trip: Trip) -> dict[str, Any]:
    task, times = trip.task, trip.timings
    told: dict[str, Any] = {
        "url": task.url,
        "attempt": task.attempt,
        "result": trip.result,
        "handed_over_ms": _ms(trip.handed_over - trip.submitted),
        "until_begun_ms": _ms(times.started - trip.submitted),
        "until_collected_ms": _ms(trip.collected - times.finished),
    }
    if trip.title:
        told["title"] = trip.title
    for name, cpu in (("fetch_cpu_ms", times.fetch_cpu), ("parse_cpu_ms", times.parse_cpu)):
        if cpu is not None:
            told[name] = _ms(cpu)
    for name, crossing in (("task", trip.there), ("outcome", trip.back)):
        if crossing is not None:
            told |= {f"{name}_bytes": crossing.size, f"{name}_pickling_ms": _ms(crossing.effort)}
    return told


def _parts(span: Span) -> dict[str, float]:
    return {f"{kind.label} (ms)": _ms(seconds) for kind, seconds in span.parts} if span.rest else {}


def _stretch(name: str, lane: int, began: float, ended: float, args: dict[str, Any]) -> Event:
    start = _us(began)
    return _event("X", name, lane, ts=start, dur=round(_us(ended) - start, 3), args=args)


def _event(phase: str, name: str, lane: int, **more: Any) -> Event:
    return {"ph": phase, "name": name, "pid": 1, "tid": lane, **more}


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 3)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 4)
