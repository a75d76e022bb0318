"""From what was noted to a picture of it: each worker's trips, drawn from left to right. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from crawler.model import WORKER_DIED, WORKER_STOPPED, Timings
from crawler.trace.crossing import Crossing
from crawler.trace.lanes import Kind, Lane, Picture, Span
from crawler.trace.recorder import Deed, Mark, Recording, Trip

COORDINATOR = "coordinator"


def picture(recording: Recording) -> Picture:
    """Return the picture of a recording that has ended."""
    origin, wall = recording.began, recording.ended - recording.began
    trips = [_rebased(trip, origin) for trip in recording.trips]
    deeds = [Deed(deed.what, deed.began - origin, deed.ended - origin, deed.cpu) for deed in recording.deeds]
    marks = [Mark(mark.thread, mark.what, mark.began - origin, mark.ended - origin) for mark in recording.marks]
    unknown = _Window.between([trip.collected for trip in trips], recording.trips.cut)
    rows = _rows(trips)
    of_thread: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        of_thread[mark.thread].append(mark)
    coordinator = Lane(
        COORDINATOR,
        _coordinator(deeds, wall, _Window.between([deed.ended for deed in deeds], recording.deeds.cut)),
        of_thread.pop(recording.coordinator, []),
    )
    for thread in of_thread:
        rows.setdefault(thread, [])
    workers = [
        Lane(name, _worker([(number, trips[number]) for number in rows[name]], wall, unknown), of_thread.get(name, []))
        for name in sorted(rows, key=_order)
    ]
    return Picture(coordinator, workers, trips, wall, recording.cpu, recording.trips.left_out, recording.marks.left_out)


class _Window(NamedTuple):
    """A stretch of time of which nothing is known."""

    began: float
    ended: float

    @classmethod
    def between(cls, times: Sequence[float], cut: int | None) -> "_Window | None":
        """Return the stretch that was left out before item `cut`."""
        return None if cut is None else cls(times[cut - 1], times[cut])


class _Pen:
    """Draws a lane from left to right. It never goes back, so that spans cannot overlap."""

    def __init__(self, end: float, unknown: _Window | None) -> None:
        self.spans: list[Span] = []
        self._at = 0.0
        self._end = end
        self._unknown = unknown

    def to(self, until: float, kind: Kind, trip: int | None = None) -> None:
        """Draw as far as `until`, if that is further."""
        until = min(until, self._end)
        if until <= self._at:
            return
        if trip is None and self._unknown and self._at < self._unknown.ended and until > self._unknown.began:
            kind = Kind.UNKNOWN
        self.spans.append(Span(kind, self._at, until, trip))
        self._at = until

    def mixed(self, until: float, kind: Kind, rest: Kind, cpu: float | None, trip: int | None = None) -> None:
        """Draw as far as `until` what is of one `kind` for `cpu` seconds and else of another."""
        before = self._at
        self.to(until, kind, trip)
        if cpu is not None and self._at > before and self.spans[-1].kind is kind:
            self.spans[-1].rest = rest
            self.spans[-1].share = min(max(1 - cpu / (self._at - before), 0.0), 1.0)


def _worker(trips: Iterable[tuple[int, Trip]], wall: float, unknown: _Window | None) -> list[Span]:
    pen = _Pen(wall, unknown)
    back: Crossing | None = None

    def rest(until: float, submitted: float) -> None:
        """Draw the time between two tasks, with what is seen in it of the pickling of the first one's outcome."""
        if back is not None:
            wait(min(back.began, until), submitted)
            pen.to(min(back.pickled, until), Kind.CROSS)
        wait(until, submitted)

    def wait(until: float, submitted: float) -> None:
        pen.to(min(until, submitted), Kind.IDLE)
        pen.to(until, Kind.TAKE)

    for number, trip in trips:
        times = trip.timings
        if trip.result in (WORKER_DIED, WORKER_STOPPED):  # it left no times
            rest(trip.submitted, trip.submitted)
            pen.to(times.finished, Kind.LOST, number)
            continue
        if trip.there is not None:
            rest(trip.there.arrived, trip.submitted)
            pen.to(trip.there.unpickled, Kind.CROSS)
        rest(times.started, trip.submitted)
        back = trip.back
        answered = times.fetched if times.answered is None else times.answered
        pen.to(answered if times.connected is None else times.connected, Kind.CONNECT, number)
        pen.to(answered, Kind.WAIT, number)
        pen.to(times.fetched, Kind.BODY, number)
        pen.mixed(times.finished, Kind.PARSE, Kind.STALL, times.parse_cpu, number)
    rest(wall, wall)
    return pen.spans


_DEEDS = {"hand-over": Kind.HAND_OVER, "store": Kind.STORE}


def _coordinator(deeds: Iterable[Deed], wall: float, unknown: _Window | None) -> list[Span]:
    pen = _Pen(wall, unknown)
    for deed in deeds:
        pen.to(deed.began, Kind.DECIDE)
        if deed.what == "collect":
            pen.mixed(deed.ended, Kind.SERVE, Kind.COLLECT, deed.cpu)
        else:
            pen.to(deed.ended, _DEEDS[deed.what])
    pen.to(wall, Kind.DECIDE)
    return pen.spans


def _rows(trips: Sequence[Trip]) -> dict[str, list[int]]:
    """Return each worker's trips, by their numbers, as they began. A worker that does several at once has more rows."""
    rows: dict[str, list[int]] = {}
    for number in sorted(range(len(trips)), key=lambda number: trips[number].timings.started):
        trip = trips[number]
        name, row = trip.worker, 1
        while name in rows and trips[rows[name][-1]].timings.finished > trip.timings.started:
            row += 1
            name = f"{trip.worker} ({row})"
        rows.setdefault(name, []).append(number)
    return rows


def _rebased(trip: Trip, origin: float) -> Trip:
    """Return a trip on the trace's own clock.

    What a worker of another machine tells is on its clock, not ours. Where it cannot be true here, it is moved to the
    middle of the time for which the task was away, as NTP has it (RFC 5905 section 8).
    """
    told = trip.timings
    shift = -origin
    if told.started < trip.submitted or told.finished > trip.collected:
        shift += (trip.submitted + trip.collected - told.started - told.finished) / 2
    return replace(
        trip,
        submitted=trip.submitted - origin,
        handed_over=trip.handed_over - origin,
        collected=trip.collected - origin,
        timings=Timings(
            told.started + shift,
            told.fetched + shift,
            told.finished + shift,
            None if told.connected is None else told.connected + shift,
            None if told.answered is None else told.answered + shift,
            told.fetch_cpu,
            told.parse_cpu,
        ),
        there=_moved(trip.there, -origin, shift),
        back=_moved(trip.back, shift, -origin),
    )


def _moved(crossing: Crossing | None, start: float, end: float) -> Crossing | None:
    """Return a crossing on another clock at its start, and on another one at its end."""
    if crossing is None:
        return None
    began, pickled, arrived, unpickled, size = crossing
    return Crossing(began + start, pickled + start, arrived + end, unpickled + end, size)


def _order(name: str) -> tuple[bool, list[str | int]]:
    """Return by what lanes are sorted: producers first, and 2 before 10."""
    parts = re.split(r"(\d+)", name)
    return not name.startswith("list"), [int(part) if part.isdigit() else part for part in parts]
